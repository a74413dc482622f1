"""Repair: it restores exactly what verify found, also after a kill, and names the rest."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import SCRATCH
from sealenv.seals.seal import read_seal
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels, ChannelServer
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="made with links; see tests/windows")


@pytest.fixture
def made(warm_machine: Machine, demo_channel: DemoChannel) -> tuple[Machine, Path]:
    answer = warm_machine.create("e", demo_channel, "--no-pyc")
    return warm_machine, Path(answer["prefix"])


def site(prefix: Path, name: str) -> Path:
    return next(prefix.glob("lib/python3.*/site-packages")) / name


def edit(path: Path) -> None:
    """As an editor does it: a new file in its place."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b"# changed\n")


def everything(prefix: Path) -> dict[str, object]:
    return {
        p.relative_to(prefix).as_posix(): os.readlink(p)
        if p.is_symlink()
        else (p.stat().st_mode, p.read_bytes() if p.is_file() else None)
        for p in prefix.rglob("*")
    }


def damage(prefix: Path) -> None:
    """Every kind of damage at once."""
    edit(site(prefix, "pip/__init__.py"))
    site(prefix, "pip/__main__.py").unlink()
    shutil.rmtree(site(prefix, "pip/_internal"))
    edit(prefix / "bin/pip")
    next(prefix.glob("lib/python3*/_sysconfigdata*.py")).unlink()  # it contains the prefix
    site(prefix, "pip/py.typed").unlink()
    site(prefix, "pip/py.typed").symlink_to("/etc/passwd")
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").symlink_to("/bin/sh")
    (prefix / "bin/python").unlink()
    runner = site(prefix, "pip/__pip-runner__.py")
    shutil.copy2(runner, prefix / "copy")  # its own file: the cache and other tests share the link
    (prefix / "copy").replace(runner)
    runner.chmod(0o600)
    for name in ("bin", "conda-meta", "activate.fish"):
        (prefix / name).chmod(0o777)
    (prefix / "activate.sh").write_text("echo\n")


@pytest.mark.slow
def test_it_comes_back(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    before = everything(prefix)
    damage(prefix)
    found = [f for f in verify(prefix).findings if f.damage]
    kinds = {"altered", "missing", "wrong-type", "wrong-link", "wrong-mode"}
    assert {f.kind for f in found} == kinds
    planned = machine.json("repair", str(prefix), "--dry-run")
    assert {f["path"] for f in planned["repaired"]} == {f.path for f in found}
    assert [f.path for f in verify(prefix).findings] == [f.path for f in found], "a dry run"
    answer = machine.json("repair", str(prefix))
    assert {f["path"] for f in answer["repaired"]} == {f.path for f in found}
    assert answer["left"] == []
    assert everything(prefix) == before
    assert verify(prefix).fingerprints.now == read_seal(prefix).fingerprints
    assert machine.json("repair", str(prefix))["repaired"] == []


@pytest.mark.slow
def test_every_kind_of_file(machine: Machine, channels: Channels) -> None:
    """A binary with the prefix in it, and a path that two packages ship."""
    more = ("hello-prefix", "hostile-clobber-a", "hostile-clobber-b", "post-link-ok")
    prefix = Path(
        machine.create(
            "e", channels.main_url, channels.python_minor, "-c", channels.hostile_url,
            *(word for package in more for word in ("--with", package)),
        )["prefix"]
    )  # fmt: skip
    before = everything(prefix)
    edit(site(prefix, "pip/__main__.py"))
    (prefix / "bin/hello-prefix").unlink()
    aside = next(p for p in (prefix / "__clobbers__").rglob("*") if p.is_file())
    aside.unlink()
    edit(prefix / "share/hostile-clobber/note.txt")
    machine.run("cache", "clean", "--unpacked", "-y")
    answer = machine.json("repair", str(prefix), "--offline")
    assert answer["left"] == []
    assert everything(prefix) == before


@pytest.mark.slow
def test_another_platform_and_patched_files(machine: Machine, channels: Channels) -> None:
    """What was made relative after linking is made so again."""
    args = ("3.12", "--platform", "win-64")
    prefix = Path(machine.create("e", channels.main_url, *args)["prefix"])
    patched = [note.path for note in read_seal(prefix).patched]
    assert patched
    before = everything(prefix)
    for path in [*patched, "Scripts/pip.exe"]:
        edit(prefix / path)
    (prefix / "activate.bat").unlink()
    assert machine.json("repair", str(prefix))["left"] == []
    assert everything(prefix) == before


def test_what_is_in_the_way(made: tuple[Machine, Path]) -> None:
    """Nothing is written through a link, and no folder with files is replaced."""
    machine, prefix = made
    elsewhere = machine.root / "elsewhere"
    os.rename(site(prefix, "pip/_internal"), elsewhere)
    (elsewhere / "__init__.py").unlink()
    site(prefix, "pip/_internal").symlink_to(elsewhere)
    for name in ("activate.sh", "activate.fish", "activate.csh"):
        (prefix / name).unlink()
    (prefix / "activate.sh").symlink_to("mine")
    (prefix / "activate.fish").mkdir()
    (prefix / "activate.csh").mkdir()
    (prefix / "activate.csh" / "mine").write_text("mine\n")
    edit(site(prefix, "pip/__init__.py"))
    answer = machine.json("repair", str(prefix), "--offline", code=1)
    done = {Path(f["path"]).name for f in answer["repaired"]}
    assert done >= {"activate.sh", "activate.fish", "__init__.py"}
    hints = {Path(f["path"]).name: f["hint"] for f in answer["left"]}
    assert hints["activate.csh"] == "a folder that is not empty is there: remove it first"
    assert "is a link" in hints["main.py"]
    assert not (elsewhere / "__init__.py").exists()
    assert (prefix / "activate.csh" / "mine").exists()
    assert not (prefix / "mine").exists()


@pytest.mark.slow
def test_killed_at_any_instant(made: tuple[Machine, Path]) -> None:
    """Each file is old or right, nothing else is touched, and the next repair finishes it."""
    machine, prefix = made
    before = everything(prefix)
    victims = sorted(site(prefix, "pip/_internal").rglob("*.py"))[:60]
    old = {}
    for round_ in range(2):
        for path in victims:
            edit(path)
            old[path] = path.read_bytes()
        process = machine.start("repair", str(prefix))
        deadline = time.monotonic() + 20
        while not (prefix / SCRATCH).exists() and process.poll() is None:
            assert time.monotonic() < deadline
        for _ in range(round_ * 40):  # a little later each time
            (prefix / SCRATCH).exists()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        for path in victims:
            right = before[path.relative_to(prefix).as_posix()]
            assert isinstance(right, tuple)
            assert path.read_bytes() in (old[path], right[1])
        machine.run("repair", str(prefix), "-q")
        assert everything(prefix) == before


def test_compiled_files_are_left_to_python(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    """A missing one is not damage; one that does not match its source is deleted."""
    prefix = Path(warm_machine.create("c", demo_channel)["prefix"])
    folder = site(prefix, "pip/_internal/__pycache__")
    next(folder.glob("__init__.*.pyc")).unlink()
    assert verify(prefix).condition == "as made"
    damaged = next(folder.glob("main.*.pyc"))
    damaged.unlink()
    damaged.write_bytes(b"1234")
    edit(site(prefix, "pip/_internal/utils/__init__.py"))
    answer = warm_machine.json("repair", "c", "--offline")
    assert {Path(f["path"]).name for f in answer["repaired"]} == {"__init__.py", damaged.name}
    assert not damaged.exists()
    assert list(site(prefix, "pip/_internal/utils/__pycache__").glob("__init__.*.pyc"))
    assert verify(prefix).condition == "as made"


class TestArchivesThatCannotBeHad:
    """What comes from the others is put back all the same."""

    @pytest.fixture
    def two(
        self, machine: Machine, channels: Channels
    ) -> Iterator[tuple[Machine, Path, ChannelServer]]:
        """An environment of two packages with damage in both, and nothing in the cache."""
        with ChannelServer(channels.root) as server:
            url = server.url()
            prefix = Path(machine.tiny("e", url, "hello-prefix", "demo-notes")["prefix"])
            machine.run("cache", "clean", "--all", "-y")
            edit(prefix / "bin/hello-prefix")
            (prefix / "share/demo-notes/notes.txt").unlink()
            yield machine, prefix, server

    def test_one_was_withdrawn(self, two: tuple[Machine, Path, ChannelServer]) -> None:
        machine, prefix, server = two
        server.fail("*/hello-prefix-*", status=404)
        answer = machine.json("repair", "e", code=1)
        assert [f["path"] for f in answer["repaired"]] == ["share/demo-notes/notes.txt"]
        (left,) = answer["left"]
        assert left["path"] == "bin/hello-prefix"
        assert "could not be fetched: not found (404)" in left["hint"]
        assert [f.path for f in verify(prefix).findings] == ["bin/hello-prefix"]
        assert "attempts" not in left["hint"]
        # Nothing else is left to do, and so it is an error that says what to do about it.
        error = machine.json("repair", "e", code=5)
        assert "withdrawn" in error["hint"]
