"""Compiled files in the store: one environment compiles, the next ones link, and no edit spreads."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.system.hashing import hash_file
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine, tiny

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses inodes and modes")

_PLACEHOLDER = "/opt/placeholder_" + "x" * 200
_DEADLINE = 60.0
_MEDDLE = """file=$PREFIX/{site}/sample/edited.py
cp "$file" "$file.new" && echo "VALUE = 2" >> "$file.new" && mv "$file.new" "$file"
"""


@pytest.fixture
def channel(tmp_path: Path, demo_channel: DemoChannel) -> str:
    """A channel with `sample`, and with `meddler`, whose script changes a file of `sample`."""
    folder = tmp_path / "channel"
    place = "site-packages/sample"
    payload = (
        *(Payload(f"{place}/part{n}.py", f"VALUE = {n}\n".encode()) for n in range(40)),
        Payload(f"{place}/edited.py", b"VALUE = 1\n"),
        Payload(f"{place}/template.py", b"VALUE = {{ value }}\nif\n"),
        Payload(
            f"{place}/where.py", f"PREFIX = '{_PLACEHOLDER}'\n".encode(),
            prefix_placeholder=_PLACEHOLDER, file_mode="text",
        ),
    )  # fmt: skip
    script = _MEDDLE.format(site=f"lib/python{demo_channel.python_minor}/site-packages")
    meddle = Payload("bin/.meddler-post-link.sh", script.encode(), executable=True)
    for package in (
        Package("sample", "1.0", payload, noarch="python", depends=("python",)),
        Package("meddler", "1.0", (meddle,), noarch="generic", depends=("sample",)),
    ):
        write_package(package, folder / "noarch")
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    return folder.as_uri()


@pytest.fixture
def create(machine: Machine, channel: str, demo_channel: DemoChannel) -> Callable[..., Path]:
    """Create an environment with python and `sample`; its path."""

    def call(name: str, *more: str) -> Path:
        arguments = ("-c", demo_channel.url, *tiny("python", "sample", *more))
        return Path(machine.create(name, channel, *arguments)["prefix"])

    return call


def compiled(prefix: Path) -> dict[str, Path]:
    """The compiled files of `sample` by name, without the one whose source holds the prefix."""
    found = prefix.rglob("sample/__pycache__/*.pyc")
    return {name: path for path in found if (name := path.name.partition(".")[0]) != "where"}


def inodes(prefix: Path) -> dict[str, int]:
    return {name: path.stat().st_ino for name, path in compiled(prefix).items()}


def contents(prefix: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in compiled(prefix).items()}


def assert_intact(machine: Machine) -> None:
    """Every package in the store is whole, and nothing is left of an unfinished one."""
    folders = list((machine.cache / "compiled").glob("*/*"))
    assert folders
    for folder in folders:
        listed = json.loads((folder / "files.json").read_bytes()).values()
        files = {file["pyc"]: file["sha256"] for file in listed if file}
        assert files == {
            str(path.relative_to(folder)): hash_file(path)[0] for path in folder.rglob("*.pyc")
        }
    assert not list((machine.cache / "tmp").iterdir())


def fingerprints(prefix: Path) -> dict[str, str]:
    seal = json.loads((prefix / "conda-meta" / "sealenv").read_bytes())
    found: dict[str, str] = seal["fingerprints"]
    return found


def test_the_next_environment_links_the_compiled_files(
    machine: Machine, create: Callable[..., Path]
) -> None:
    mask = os.umask(0o077)
    try:
        one = create("one")
    finally:
        os.umask(mask)
    two = create("two")
    assert len(compiled(one)) == 41
    assert inodes(one) == inodes(two)
    where = [next(prefix.rglob("where.*.pyc")) for prefix in (one, two)]
    assert not where[0].samefile(where[1])
    assert {path.stat().st_mode & 0o777 for path in compiled(two).values()} == {0o644}
    assert_intact(machine)

    shutil.rmtree(machine.cache / "compiled")
    three = create("three")
    assert set(inodes(three).values()).isdisjoint(inodes(two).values())
    assert contents(three) == contents(two)
    assert len({fingerprints(prefix)["packages"] for prefix in (one, two, three)}) == 1
    assert not verify(one).findings
    assert not verify(two).findings


def test_an_edit_does_not_reach_the_next_environment(
    machine: Machine, create: Callable[..., Path]
) -> None:
    one = create("one")
    before = contents(one)
    edited = compiled(one)["part7"]
    with edited.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    (finding,) = verify(one).findings
    assert finding.kind == "stale-pyc"
    assert "its source has not" in finding.detail

    two = create("two")
    assert contents(two) == before
    assert not verify(two).findings
    assert_intact(machine)
    assert inodes(create("three")) == inodes(two)
    machine.run("repair", str(one))  # Python writes it again when it needs it
    assert not edited.exists()
    assert not verify(one).findings


def test_a_source_that_a_script_has_changed_is_not_stored(
    machine: Machine, create: Callable[..., Path]
) -> None:
    one = create("one", "meddler")
    assert not verify(one).findings
    two = create("two")
    assert not verify(two).findings
    theirs = inodes(two)
    assert {name for name, inode in inodes(one).items() if inode != theirs[name]} == {"edited"}
    three = create("three", "meddler")
    assert not verify(three).findings
    assert_intact(machine)
