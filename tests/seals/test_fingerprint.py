"""Two creations from one lock have the same `packages`, whatever differs between them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.seals.fingerprint import normalised_sha256
from sealenv.seals.seal import Fingerprints, read_seal
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import SRC, Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows compares what Windows makes")

OTHER_DAY = (
    "import datetime as dt, sealenv.install.steps as steps; "
    "steps._now = lambda: dt.datetime(2031, 2, 3, 4, 5, tzinfo=dt.timezone.utc); "
    "steps.timestamp = lambda: steps._now().isoformat(timespec='milliseconds'); "
)


def prints(prefix: Path | str) -> Fingerprints:
    found = read_seal(Path(prefix)).fingerprints
    assert found is not None
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> tuple[Machine, Path]:
    machine = Machine(tmp_path_factory.mktemp("first"))
    return machine, Path(machine.json(*command(channels))["prefix"])


def command(channels: Channels, name: str = "e") -> tuple[str, ...]:
    """Text and binary placeholders, links, entry points, noarch, a link script, a clobber, .pyc."""
    more = ("hello-prefix", "post-link-ok", "archive-bz2", "hostile-clobber-a", "hostile-clobber-b")
    return (
        "create", name, channels.python_minor, "-c", channels.main_url, "-c", channels.hostile_url,
        *(word for package in more for word in ("--with", package)),
    )  # fmt: skip


@pytest.mark.slow
class TestTwoCreations:
    def test_two_creations_are_the_same(
        self, first: tuple[Machine, Path], channels: Channels, tmp_path: Path
    ) -> None:
        """Another path, another machine's folders, another day."""
        machine = Machine(tmp_path / "a longer path with ü")
        boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); {OTHER_DAY}"
        run = "from sealenv.__main__ import script; sys.exit(script())"
        done = subprocess.run(
            [sys.executable, "-c", boot + run, *command(channels), "-q"],
            env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made = Path(done.stdout.strip())
        assert read_seal(made).created.startswith("2031-02-03")
        assert prints(made).packages == prints(first[1]).packages
        assert prints(made).tree != prints(first[1]).tree

    def test_without_hard_links(self, first: tuple[Machine, Path], channels: Channels) -> None:
        """A cache on another file system: every file is a copy."""
        machine = first[0]
        with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
            if os.stat(other).st_dev == os.stat(machine.envs).st_dev:
                pytest.skip("one file system only")
            made = machine.json(*command(channels, "c"), SEALENV_CACHE=other)["prefix"]
        shared = [p for p in Path(made).rglob("*.py") if p.stat().st_nlink > 1]
        assert shared == []
        assert prints(made).packages == prints(first[1]).packages


def write_wheel(folder: Path) -> Path:
    """A distribution with a module, a console script, and a script of its own."""
    path = folder / "thing-1.0-py3-none-any.whl"
    info = "thing-1.0.dist-info"
    files = {
        "thing.py": "def main():\n    print('thing')\n",
        "thing-1.0.data/scripts/own": "#!python\nprint('own')\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nthing = thing:main\n",
    }
    lines = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (*files.items(), (f"{info}/RECORD", lines)):
            archive.writestr(name, text)
    return path


@pytest.mark.slow
def test_what_pip_installs(warm_machine: Machine, demo_channel: DemoChannel) -> None:
    """Another path, so long that pip writes other launchers; a wheel in another folder."""
    machine = warm_machine
    found = []
    for name in ("e", "a-longer-path-" + "x" * 120):
        prefix = Path(machine.create(name, demo_channel, "--no-pyc")["prefix"])
        before = prints(prefix)
        folder = machine.root / f"wheels of {name[:8]}"
        folder.mkdir()
        install = ("-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile")
        wheel = str(write_wheel(folder))
        machine.run("run", "--clean", str(prefix), "--", "python", *install, wheel)
        machine.run("seal", str(prefix), "-y")
        assert verify(prefix).findings == ()
        assert prints(prefix).packages != before.packages
        found.append(prints(prefix).packages)
        launchers = (prefix / "bin/thing").read_bytes().splitlines()[:2]
    assert launchers[0] == b"#!/bin/sh"
    assert found[0] == found[1]


CASES: dict[str, tuple[dict[str, tuple[str, ...]], str]] = {
    "the one that depends on the other": ({"a": (), "b": ("a",)}, "b"),
    "the first of three": ({"c": (), "b": (), "a": ()}, "a"),
}


class TestClobbers:
    @pytest.mark.parametrize("case", CASES)
    def test_the_same_wins(self, case: str, machine: Machine) -> None:
        needs, expected = CASES[case]
        folder = machine.root / "channel" / "noarch"
        folder.mkdir(parents=True)
        for name, depends in needs.items():
            payload = (Payload("share/one", name.encode()),)
            package = Package(
                name=name, version="1", noarch="generic", depends=depends, payload=payload
            )
            write_package(package, folder)
        write_repodata(folder)
        url = folder.parent.as_uri()
        prefix = Path(machine.tiny("e", url, *needs)["prefix"])
        assert (prefix / "share/one").read_text() == expected
        report = verify(prefix)
        assert report.condition == "as made"


class TestWhatLinkingKnows:
    """Files changed after linking are hashed again."""

    def test_what_a_link_script_changes(self, machine: Machine, channels: Channels) -> None:
        folder = machine.root / "channel" / "noarch"
        folder.mkdir(parents=True)
        script = (
            "cd $PREFIX/share/edits; touch -r kept now; cp note.txt own; mv own note.txt\n"
            "echo changed >> note.txt; touch -r kept note.txt; echo made > made.txt\n"
        )
        payload = (
            Payload("share/edits/note.txt", b"as packaged\n"),
            Payload("share/edits/kept", b"kept\n"),
            Payload("bin/.edits-post-link.sh", script.encode(), executable=True),
        )
        write_package(Package(name="edits", version="1", noarch="generic", payload=payload), folder)
        write_repodata(folder)
        url = folder.parent.as_uri()
        prefix = Path(machine.tiny("e", url, "edits")["prefix"])
        assert verify(prefix).findings == ()
        without = machine.tiny("f", url, "edits", args=["--no-link-scripts"])["prefix"]
        assert prints(prefix).packages != prints(without).packages
        (prefix / "share/edits/made.txt").unlink()
        shutil.copy2(Path(without) / "share/edits/note.txt", prefix / "share/edits/new")
        os.replace(prefix / "share/edits/new", prefix / "share/edits/note.txt")
        found = {(f.kind, f.path) for f in verify(prefix).findings}
        assert found == {
            ("altered", "share/edits/note.txt"),
            ("missing", "share/edits/made.txt"),
        }


def test_a_large_file(tmp_path: Path) -> None:
    """With the prefix across the end of a piece, and an interpreter in its first line."""
    prefix = b"/home/me/env"
    body = b"x" * ((1 << 20) - 40) + prefix * 9 + b"y" * (1 << 20) + prefix[:-1]
    path = tmp_path / "f"
    path.write_bytes(b"#!" + prefix + b"/bin/python3.12\n" + body)
    wanted = (b"#!python\n" + body).replace(prefix, b"/sealenv-prefix")
    with path.open("rb") as file:
        found = normalised_sha256(file, [prefix], script=True)
    assert found == hashlib.sha256(wanted).hexdigest()
