"""The checks on POSIX, and the command: it writes nothing, and reports what it cannot read."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from sealenv.checks.volume import Volume, look_at
from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, ids, write
from tests.commands.test_trace import _CALLS, strace, writes
from tests.machine import Machine

__all__ = ["strace"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")

NOWHERE = ("/dev/", "/proc/self/fd/")
SECRET = "s3cret"


@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_doctor_writes_nothing_and_starts_nothing(strace: str, machine: Machine) -> None:
    write(machine.home / ".bashrc", "conda activate x\n")
    log = machine.root / "strace.log"
    calls = f"{_CALLS},execve,connect"
    subprocess.run(
        [strace, "-f", "-y", "-qq", "-e", f"trace={calls}", "-o", str(log), *machine.command("doctor")],
        env=machine.env, cwd=machine.root, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(line for line in lines if "execve(" not in line))
    changed, peers = writes(log)
    assert {p for p in changed if not p.startswith(NOWHERE)} == set()
    assert sum("execve(" in line for line in lines) == 1  # itself
    assert peers == set()
    assert sorted(os.listdir(machine.home)) == [".bashrc"]


def test_a_clean_machine(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    assert [f for f in examine(machine).findings if f.id != "target-space"] == []


def test_files_that_cannot_be_read_are_reported_and_the_others_are_checked(
    machine: Machine,
) -> None:
    home = machine.home
    os.mkfifo(home / ".bashrc")
    (home / ".zshrc").mkdir()
    (home / ".profile").symlink_to(".profile")
    with (home / ".zshenv").open("wb") as file:
        file.truncate(100 << 20)
    os.mkfifo(home / ".condarc")
    write(home / ".mambarc", "{ not yaml")
    os.mkfifo(write(home / ".config/pip/x", "").with_name("pip.conf"))
    (home / ".tcshrc").symlink_to("/dev/zero")
    write(home / ".xonshrc", "$PYTHONPATH = '/x'\n")
    report = machine.json("doctor", code=1)
    unreadable = [Path(f["where"]).name for f in report["findings"] if "be read" in f["what"]]
    assert sorted(unreadable) == [
        *(".bashrc", ".condarc", ".mambarc", ".profile", ".tcshrc", ".zshenv", ".zshrc"),
        "pip.conf",
    ]
    assert "profile-variable" in {f["id"] for f in report["findings"]}


def test_files_that_source_each_other(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".bashrc", ". ~/.a\n. $HOME/.b\n. ~/$X/never\n. ~/gone\n")
    write(machine.home / ".a", ". ~/.bashrc\nsource ~/.a\n")
    deep = write(machine.home / ".b", "conda activate deep\n")
    assert ids(machine)["profile-activate"].where == f"{deep}:1"


def test_a_line_is_shown_with_its_number(tmp_path: Path) -> None:
    """In UTF-16 with CRLF, as PowerShell 5 writes it. No fix changes such a line."""
    machine = fake_computer(tmp_path)
    text = "# mine\r\n$env:PYTHONPATH = '/x'\r\n\r\n  conda activate a\r\n"
    path = write(
        machine.home / ".config/powershell/profile.ps1", b"\xff\xfe" + text.encode("utf-16-le")
    )
    variable, activate = (ids(machine)[name] for name in ("profile-variable", "profile-activate"))
    assert (variable.where, variable.severity) == (f"{path}:2", "error")
    assert variable.evidence == ["$env:PYTHONPATH = '/x'"]
    assert (activate.where, activate.severity) == (f"{path}:4", "warning")
    assert not variable.fixable
    assert not activate.fixable


def test_control_characters_do_not_reach_the_terminal(machine: Machine) -> None:
    write(machine.home / ".bashrc", b"export PYTHONPATH=/\x1b[31m\xff\xc2\x9b0m\n")
    done = machine.run("doctor", code=1)
    assert "\x1b" not in done.stdout
    assert r"\x1b" in done.stdout
    assert r"\udcff" in machine.json("doctor", code=1)["findings"][0]["evidence"][0]


def test_configurations(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    home = machine.home
    write(home / ".condarc", "envs_dirs: [/a]\nchannels: [c]\n")
    login = write(tmp_path / "root/etc/environment", 'PYTHONHOME="/x"\nPATH=/opt/conda/bin:/bin\n')
    write(home / ".local/lib/python3.12/site-packages/a.dist-info/METADATA", "")
    write(
        home / ".config/fish/fish_variables", "SETUVAR fish_user_paths:/a\\x1e/c/miniconda3/bin\n"
    )
    found = ids(machine)
    assert "1 package of" in found["user-site"].what
    assert (found["condarc"].severity, found["condarc"].fixable) == ("warning", True)
    variable = found["profile-variable"]
    assert (variable.where, variable.severity) == (f"{login}:1", "error")
    paths = [f.what for f in examine(machine, ["profile-path"]).findings]
    assert paths == ["puts /c/miniconda3/bin on PATH", "puts /opt/conda/bin on PATH"]


def test_path(tmp_path: Path) -> None:
    venv.create(tmp_path / "real venv", with_pip=False)
    path = f"~/bin:/usr/bin::rel:{tmp_path}/real venv/bin"
    machine = fake_computer(tmp_path, PATH=path)
    assert ids(machine)["shell"].where == f"PATH={tmp_path}/real venv/bin"
    found = examine(machine, ["path-relative"]).findings
    assert [f.where for f in found] == ["PATH: ~/bin", "PATH", "PATH: rel"]


def test_target(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    machine.__dict__["volume"] = Volume(tmp_path, "exfat", 1 << 20, True, True, False, True)
    found = ids(machine)
    for name in ("noexec", "readonly", "space", "network", "filesystem"):
        assert f"target-{name}" in found
    outer = write(tmp_path / "outer/conda-meta/history", "").parent.parent
    nested = dataclasses.replace(machine, target=outer / "One: $x/OneDrive/envs")
    assert {"target-nested", "target-name", "target-synced"} <= set(ids(nested))
    file = write(tmp_path / "file", "")
    below = dataclasses.replace(machine, target=file / "x/y")
    assert "is not a folder" in [f.what for f in examine(below, ["target-readonly"]).findings][-1]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_real_volume() -> None:
    proc = look_at(Path("/proc/self/nothing/there"))
    assert (proc.kind, proc.free) == ("proc", 0)
    assert look_at(Path("/dev/shm/nothing")).folder == Path("/dev/shm")


def test_the_command(machine: Machine) -> None:
    block = "# >>> conda initialize >>>\nx\n# <<< conda initialize <<<\n"
    write(machine.home / ".bashrc", f"{block}export PYTHONPATH=/x\n")
    done = machine.run("doctor", code=1)
    assert "sealenv doctor --fix conda-init" in done.stdout
    assert "to do: remove the setting" in done.stdout
    write(machine.home / ".condarc", "channels: [a]\n")
    quiet = machine.run("doctor", "-q", code=1).stdout
    assert ("error    profile-variable" in quiet, "condarc" in quiet) == (True, False)
    (machine.home / ".condarc").unlink()
    (found,) = machine.json("doctor", "--only", "profile-variable", code=1)["findings"]
    assert found["fix"] == found["how"] != ""
    assert machine.run("doctor", "--only", "condarc").stderr.startswith("1 check: nothing found")
    answer = machine.json("doctor", "--in", "sub", "--only", "target-name")
    assert answer["target"] == str(machine.root / "sub")


def test_no_secret_is_shown(machine: Machine) -> None:
    """Neither in findings, nor in the diff of a fix, nor in JSON. The files keep theirs."""
    url = f"https://usr:{SECRET}@host/t/{SECRET}/x"
    home = machine.home
    far = "x" * 185  # the password is where a line is cut off
    text = (
        f"export PIP_INDEX_URL={url}\nexport CONDA_NEAR_TOKEN={SECRET}\nexport CONDA_CHANNELS={url}\n"
        f"export PIP_EXTRA_INDEX_URL=https://{far}:{SECRET}@h/\n"
    )
    write(home / ".bashrc", text)
    write(home / ".config/fish/fish_variables", f"SETUVAR --export PIP_INDEX_URL:{url}\n")
    condarc = f"channels: ['https://{far}:{SECRET}@h/']\nchannel_alias: {url}\n"
    write(home / ".condarc", condarc)
    write(home / ".config/pip/pip.conf", f"[install]\nproxy = u:{SECRET}@h\ntarget = {url}\n")
    write(home / ".pip/pip.conf", f"[install]\nindex-url {url}\n")
    fix = ("--fix", "condarc", "--fix", "pip-conf")
    for words in ((), ("--json",), (*fix, "--dry-run"), (*fix, "--dry-run", "--json")):
        done = machine.run("doctor", *words, code=None)
        assert SECRET not in done.stdout + done.stderr, words
        assert "***" in done.stdout or "--dry-run" in words
    report = json.loads(machine.run("doctor", "--json", code=None).stdout)
    assert {f["id"] for f in report["findings"]} >= {"profile-variable", "condarc", "pip-conf"}
    assert SECRET not in machine.run("doctor", "--fix", "condarc", "-y").stdout
    assert (home / ".condarc").read_text().count(SECRET) == condarc.count(SECRET)
    machine.run("doctor", "--undo", "-y")
    assert (home / ".condarc").read_text() == condarc
