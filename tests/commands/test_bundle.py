"""`sealenv bundle`, `create -f BUNDLE --offline`, and the script inside, without Python."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from sealenv.locks import Lock, LockedPackage, LockFile
from sealenv.store.bundle import LOCK, Source, member_name, open_bundle, write_bundle
from sealenv.system.hashing import hash_file
from tests.bootstrap.machine import TOOLS, payload
from tests.channel import Channels
from tests.machine import Machine
from tests.micromamba import add_package, calls, stand_in
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


@pytest.fixture
def channel(tmp_path: Path, channels: Channels, log: Path) -> str:
    """A channel that has micromamba as a package: a stand-in."""
    exe = stand_in(tmp_path / "micromamba", VERSION="2.9.0", LOG=str(log))
    return add_package(channels, tmp_path, exe).as_uri()


@pytest.fixture
def bundle(machine: Machine, channel: str) -> Path:
    machine.tiny("small", channel, "hello-prefix", "archive-bz2")
    machine.run("bundle", "small")
    return machine.root / "small.sealenv"


def bare(machine: Machine, *extra: str) -> dict[str, str]:
    """A machine with neither Python, conda nor a network."""
    tools = machine.root / "tools"
    tools.mkdir(exist_ok=True)
    for name in (*TOOLS, "sha256sum", *extra):
        found = shutil.which(name)
        if found and not (tools / name).exists():
            (tools / name).symlink_to(found)
    return {
        "PATH": str(tools), "HOME": str(machine.home), "TMPDIR": str(machine.tmp), "LANG": "C.UTF-8"
    }  # fmt: skip


def install(machine: Machine, folder: Path, *args: str, code: int = 0, **extra: str) -> str:
    done = subprocess.run(
        [require_shell("dash"), str(folder / "install.sh"), *args],
        env=bare(machine, "curl") | extra, cwd=machine.root, stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_create_needs_neither_network_nor_channel(
    machine: Machine, channel: str, bundle: Path, tmp_path: Path
) -> None:
    expected = payload(machine.envs / "small")
    shutil.rmtree(tmp_path / "with-micromamba")
    other = Machine(tmp_path / "other")
    made = other.json("create", "copy", "-f", str(bundle), "--offline")
    assert made["packages"] == 2
    assert payload(other.envs / "copy").keys() == expected.keys()
    again = other.json("create", "-f", str(bundle), "--offline", "--dry-run")
    assert again["prefix"] == str(other.envs / "small")
    history = (other.envs / "copy/conda-meta/history").read_text()
    assert "hello-prefix" in history.split("# update specs:")[1]


def test_reproducible(machine: Machine, channel: str, bundle: Path, tmp_path: Path) -> None:
    first = hash_file(bundle)
    answer = machine.json("bundle", "small", "-o", str(tmp_path / "again"))
    assert hash_file(tmp_path / "again") == first
    assert list(answer["micromamba"].values()) == ["2.9.0"]
    assert answer["bytes"] == first[1]
    machine.run("bundle", "small", code=2)  # it is there
    assert hash_file(bundle) == first
    machine.run("bundle", "small", "--force")
    assert hash_file(bundle) == first
    assert "a bundle already" in machine.json("bundle", str(bundle), "-o", "x", code=2)["what"]
    assert "standard output" in machine.json("bundle", "small", "-o", "-", code=2)["what"]


def test_a_hostile_one_leaves_nothing(machine: Machine, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[len(data.rstrip(b"\0")) - 1] ^= 1
    bad = machine.root / "bad.sealenv"
    bad.write_bytes(data)
    fresh = machine.root / "fresh"
    done = machine.json("create", "x", "-f", str(bad), code=5, SEALENV_CACHE=str(fresh))
    assert done["error"] == "digest"
    assert not (machine.envs / "x").exists()
    assert not fresh.exists()


def test_the_script_inside(machine: Machine, bundle: Path, log: Path, tmp_path: Path) -> None:
    expected = payload(machine.envs / "small")
    machine.run("remove", "small", "-y")
    shutil.rmtree(tmp_path / "with-micromamba")
    folder = machine.root / "un packed"
    folder.mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", folder], check=True)
    before = machine.snapshot()
    log.unlink(missing_ok=True)
    said = install(machine, folder, ENV_PREFIX=str(machine.envs / "small"))
    assert "Done" in said
    assert payload(machine.envs / "small") == expected
    (call,) = calls(log)
    words = call["argv"]
    assert "--offline" in words
    assert call["environ"]["CONDA_PKGS_DIRS"].startswith(str(machine.envs / "small"))
    assert not (machine.envs / "small" / ".sealenv-scratch").exists()
    assert list(machine.tmp.iterdir()) == []
    new = set(machine.snapshot()) - set(before)
    home = {p for p in new if not p.startswith((str(machine.envs), str(log)))}
    assert all(
        p.startswith((str(machine.home / ".cache"), str(machine.root / "tools"))) for p in home
    )
    assert "this exists already" in install(
        machine, folder, code=7, ENV_PREFIX=str(machine.envs / "small")
    )


def test_files_beside_the_script_are_checked(
    machine: Machine, bundle: Path, tmp_path: Path
) -> None:
    folder = machine.root / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "-xf", bundle, "-C", folder], check=True)
    (archive, *_) = sorted((folder / "packages").iterdir())
    data = archive.read_bytes()
    archive.write_bytes(data[:-1] + b"!")
    assert "checksum mismatch" in install(machine, folder, "x", code=5)
    archive.unlink()
    assert "cannot copy" in install(machine, folder, "x", code=5)
    assert (machine.root / "x" / "conda-meta" / "sealenv.pending").exists()
    shutil.rmtree(machine.root / "x")
    archive.write_bytes(data)
    (exe,) = (folder / "micromamba").iterdir()
    exe.write_bytes(exe.read_bytes() + b"#")
    assert "checksum mismatch" in install(machine, folder, "x", code=5)
    assert not (machine.root / "x").exists()


def test_an_executable_of_your_own(
    machine: Machine, channels: Channels, log: Path, tmp_path: Path
) -> None:
    machine.tiny("small", channels.main_url, "hello-prefix")
    exe = stand_in(tmp_path / "micromamba", LOG=str(log))
    for word in (str(exe), f"win-64={exe}", f"{channels.subdir}={tmp_path}/none"):
        assert (
            "--micromamba: " in machine.run("bundle", "small", "--micromamba", word, code=2).stderr
        )
    machine.run("bundle", "small", "--micromamba", f"{channels.subdir}={exe}")
    folder = machine.root / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "-xf", machine.root / "small.sealenv", "-C", folder], check=True)
    install(machine, folder, "x")
    assert len(calls(log)) == 1


def test_several_platforms(machine: Machine, channel: str, channels: Channels) -> None:
    lock = machine.root / "two.lock"
    machine.run(
        "lock", "python", "-c", channels.main_url, "--platform", channels.subdir,
        "--platform", "win-64", "-o", str(lock),
    )  # fmt: skip
    answer = machine.json("bundle", str(lock), "--default-name", "my_env")
    assert set(answer["platforms"]) == {channels.subdir, "win-64"}
    with open_bundle(machine.root / "my_env.sealenv") as bundle:
        names = [member.name for member in bundle.manifest.members]
        bundle.verify()
    assert {"install.sh", "install.bat", "lock.json"} <= set(names)
    one = machine.json("bundle", str(lock), "--platform", "win-64", "-o", "win.sealenv")
    assert one["platforms"] == ["win-64"]
    with open_bundle(machine.root / "win.sealenv") as bundle:
        assert "install.sh" not in {member.name for member in bundle.manifest.members}
    made = machine.json(
        "create", "w", "-f", "win.sealenv", "--platform", "win-64", "--offline", "--no-pyc"
    )
    assert made["checked"] is False


@pytest.fixture
def lock(machine: Machine, channels: Channels) -> Path:
    path = machine.root / "my.lock"
    machine.run("lock", "hello-prefix", "prio", "-c", channels.main_url, "-o", str(path))
    return path


def spoil(machine: Machine, name: str) -> Path:
    (archive,) = machine.cache.glob(f"archives/*/{name}-*.conda")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    return archive


def test_what_is_damaged_in_the_cache_is_fetched_anew(machine: Machine, lock: Path) -> None:
    first = machine.json("bundle", str(lock), "-o", "one.sealenv")
    archive = spoil(machine, "prio")
    again = machine.json("bundle", str(lock), "-o", "two.sealenv")
    assert again["sha256"] == first["sha256"]
    assert hash_file(archive)[0] == archive.parent.name
    assert sorted(p.name for p in machine.root.glob("*.sealenv")) == ["one.sealenv", "two.sealenv"]


@pytest.mark.parametrize("name", ["hostile-link-through", "hostile-renamed"])
def test_a_hostile_archive_inside_leaves_nothing(
    machine: Machine, channels: Channels, name: str
) -> None:
    """The bundle is sound in itself: its maker gave the right digests."""
    (archive,) = channels.hostile.glob(f"*/{name}-*.conda")
    data = archive.read_bytes()
    index = json.loads((archive.parent / "repodata.json").read_bytes())
    evil = LockedPackage(
        url=f"https://x.org/noarch/{archive.name}",
        channel="https://x.org/",
        fn=archive.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        record=index["packages.conda"][archive.name],
    )
    file = LockFile(
        locks=(Lock(platform="linux-64", channels=(), packages=(evil,), specs=(name,)),), name="e"
    )
    sources = [
        Source(member_name(evil), data=data),
        Source(LOCK, data=msgspec.json.encode(file)),
    ]
    path = machine.root / "evil.sealenv"
    write_bundle(path, sources, lambda done, total: None)
    answer = machine.json("create", "e", "-f", str(path), "--offline", code=6)
    assert answer["what"].startswith("the bundle is refused: ")
    assert "channel" not in answer["hint"]
    assert not list(machine.cache.rglob("*.conda"))
    assert not list((machine.cache / "archives").iterdir())
    assert not list((machine.cache / "tmp").iterdir())
    assert not (machine.envs / "e").exists()
