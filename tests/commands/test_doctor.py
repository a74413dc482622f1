"""The checks on POSIX, and the command: it writes nothing, and reports what it cannot read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.checks.computers import write
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


def test_files_that_cannot_be_read_do_not_stop_the_checks(machine: Machine) -> None:
    home = machine.home
    os.mkfifo(home / ".bashrc")
    (home / ".zshrc").mkdir()
    os.mkfifo(home / ".condarc")
    (home / ".tcshrc").symlink_to("/dev/zero")
    write(home / ".xonshrc", "$PYTHONPATH = '/x'\n")
    report = machine.json("doctor", code=1)
    assert {(f["id"], "be read" in f["what"]) for f in report["findings"]} == {
        ("condarc", True),
        ("profile-variable", False),
    }


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
    assert found["fix"] != ""
    assert machine.run("doctor", "--only", "condarc").stderr.startswith("1 check: nothing found")


def test_no_secret_is_shown(machine: Machine) -> None:
    """Neither in findings, nor in the diff of a fix, nor in JSON. The files keep theirs."""
    url = f"https://usr:{SECRET}@host/t/{SECRET}/x"
    home = machine.home
    far = "x" * 185  # the password is where a line is cut off
    text = (
        f"export PIP_TARGET={url} MY_TOKEN={SECRET}\nexport PIP_PREFIX=https://{far}:{SECRET}@h/\n"
    )
    write(home / ".bashrc", text)
    write(home / ".config/fish/fish_variables", f"SETUVAR --export PIP_TARGET:{url}\n")
    condarc = f"channels: ['https://{far}:{SECRET}@h/']\nchannel_alias: {url}\n"
    write(home / ".condarc", condarc)
    write(
        home / ".zshrc",
        f"# >>> conda initialize >>>\nMY_TOKEN={SECRET}\n# <<< conda initialize <<<\n",
    )
    fix = ("--fix", "conda-init")
    for words in (
        (),
        ("--json",),
        (*fix, "--dry-run"),
        (*fix, "--dry-run", "--json"),
        (*fix, "-y"),
    ):
        done = machine.run("doctor", *words, code=None)
        assert SECRET not in done.stdout + done.stderr, words
        assert "***" in done.stdout or "--json" in words
    report = json.loads(machine.run("doctor", "--json", code=None).stdout)
    assert {f["id"] for f in report["findings"]} >= {"profile-variable", "condarc"}
    done = machine.run("doctor", "--undo", "-y")
    assert SECRET not in done.stdout
    assert SECRET in (home / ".zshrc").read_text()
