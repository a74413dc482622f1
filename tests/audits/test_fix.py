"""`sealenv audit --fix`: what is made relative works anywhere, and verify knows who did it."""

from __future__ import annotations

import json
import os
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
from sealenv.portability import patch
from sealenv.seals.seal import read_seal
from sealenv.system.files import write_atomic
from sealenv.tour.channel import DemoChannel
from tests.audits.test_audit import TOOL, pip
from tests.machine import Machine
from tests.pypi.index import Wheel


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


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there alone")
def test_a_name_that_is_no_utf8(machine: Machine) -> None:
    """The seal is JSON, and names it all the same."""
    prefix = machine.envs / "e"
    with open(os.fsencode(prefix) + b"/\xff.txt", "w") as file:
        file.write(str(prefix))
    machine.run("seal", "e", "-y")
    answer = machine.json("audit", "--fix", "e")
    assert "\udcff.txt" in answer["registered"]
    assert "\\xff.txt" in read_seal(prefix).absolute
    assert machine.json("audit", "--fix", "e")["patched"] == []
    machine.run("seal", "e", "-y")
    assert "\\xff.txt" in read_seal(prefix).absolute
    assert machine.json("verify", "e")["findings"] == []


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


def test_what_is_written_anew_is_unpatched_and_is_patched_again(machine: Machine) -> None:
    prefix = machine.envs / "e"
    before = {name: (prefix / "bin" / name).read_bytes() for name in ("pip", "hello-tool")}
    machine.run("audit", "--fix", "e")
    for name, data in before.items():
        (prefix / "bin" / name).write_bytes(data)
    found = machine.json("verify", "e", code=1)["findings"]
    assert [(f["kind"], f["path"]) for f in found if f["kind"] != "fingerprint"] == [
        ("unpatched", "bin/pip"), ("unpatched", "bin/hello-tool"),
    ]  # fmt: skip
    answer = machine.json("audit", "--fix", "e")
    assert {p["path"] for p in answer["patched"]} == {"bin/pip", "bin/hello-tool"}
    assert machine.json("verify", "e")["findings"] == []


def test_an_environment_that_was_changed_is_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    (prefix / "lib/stray.txt").write_text("x")
    before = machine.snapshot()
    done = machine.run("audit", "--fix", "e", code=7)
    assert "untracked lib/stray.txt" in done.stderr
    assert "sealenv seal" in done.stderr
    assert machine.snapshot() == before


@pytest.mark.parametrize("after", [0, 1, 2])
def test_ended_between_two_files_it_is_finished_by_the_next(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    prefix = machine.envs / "e"
    real, count = write_atomic, 0

    def write(path: Path, data: bytes, *, mode: int = 0o666) -> None:
        nonlocal count
        if count == after:
            raise KeyboardInterrupt
        count += 1
        real(path, data, mode=mode)

    with monkeypatch.context() as context:
        context.setattr(patch, "write_atomic", write)
        with pytest.raises(KeyboardInterrupt):
            auditing.fix_paths(prefix)
    assert {f.kind for f in verify(prefix).findings} <= {"unpatched", "fingerprint"}
    fixed = auditing.fix_paths(prefix)
    assert len(fixed.patched or ()) + after == len(read_seal(prefix).patched)
    assert verify(prefix).findings == ()


@pytest.mark.parametrize("delay", [0.6, 1.0, 1.4])
def test_killed(machine: Machine, delay: float) -> None:
    child = machine.start("audit", "--fix", "e")
    try:
        child.wait(delay)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()
    machine.run("audit", "--fix", "e")
    assert machine.json("verify", "e")["findings"] == []


def test_a_link_is_never_written_through(machine: Machine) -> None:
    prefix = machine.envs / "e"
    mine = machine.root / "mine"
    shutil.move(prefix / "bin/pip", mine)
    (prefix / "bin/pip").symlink_to(mine)
    before = mine.read_bytes()
    machine.run("seal", "e", "-y")
    machine.run("audit", "--fix", "e")
    assert mine.read_bytes() == before
    assert (prefix / "bin/pip").is_symlink()


def test_moved_and_foreign_ones_are_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    prefix.rename(machine.envs / "f")
    with pytest.raises(PrefixError, match="not where it was made"):
        auditing.fix_paths(machine.envs / "f")
    (machine.envs / "f" / SEAL).unlink()
    (machine.envs / "f/conda-meta/sealenv.files").unlink()
    with pytest.raises(PrefixError, match="no seal"):
        auditing.fix_paths(machine.envs / "f")
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
import pathlib
sys.path.insert(0, sys.argv.pop(1))
from sealenv.commands.audit import fix_paths
fix_paths(pathlib.Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, -3, -2, -1])
def test_killed_at_a_write_the_next_finishes_it_and_nothing_is_left_behind(
    machine: Machine, number: int, when: str
) -> None:
    prefix = machine.envs / "e"
    files = set(prefix.rglob("*"))
    writes = 1 + len(patch.planned(prefix, read_seal(prefix).platform)) + 3
    at = number if number > 0 else writes + 1 + number
    source = str(Path(auditing.__file__).parents[1])
    command = [sys.executable, "-c", DIES, str(at), when, source, str(prefix)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    auditing.fix_paths(prefix)
    assert verify(prefix).findings == ()
    assert set(prefix.rglob("*")) == files
    assert patch.planned(prefix, read_seal(prefix).platform) == []


def test_what_others_made_is_not_taken_for_a_partial(machine: Machine) -> None:
    prefix = machine.envs / "e"
    mine = prefix / "bin/.pip.0123456789abcdef"
    mine.write_text("mine")
    with pytest.raises(PrefixError, match="not as it was sealed"):
        auditing.fix_paths(prefix)
    machine.run("seal", "e", "-y")
    auditing.fix_paths(prefix)
    auditing.fix_paths(prefix)
    assert mine.read_text() == "mine"


def test_a_frozen_one_is_refused(machine: Machine) -> None:
    prefix = machine.envs / "e"
    (prefix / "conda-meta/frozen").write_text('{"message": "hands off"}')
    before = machine.snapshot()
    done = machine.run("audit", "--fix", "e", code=7)
    assert "hands off" in done.stderr
    assert "--override-frozen" in done.stderr
    assert machine.snapshot() == before
    assert machine.json("audit", "--fix", "--override-frozen", "e")["patched"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(machine: Machine) -> None:
    prefix = machine.envs / "e"
    for path in [prefix, *prefix.rglob("*")]:
        os.chown(path, 1234, 1234, follow_symlinks=False)
    machine.run("audit", "--fix", "e")
    strange = [p for p in prefix.rglob("*") if (p.lstat().st_uid, p.lstat().st_gid) != (1234, 1234)]
    assert strange == []


def test_an_altered_one_is_compared_with_what_was_sealed(machine: Machine) -> None:
    prefix = machine.envs / "e"
    machine.run("audit", "--fix", "e")
    size = (prefix / "bin/pip").stat().st_size
    with open(prefix / "bin/pip", "ab") as file:
        file.write(b"# x\n")
    (found,) = (f for f in verify(prefix).findings if f.path == "bin/pip")
    assert (found.kind, found.detail) == ("altered", f"{size + 4} bytes instead of {size}")


def test_an_install_is_sealed_first_and_then_fixed(machine: Machine) -> None:
    prefix = machine.envs / "e"
    machine.run("audit", "--fix", "e")
    assert SEAL in read_seal(prefix).absolute
    newer = Wheel(
        "hello-tool",
        version="2.0",
        files={"hello_tool.py": "def main():\n    print('hello again')\n"},
        scripts=["hello-tool = hello_tool:main"],
    )
    pip(prefix, "--no-compile", str(newer.write(machine.root / "wheels")))
    machine.run("audit", "--fix", "e", code=7)
    machine.run("seal", "e", "-y")
    assert SEAL in read_seal(prefix).absolute
    answer = machine.json("audit", "--fix", "e")
    assert [p["path"] for p in answer["patched"]] == ["bin/hello-tool"]
    assert machine.json("verify", "e")["findings"] == []


def test_quiet_says_the_result_alone(machine: Machine) -> None:
    done = machine.run("audit", "-q", "e")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
