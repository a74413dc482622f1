"""Repair: exactly what verify found comes back, also after a kill; and what is left is named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealenv.activation.scripts import write_scripts
from sealenv.layout import MARKER, SCRATCH
from sealenv.repairs import aside
from sealenv.seals.seal import read_seal
from sealenv.seals.verify import verify
from sealenv.spec.model import current_platform
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


def damages() -> dict[str, Callable[[Path], None]]:
    def missing_folder(prefix: Path) -> None:
        shutil.rmtree(site(prefix, "pip/_internal"))

    def link_for_file(prefix: Path) -> None:
        site(prefix, "pip/py.typed").unlink()
        site(prefix, "pip/py.typed").symlink_to("/etc/passwd")

    def link_elsewhere(prefix: Path) -> None:
        (prefix / "bin/python3").unlink()
        (prefix / "bin/python3").symlink_to("/bin/sh")

    def no_link(prefix: Path) -> None:
        (prefix / "bin/python").unlink()

    return {
        "altered": lambda p: edit(site(p, "pip/__init__.py")),
        "missing": lambda p: site(p, "pip/py.typed").unlink(),
        "a folder": missing_folder,
        "entry point": lambda p: edit(p / "bin/pip"),
        "a file with the prefix": lambda p: next(
            p.glob("lib/python3*/_sysconfigdata*.py")
        ).unlink(),
        "a link for a file": link_for_file,
        "a link elsewhere": link_elsewhere,
        "a link": no_link,
        "mode": lambda p: (p / "bin/pip").chmod(0o600),
        "modes of folders": lambda p: (
            [(p / n).chmod(0o777) for n in ("bin", "conda-meta")] and None
        ),
        "mode of a script": lambda p: (p / "activate.sh").chmod(0o777),
        "activation": lambda p: (p / "activate.sh").write_text("echo\n") and None,
    }


@pytest.mark.slow
@pytest.mark.parametrize("damage", damages())
def test_it_comes_back(damage: str, made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    before = everything(prefix)
    damages()[damage](prefix)
    found = [f for f in verify(prefix).findings if f.damage]
    assert found
    planned = machine.json("repair", str(prefix), "--dry-run")
    assert {f["path"] for f in planned["repaired"]} == {f.path for f in found}
    assert [f.path for f in verify(prefix).findings] == [f.path for f in found], "a dry run"
    answer = machine.json("repair", str(prefix))
    assert {f["path"] for f in answer["repaired"]} == {f.path for f in found}
    assert answer["left"] == []
    assert everything(prefix) == before
    assert verify(prefix).now == read_seal(prefix).fingerprints
    assert machine.json("repair", str(prefix))["repaired"] == []


@pytest.mark.slow
def test_every_kind_of_file(machine: Machine, channels: Channels) -> None:
    """Compiled files, a binary with the prefix in it, and a path that two packages ship."""
    more = ("hello-prefix", "hostile-clobber-a", "hostile-clobber-b", "post-link-ok")
    prefix = Path(
        machine.create(
            "e", channels.main_url, channels.python_minor, "-c", channels.hostile_url,
            *(word for package in more for word in ("--with", package)),
        )["prefix"]
    )  # fmt: skip
    before = everything(prefix)
    pyc = next(site(prefix, "pip/__pycache__").glob("__init__*.pyc"))
    pyc.unlink()
    edit(site(prefix, "pip/__main__.py"))
    (prefix / "bin/hello-prefix").unlink()
    aside = next(p for p in (prefix / "__clobbers__").rglob("*") if p.is_file())
    aside.unlink()
    edit(prefix / "share/hostile-clobber/note.txt")
    machine.run("cache", "clean", "--unpacked", "-y")
    answer = machine.json("repair", str(prefix), "--offline")
    assert answer["left"] == []
    assert everything(prefix) == before


def test_an_edit_in_place_is_in_the_cache_too(machine: Machine, demo_channel: DemoChannel) -> None:
    """A cache of its own: the edit reaches every environment that shares the file."""
    prefix = Path(machine.create("e", demo_channel, "--no-pyc")["prefix"])
    before = everything(prefix)
    with site(prefix, "pip/__init__.py").open("ab") as file:
        file.write(b"#\n")
    assert machine.json("repair", str(prefix))["left"] == []
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


def test_no_more_than_was_found(made: tuple[Machine, Path]) -> None:
    """Neither other scripts nor what an earlier repair left; and a count in right English."""
    machine, prefix = made
    (prefix / "activate.sh").unlink()
    (prefix / SCRATCH).mkdir()
    others = {p: p.stat().st_ino for p in prefix.glob("activate.*")}
    assert others
    done = machine.run("repair", str(prefix))
    assert "2 are put back, 0 left" in done.stderr
    assert {p: p.stat().st_ino for p in others} == others
    assert not (prefix / SCRATCH).exists()


class TestWhatIsLeft:
    def test_it_is_named_with_what_to_do(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        (prefix / "own.txt").write_text("mine\n")
        edit(site(prefix, "pip/__init__.py"))
        answer = machine.json("repair", str(prefix), code=1)
        assert [f["path"] for f in answer["left"]] == ["own.txt"]
        assert f"sealenv seal {prefix}" in answer["left"][0]["hint"]
        assert (prefix / "own.txt").read_text() == "mine\n"
        assert "left  untracked own.txt" in machine.run("repair", str(prefix), code=1).stdout

    def test_nothing_is_written_through_a_link(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        elsewhere = machine.root / "elsewhere"
        shutil.copytree(site(prefix, "pip/_internal"), elsewhere)
        (elsewhere / "__init__.py").unlink()
        shutil.rmtree(site(prefix, "pip/_internal"))
        site(prefix, "pip/_internal").symlink_to(elsewhere)
        answer = machine.json("repair", str(prefix), code=1)
        assert answer["left"]
        assert "is a link" in answer["left"][0]["hint"]
        assert not (elsewhere / "__init__.py").exists()

    def test_a_folder_with_something_in_it(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        path = site(prefix, "pip/py.typed")
        path.unlink()
        path.mkdir()
        (path / "mine").write_text("mine\n")
        answer = machine.json("repair", str(prefix), code=1)
        assert (path / "mine").read_text() == "mine\n"
        assert {f["kind"] for f in answer["left"]} == {"wrong-type", "untracked"}


def test_what_pip_installed_over_a_package_is_left_whole(made: tuple[Machine, Path]) -> None:
    """As `pip install pip==99` leaves conda's pip: to put some of it back would make a mixture."""
    machine, prefix = made
    info = next(site(prefix, "").glob("pip-*.dist-info"))
    shutil.rmtree(info)
    edit(site(prefix, "pip/__init__.py"))
    edit(site(prefix, "pip/__main__.py"))  # damage besides, or pip's: nobody knows
    site(prefix, "pip/py.typed").unlink()
    digest = hashlib.sha256(site(prefix, "pip/__init__.py").read_bytes()).digest()
    text = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    new = site(prefix, "pip-99.dist-info")
    new.mkdir()
    (new / "RECORD").write_text(f"pip/__init__.py,sha256={text},\npip-99.dist-info/RECORD,,\n")
    edit(next(prefix.glob("lib/python3.*/abc.py")))  # of another package
    before = everything(prefix)
    answer = machine.json("repair", str(prefix), "--offline", code=1)
    assert [Path(f["path"]).name for f in answer["repaired"]] == ["abc.py"]
    assert {f["kind"] for f in answer["left"]} == {"installed", "missing", "altered"}
    assert "pip 99 was installed over it" in answer["left"][0]["hint"] + answer["left"][-1]["hint"]
    now = everything(prefix)
    assert [path for path in before if now[path] != before[path]] == [answer["repaired"][0]["path"]]
    assert now.keys() == before.keys()


def test_what_was_made_under_another_umask(made: tuple[Machine, Path]) -> None:
    """Folders, scripts and compiled files get the modes that they had."""
    machine, prefix = made
    folder = site(prefix, "pip/_internal/utils")
    subprocess.run(
        [prefix / "bin/python", "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", folder],
        check=True,
    )  # fmt: skip
    machine.json("seal", str(prefix), "-y")
    before = everything(prefix)
    for path in folder.glob("__pycache__/*.pyc"):
        path.unlink()
        path.write_bytes(b"cut")
    shutil.rmtree(site(prefix, "pip/_internal/commands"))
    (prefix / "activate.sh").unlink()
    shutil.rmtree(prefix / "etc")
    command = shlex.join(machine.command("repair", str(prefix)))
    done = subprocess.run(
        ["sh", "-c", f"umask 077; {command}"], env=machine.env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {path: what[0] for path, what in everything(prefix).items() if type(what) is tuple} == {
        path: what[0] for path, what in before.items() if type(what) is tuple
    }
    assert verify(prefix).findings == ()


def test_the_edited_source_was_compiled(made: tuple[Machine, Path]) -> None:
    """The compiled file fits the edit, and no longer fits when the source is right."""
    machine, prefix = made
    edit(site(prefix, "pip/__main__.py"))
    done = subprocess.run(
        [prefix / "bin/python", "-m", "py_compile", site(prefix, "pip/__main__.py")], check=False
    )
    assert done.returncode == 0
    answer = machine.json("repair", str(prefix), "--offline")
    assert answer["left"] == []
    assert [Path(f["path"]).suffix for f in answer["repaired"]] == [".py", ".pyc"]
    assert verify(prefix).findings == ()


class TestScripts:
    def test_a_link_or_a_folder_in_its_place(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        (prefix / "mine").write_text("mine\n")
        machine.json("seal", str(prefix), "-y")
        for name in ("activate.sh", "activate.fish", "activate.csh"):
            (prefix / name).unlink()
        (prefix / "activate.sh").symlink_to("mine")
        (prefix / "activate.fish").mkdir()
        (prefix / "activate.csh").mkdir()
        (prefix / "activate.csh" / "x").write_text("mine\n")
        edit(site(prefix, "pip/__init__.py"))
        answer = machine.json("repair", str(prefix), "--offline", code=1)
        assert {Path(f["path"]).name for f in answer["repaired"]} == {
            "activate.sh", "activate.fish", "__init__.py",
        }  # fmt: skip
        assert {f["path"]: f["hint"] for f in answer["left"]}["activate.csh"] == (
            "there is a folder with something in it; take it away first"
        )
        assert (prefix / "mine").read_text() == "mine\n"
        assert (prefix / "activate.csh" / "x").exists()

    def test_their_folder_is_a_link(self, made: tuple[Machine, Path]) -> None:
        """What could be put back is told all the same."""
        machine, prefix = made
        elsewhere = machine.root / "etc"
        (prefix / "etc").rename(elsewhere)
        (prefix / "etc").symlink_to(elsewhere)
        (prefix / "activate.sh").unlink()
        (elsewhere / "sealenv" / "env.sh").unlink()
        answer = machine.json("repair", str(prefix), "--offline", code=1)
        assert [f["path"] for f in answer["repaired"]] == ["activate.sh"]
        hints = {f["path"]: f["hint"] for f in answer["left"]}
        assert "etc is a link" in hints["etc/sealenv/env.sh"]
        assert "take away what is there now" in hints["etc"]
        assert not (elsewhere / "sealenv" / "env.sh").exists()


def test_a_folder_that_may_not_be_written(
    made: tuple[Machine, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, prefix = made
    real = Path.mkdir

    def fake_mkdir(self: Path, *args: Any, **more: Any) -> None:
        if self.name == SCRATCH:
            raise PermissionError(13, "Permission denied", str(self))
        real(self, *args, **more)

    monkeypatch.setattr(Path, "mkdir", fake_mkdir)
    with pytest.raises(PermissionError), aside.scratch_in(prefix):
        pass


class TestRefused:
    def test_pending(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        (prefix / MARKER).write_text("x\n")
        assert machine.json("repair", str(prefix), code=7)["error"] == "prefix-pending"

    def test_moved(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        moved = prefix.with_name("moved")
        os.rename(prefix, moved)
        assert machine.json("repair", str(moved), code=7)["error"] == "prefix"

    def test_not_in_the_cache(self, made: tuple[Machine, Path], demo_channel: DemoChannel) -> None:
        """Nothing is changed when an archive cannot be had."""
        machine, prefix = made
        seal = json.loads((prefix / "conda-meta/sealenv").read_text())
        seal["lock"]["packages"] = [
            line.replace(demo_channel.url, "http://127.0.0.1:9/channel")
            for line in seal["lock"]["packages"]
        ]
        for record in (prefix / "conda-meta").glob("*.json"):
            text = record.read_text().replace(demo_channel.url, "http://127.0.0.1:9/channel")
            record.write_text(text)
        edit(site(prefix, "pip/__init__.py"))
        changed = everything(prefix)
        empty = str(machine.root / "empty")
        answer = machine.json("repair", str(prefix), "--offline", code=5, SEALENV_CACHE=empty)
        assert answer["error"] == "offline"
        assert everything(prefix) == changed


@pytest.mark.slow
def test_killed_at_any_instant(made: tuple[Machine, Path]) -> None:
    """Each file is old or right, nothing else is touched, and the next repair finishes it."""
    machine, prefix = made
    before = everything(prefix)
    victims = sorted(site(prefix, "pip/_internal").rglob("*.py"))[:60]
    old = {}
    for round_ in range(6):
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


def python_pyc(prefix: Path) -> Path:
    """A compiled file that create made."""
    return next(site(prefix, "pip/_internal/__pycache__").glob("exceptions.*.pyc"))


@pytest.fixture
def compiled(warm_machine: Machine, demo_channel: DemoChannel) -> tuple[Machine, Path]:
    answer = warm_machine.create("c", demo_channel)
    return warm_machine, Path(answer["prefix"])


def test_no_compiled_file_is_written_through_a_link(
    compiled: tuple[Machine, Path], tmp_path: Path
) -> None:
    machine, prefix = compiled
    folder = python_pyc(prefix).parent
    away = tmp_path / "away"
    folder.rename(away)
    folder.symlink_to(away)
    python_pyc(prefix).unlink()
    before = everything(away)
    left = machine.json("repair", str(prefix), code=1)["left"]
    assert any("is a link: nothing is written through it" in item["hint"] for item in left)
    assert everything(away) == before


@pytest.mark.parametrize("what", ["folder", "fifo", "link", "gone"])
def test_what_is_in_the_place_of_a_compiled_file(
    compiled: tuple[Machine, Path], tmp_path: Path, what: str
) -> None:
    """It goes, and another one that is missing comes back too."""
    machine, prefix = compiled
    path = python_pyc(prefix)
    path.unlink()
    other = next(path.parent.glob("__init__.*.pyc"))
    other.unlink()
    kept = tmp_path / "kept"
    kept.write_text("somebody's\n")
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to(kept)
    machine.json("repair", str(prefix))
    assert path.is_file()
    assert not path.is_symlink()
    assert other.is_file()
    assert kept.read_text() == "somebody's\n"
    assert verify(prefix).findings == ()


def test_what_the_scripts_set_comes_back(machine: Machine, channels: Channels) -> None:
    """They were written while it was away: right then, and stale as soon as it is back."""
    machine.tiny("e", channels.main_url, "env-vars")
    prefix = machine.envs / "e"
    (prefix / "etc/conda/env_vars.d/env-vars.json").unlink()
    write_scripts(prefix, platform=current_platform())
    machine.run("repair", "e")
    assert verify(prefix).findings == ()


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

    def test_one_is_not_in_the_cache(self, two: tuple[Machine, Path, ChannelServer]) -> None:
        """A dry run promises what the repair after it does."""
        machine, prefix, _ = two
        planned = machine.json("repair", "e", "--offline", "--dry-run", code=1)
        assert planned["repaired"] == []
        assert all("is not in the cache" in f["hint"] for f in planned["left"])
        error = machine.json("repair", "e", "--offline", code=5)
        assert len(error["details"]) == 1, "the other one"
        (prefix / "activate.sh").unlink()
        planned = machine.json("repair", "e", "--offline", "--dry-run", code=1)
        assert [f["path"] for f in planned["repaired"]] == ["activate.sh"]
        answer = machine.json("repair", "e", "--offline", code=1)
        assert answer | {"dry_run": True} == planned
        assert machine.json("repair", "e")["left"] == []
        assert verify(prefix).findings == ()


@pytest.mark.skipif(not shutil.which("setpriv"), reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o555, 0o000, 0o311])
def test_a_folder_that_lost_its_modes(made: tuple[Machine, Path], mode: int) -> None:
    """It gets them first, and so one repair does it all."""
    machine, prefix = made
    folder = site(prefix, "pip/_internal/utils")
    before = everything(prefix)
    (folder / "misc.py").unlink()
    edit(folder / "urls.py")
    folder.chmod(mode)
    folder.parent.chmod(mode)
    command = machine.command("repair", str(prefix), "--json")
    if os.geteuid() == 0:
        command = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *command]
    planned = machine.json("repair", str(prefix), "--dry-run")
    done = subprocess.run(command, env=machine.env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert answer["left"] == []
    assert {f["path"] for f in planned["repaired"]} <= {f["path"] for f in answer["repaired"]}
    assert everything(prefix) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_ended_while_it_compiles(compiled: tuple[Machine, Path], number: signal.Signals) -> None:
    """What was not whole yet is in the folder of ours, which goes at once or with the next repair."""
    machine, prefix = compiled
    folder = site(prefix, "pip")
    made = sorted(folder.rglob("*.pyc"))
    for path in made:
        path.unlink()
    process = machine.start("repair", str(prefix))
    deadline = time.monotonic() + 60
    while sum(path.exists() for path in made) < 5:
        assert process.poll() is None
        assert time.monotonic() < deadline
    (os.killpg if number == signal.SIGKILL else os.kill)(process.pid, number)
    process.communicate()
    assert process.returncode != 0
    found = {f.path for f in verify(prefix).findings}
    extra = {path for path in found if not path.endswith(".pyc")}
    assert extra <= ({f"{SCRATCH}/"} if number == signal.SIGKILL else set())
    machine.run("repair", str(prefix), "-q")
    assert verify(prefix).findings == ()
    assert sorted(folder.rglob("*.pyc*")) == made
