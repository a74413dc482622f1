"""`sealenv audit --fix`: relative files work anywhere, and `verify` accepts them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.commands import audit as auditing
from sealenv.commands.verify import verify
from sealenv.errors import PrefixError
from sealenv.layout import SEAL
from sealenv.prefix import patches
from sealenv.seals.seal import read_seal
from sealenv.tour.channel import DemoChannel
from tests.commands.test_audit import TOOL, pip
from tests.machine import Machine


@pytest.fixture(scope="module")
def pristine(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    """A machine with the environment `e`, and a copy of that beside it."""
    machine = Machine(tmp_path_factory.mktemp("fix"), cache=warm_cache)
    prefix = Path(machine.create("e", demo_channel, "--no-pyc")["prefix"])
    pip(prefix, "--no-compile", str(TOOL.write(machine.root / "wheels")))
    machine.run("seal", "e", "-y")
    shutil.copytree(prefix, machine.root / "kept", symlinks=True)
    return machine


@pytest.fixture
def machine(pristine: Machine) -> Machine:
    """The same, as it was."""
    for folder in pristine.envs.iterdir():
        shutil.rmtree(folder)
    shutil.copytree(pristine.root / "kept", pristine.envs / "e", symlinks=True)
    return pristine


def test_entry_points_work_from_anywhere_and_verify_knows(machine: Machine) -> None:
    prefix = machine.envs / "e"
    before = read_seal(prefix)
    mode = (prefix / "bin/pip").stat().st_mode
    files = set(prefix.rglob("*"))
    answer = machine.json("audit", "--fix", "e")
    patched = [p["path"] for p in answer["patched"]]
    assert {"bin/pip", "bin/hello-tool", "bin/conda"} <= set(patched)
    assert (prefix / "bin/pip").stat().st_mode == mode
    assert set(prefix.rglob("*")) == files  # no backup
    assert machine.json("verify", "e")["findings"] == []
    seal = read_seal(prefix)
    assert [note.path for note in seal.patched] == patched
    assert seal.absolute == answer["registered"]
    assert {"activate.sh", SEAL} <= set(seal.absolute)
    assert not set(patched) & set(seal.absolute)
    assert before.fingerprints
    assert seal.fingerprints
    assert seal.fingerprints.packages == before.fingerprints.packages  # nothing else is installed
    again = machine.json("audit", "--fix", "e")
    assert again["patched"] == []
    assert read_seal(prefix) == seal
    # By its name, through a link from elsewhere, and when everything was moved by hand.
    link = machine.root / "link to it"
    link.symlink_to(prefix / "bin/hello-tool")
    moved = machine.root / "another (place)"
    for place in (prefix, moved):
        if place is moved:
            prefix.rename(moved)
            link.unlink()
            link.symlink_to(moved / "bin/hello-tool")
        for program in (place / "bin/hello-tool", link):
            done = subprocess.run(
                [program], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
            )
            assert done.stdout == "hello\n"


def test_a_reinstalled_file_is_patched_again(machine: Machine) -> None:
    prefix = machine.envs / "e"
    before = {name: (prefix / "bin" / name).read_bytes() for name in ("pip", "hello-tool")}
    machine.run("audit", "--fix", "e")
    for name, data in before.items():
        (prefix / "bin" / name).write_bytes(data)
    found = machine.json("verify", "e", code=1)["findings"]
    assert [(f["kind"], f["path"]) for f in found if f["kind"] != "fingerprint"] == [
        ("unpatched", "bin/hello-tool"), ("unpatched", "bin/pip"),
    ]  # fmt: skip
    answer = machine.json("audit", "--fix", "e")
    assert {p["path"] for p in answer["patched"]} == {"bin/pip", "bin/hello-tool"}
    assert machine.json("verify", "e")["findings"] == []


def test_an_environment_that_was_changed_is_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    (prefix / "lib/stray.txt").write_text("x")
    before = machine.snapshot()
    done = machine.run("audit", "--fix", "e", code=7)
    assert "untracked-code lib/stray.txt" in done.stderr
    assert "sealenv seal" in done.stderr
    assert machine.snapshot() == before


def test_moved_and_foreign_ones_are_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    prefix.rename(machine.envs / "f")
    with pytest.raises(PrefixError, match="not where it was made"):
        auditing.audit(machine.envs / "f", fix=True)
    (machine.envs / "f" / SEAL).unlink()
    (machine.envs / "f/conda-meta/sealenv.files").unlink()
    with pytest.raises(PrefixError, match="no seal"):
        auditing.audit(machine.envs / "f", fix=True)
    assert json.loads(machine.run("list", "--json").stdout)["environments"]


DIES = """
import os, signal, sys
number, when = int(sys.argv.pop(1)), sys.argv.pop(1)
real, count = os.replace, 0
def replace(*args):
    global count
    count += 1
    if count == number and when == "before":
        os.kill(os.getpid(), 9)
    real(*args)
    if count == number:
        os.kill(os.getpid(), 9)
os.replace = replace
sys.path.insert(0, sys.argv.pop(1))
from sealenv.commands.audit import audit
audit(sys.argv[1], fix=True)
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, -1])
def test_a_killed_fix_is_finished_by_the_next(machine: Machine, number: int, when: str) -> None:
    prefix = machine.envs / "e"
    files = set(prefix.rglob("*"))
    writes = 1 + len(patches.planned(prefix, read_seal(prefix).platform)) + 3
    at = number if number > 0 else writes + 1 + number
    source = str(Path(auditing.__file__).parents[1])
    command = [sys.executable, "-c", DIES, str(at), when, source, str(prefix)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    auditing.audit(prefix, fix=True)
    assert verify(prefix).findings == ()
    assert set(prefix.rglob("*")) == files
    assert patches.planned(prefix, read_seal(prefix).platform) == []


def test_a_frozen_one_is_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    (prefix / "conda-meta/frozen").write_text('{"message": "hands off"}')
    before = machine.snapshot()
    done = machine.run("audit", "--fix", "e", code=7)
    assert "hands off" in done.stderr
    assert "--override-frozen" in done.stderr
    assert machine.snapshot() == before
    assert machine.json("audit", "--fix", "--override-frozen", "e")["patched"]
