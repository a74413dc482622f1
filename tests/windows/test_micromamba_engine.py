"""`create --engine micromamba` on Windows, with the stand-in as one .exe."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from sealenv.layout import FILES, SEAL
from tests.channel import Channels
from tests.micromamba import FAKE, add_package, calls
from tests.windows.machine import Windows
from tests.windows.provision import COMPILER, HERE, compile_exe
from tests.windows.user import User

_END_WHEN = """
import ctypes, json, os, subprocess, sys, time
log, *command = sys.argv[1:]
child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
deadline = time.monotonic() + 120
found = []
while not found:
    assert child.poll() is None and time.monotonic() < deadline
    lines = open(log).read().splitlines() if os.path.exists(log) else []
    found = [json.loads(line)["pid"] for line in lines if '"install"' in line]
kernel = ctypes.WinDLL("kernel32")
kernel.OpenProcess.restype = ctypes.c_void_p
kernel.WaitForSingleObject.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
process = kernel.OpenProcess(0x00100000, False, found[0])  # SYNCHRONIZE
assert process
child.terminate()  # TerminateProcess: no handler of it runs
child.wait()
print(kernel.WaitForSingleObject(process, 60_000))
"""


@pytest.fixture(scope="session")
def exe(windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """fake_micromamba.py behind an .exe of its own."""
    if os.name == "nt" and shutil.which(COMPILER) is None:
        pytest.skip(f"no {COMPILER} on this Windows to make the stand-in's .exe")
    path = tmp_path_factory.mktemp("stand in") / "micromamba.exe"
    command = f'"{windows.path(windows.python)}" "{windows.path(FAKE)}"'
    compile_exe(HERE / "fake_launcher.c", path, TARGET=command)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The file of the stand-in's calls."""
    return tmp_path / "calls.jsonl"


def told(user: User, log: Path, **more: str) -> dict[str, str]:
    """What the stand-in is told; sealenv's children keep variables of this name."""
    told = {"LOG": user.path(log), "VERSION": "2.9.0", **more}
    return {f"SEALENV_FAKE_MICROMAMBA_{name}": text for name, text in told.items()}


def snapshot(prefix: Path, clobbered: set[str]) -> dict[str, str]:
    """Every file but the seal and the history by its digest, and what several packages ship."""
    found = {}
    for path in sorted(prefix.rglob("*")):
        relative = path.relative_to(prefix).as_posix()
        if relative in {SEAL, FILES, "conda-meta/history"} or not path.is_file():
            continue
        if is_clobber({"_path": relative}, clobbered):
            continue
        data = path.read_bytes()
        if path.suffix == ".json" and relative.startswith("conda-meta/"):
            record = json.loads(data)
            paths = [e for e in record["paths_data"]["paths"] if not is_clobber(e, clobbered)]
            record["paths_data"]["paths"] = sorted(paths, key=lambda entry: str(entry["_path"]))
            record["files"] = [entry["_path"] for entry in record["paths_data"]["paths"]]
            data = json.dumps(record, sort_keys=True).encode()
        found[relative] = hashlib.sha256(data).hexdigest()
    return found


def is_clobber(entry: dict[str, str], clobbered: set[str]) -> bool:
    """py-rattler moves the loser below __clobbers__, micromamba does not link it."""
    return entry["_path"] in clobbered or entry["_path"].startswith("__clobbers__/")


def test_the_same_environment_as_by_rattler(
    user: User, channels: Channels, exe: Path, log: Path
) -> None:
    command = ("create", "e", "3.12", "-c", user.path(channels.main))
    prefix = user.envs / "e_3_12"
    clobbered = set(user.json(*command)["clobbers"])
    expected = snapshot(prefix, clobbered)
    user.run("remove", "e_3_12", "-y")
    user.env |= told(user, log)
    made = user.json(*command, "--micromamba", user.path(exe))
    found = snapshot(prefix, clobbered)
    assert sorted(found) == sorted(expected)
    assert {path for path in found if found[path] != expected[path]} == set()
    assert made["engine"]["name"] == "micromamba"
    assert made["engine"]["sha256"] == hashlib.sha256(exe.read_bytes()).hexdigest()
    verified = user.json("verify", "e_3_12")["findings"]
    assert {finding["kind"] for finding in verified} <= {"clobbered"}
    assert [call["argv"][0] for call in calls(log)] == ["--version", "install"]
    scratch = user.path(prefix / ".sealenv-scratch")
    environ = calls(log)[1]["environ"]
    assert environ["USERPROFILE"].startswith(scratch)
    assert environ["APPDATA"].startswith(scratch)
    assert not (prefix / ".sealenv-scratch").exists()
    assert sorted(path.name for path in user.home.rglob("*")) == []
    assert sorted(path.name for path in user.tmp.rglob("*")) == []


def test_from_the_channel_s_package(
    user: User, channels: Channels, exe: Path, log: Path, tmp_path: Path
) -> None:
    channel = add_package(channels, tmp_path, exe)
    user.env |= told(user, log)
    made = user.json(
        "create", "e", "3.12", "-c", user.path(channel), "--engine", "micromamba", "--no-pyc"
    )
    assert made["engine"]["version"] == "2.9.0"
    assert "/win-64/micromamba-2.9.0-0.conda#" in made["engine"]["origin"]


def test_what_is_no_program(user: User, channels: Channels, tmp_path: Path) -> None:
    bad = tmp_path / "bad.exe"
    bad.write_bytes(b"\x7fELF" + bytes(400))
    failed = user.json(
        "create",
        "e",
        "3.12",
        "-c",
        user.path(channels.main),
        "--micromamba",
        user.path(bad),
        code=6,
    )
    assert failed["error"] == "engine"
    assert not (user.envs / "e_3_12").exists()


def test_it_ends_with_us(
    user: User, channels: Channels, exe: Path, log: Path, tmp_path: Path
) -> None:
    argv = user.windows.sealenv_argv(
        "create", "e", "3.12", "-y", "-c", user.path(channels.main), "--micromamba", user.path(exe)
    )
    user.env |= told(user, log, WAIT=user.path(tmp_path / "never"))
    done = user.python(_END_WHEN, user.path(log), *argv)
    assert done.stdout.strip() == "0", "WAIT_OBJECT_0: the process ended"
    for name in told(user, log, WAIT=""):
        del user.env[name]
    user.run("create", "e", "3.12", "-c", user.path(channels.main), "--no-pyc")
    assert not (user.envs / "e_3_12" / ".sealenv-scratch").exists()
    assert not (user.envs / "e_3_12" / "__home__").exists()
