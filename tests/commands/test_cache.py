"""`cache info` and `cache clean`: what is deleted comes back, what is conda's is never touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def used(machine: Machine, channels: Channels) -> Machine:
    """After one create."""
    machine.tiny("one", channels.main_url, "prio", "dated")
    return machine


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def sizes(machine: Machine) -> dict[str, int]:
    parts = machine.json("cache", "info")["parts"]
    return {part["part"]: part["files"] for part in parts}


def test_each_part_goes_alone_and_comes_back(used: Machine, channels: Channels) -> None:
    before = sizes(used)
    assert before["archives"] == 6  # two archives, two manifests, two notes of modes
    assert "needs confirmation" in used.run("cache", "clean", "--all", code=2).stderr
    left = dict(before)
    for part in ("archives", "unpacked", "compiled", "repodata", "tmp"):
        used.run("cache", "clean", f"--{part}", "-y")
        left[part] = 0
        assert sizes(used) == left
    used.tiny("two", channels.main_url, "prio", "dated")
    assert sizes(used) == before
    for name in ("one", "two"):
        assert not verify(used.envs / name).findings


OFFERED = {"prio-1.0-0.conda", "dated-2.0-0.conda"}


def test_all_leaves_environments_and_what_conda_has_put_into_its_cache(
    used: Machine, channels: Channels
) -> None:
    pkgs = used.cache / "pkgs"
    before = content(pkgs)
    assert {name for name in before if name.endswith(".conda")} == OFFERED
    theirs = {"other-1-0.conda": b"conda's", "other-1-0/info/index.json": b"{}"}
    for name, data in theirs.items():
        (pkgs / name).parent.mkdir(exist_ok=True, parents=True)
        (pkgs / name).write_bytes(data)
    used.run("cache", "clean", "--all", "-y")
    assert set(sizes(used).values()) == {0}
    assert content(pkgs) == {n: d for n, d in before.items() if n not in OFFERED} | theirs
    assert not verify(used.envs / "one").findings
    used.tiny("two", channels.main_url, "prio", "dated")
    assert content(pkgs) == before | theirs  # and no line of urls.txt is there twice


def test_partial_downloads_are_never_used(used: Machine, channels: Channels) -> None:
    (archive,) = (used.cache / "archives").glob("*/prio-*.conda")
    digest = archive.parent.name
    shutil.rmtree(archive.parent)
    (used.cache / "tmp" / f"{digest}.part").write_bytes(b"of a killed create")
    shutil.rmtree(used.cache / "unpacked")
    used.tiny("two", channels.main_url, "prio")
    assert not verify(used.envs / "two").findings
    assert sizes(used)["tmp"] == 0
