"""What the standalone scripts rely on in micromamba, asked of the stand-in and of a real one.

SEALENV_TEST_MICROMAMBA names a real micromamba (2.1 or later). Without it only the stand-in answers:
that shows that the stand-in is a fair one as far as this goes, and nothing about micromamba.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealenv.spec.model import current_platform
from sealenv.tour.archive import Package, Payload, write_package
from tests.micromamba import stand_in

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has the stand-in as .exe")

NOWHERE = "http://127.0.0.1:9/channel"
MARK = "conda-meta/mark-of-the-test"


@pytest.fixture(params=["stand-in", "real"])
def micromamba(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The executable."""
    if request.param == "stand-in":
        return stand_in(tmp_path / "tools" / "micromamba", VERSION="2.9.0")
    named = os.environ.get("SEALENV_TEST_MICROMAMBA")
    if not named:
        pytest.skip("no real micromamba here (SEALENV_TEST_MICROMAMBA)")
    return Path(named).resolve()


class Bench:
    """A prefix that is pending as ours are, and a package cache that holds one archive."""

    def __init__(self, root: Path, exe: Path) -> None:
        self.root, self.exe = root, exe
        self.home, self.prefix = root / "home", root / "a prefix"
        self.pkgs = root / "scratch" / "root" / "pkgs"
        for folder in (self.home, self.prefix / "conda-meta", self.pkgs):
            folder.mkdir(parents=True)
        (self.prefix / MARK).write_text("mine")
        (self.pkgs / "urls.txt").touch()
        script = Payload(
            "bin/.note-post-link.sh", b"#!/bin/sh\ntouch $PREFIX/ran\n", executable=True
        )
        note = Payload("share/note.txt", b"good\n")
        self.archive = write_package(
            Package("note", "1.0", (note, script), noarch="generic"), self.pkgs
        )
        self.sha256 = hashlib.sha256(self.archive.read_bytes()).hexdigest()

    def call(self, *args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.exe), *args],
            env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "TMPDIR": str(self.root)},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def install(self, *args: str, sha256: str = "") -> Any:
        """The call of the scripts."""
        listed = self.root / "explicit.txt"
        url = f"{NOWHERE}/noarch/{self.archive.name}#sha256:{sha256 or self.sha256}"
        listed.write_text(f"# platform: {current_platform()}\n@EXPLICIT\n{url}\n")
        return self.call(
            "install", "--yes", "--no-rc", "--offline", "--no-pyc", "--no-shortcuts",
            "--safety-checks", "enabled", "--platform", current_platform(),
            "--root-prefix", str(self.pkgs.parent), "--prefix", str(self.prefix),
            "--file", str(listed), *args,
        )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path, micromamba: Path) -> Bench:
    return Bench(tmp_path / "bench", micromamba)


def test_it_says_its_version_and_nothing_else(bench: Bench) -> None:
    done = bench.call("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\s*", done.stdout)


def test_it_links_from_its_cache_into_a_folder_with_conda_meta(bench: Bench) -> None:
    """The address leads nowhere: nothing but the cache can have served it."""
    done = bench.install()
    assert done.returncode == 0, done.stdout + done.stderr
    assert (bench.prefix / "share/note.txt").read_text() == "good\n"
    assert (bench.prefix / MARK).read_text() == "mine"
    assert "Linking note-1.0-0" in done.stdout
    record = json.loads((bench.prefix / "conda-meta/note-1.0-0.json").read_text())
    assert record["url"] == f"{NOWHERE}/noarch/{bench.archive.name}"
    assert record["sha256"] == bench.sha256


def test_it_hashes_what_lies_in_its_cache(bench: Bench) -> None:
    """An archive with another digest than the list is refused."""
    done = bench.install(sha256="0" * 64)
    assert done.returncode != 0
    assert not (bench.prefix / "share/note.txt").exists()
