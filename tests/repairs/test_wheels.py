"""Repair of what the environment's pip installed: from the locked wheel, file by file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.seals.seal import read_seal
from sealenv.tour.channel import DemoChannel
from tests.commands.test_create_pip import TOOL, spec
from tests.machine import Machine
from tests.pypi.index import Index, Wheel
from tests.repairs.test_repair import edit, everything, site

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip's launchers hold the time there")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "index")
    made.add(TOOL, Wheel("helper"))
    return made


@pytest.fixture
def made(warm_machine: Machine, demo_channel: DemoChannel, index: Index) -> tuple[Machine, Path]:
    answer = warm_machine.json(
        "create", "-f", str(spec(warm_machine, demo_channel, index.url, "hello-tool"))
    )
    return warm_machine, Path(answer["prefix"])


def damage(prefix: Path) -> set[str]:
    """Altered, missing, a wrong mode, a launcher, a script, data, and the RECORD of another."""
    edit(site(prefix, "hello_tool/__init__.py"))
    site(prefix, "hello_tool-1.0.dist-info/METADATA").unlink()
    site(prefix, "hello_tool/broken.py").chmod(0o600)
    edit(prefix / "bin/hello-tool")
    (prefix / "bin/plain-tool").unlink()
    (prefix / "share/hello/x.txt").unlink()
    (prefix / "share/hello").rmdir()
    site(prefix, "helper-1.0.dist-info/RECORD").unlink()
    return {
        "__init__.py", "METADATA", "broken.py", "hello-tool", "plain-tool", "x.txt", "RECORD",
    }  # fmt: skip


@pytest.mark.slow
def test_it_comes_back(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    before = everything(prefix)
    damaged = damage(prefix)
    edit(site(prefix, "pip/__main__.py"))  # pip itself is restored first
    planned = machine.json("repair", str(prefix), "--dry-run")
    names = {Path(f["path"]).name for f in planned["repaired"]}
    assert damaged | {"__main__.py"} <= names
    assert planned["left"] == []
    answer = machine.json("repair", str(prefix), "--offline")
    assert answer["left"] == []
    assert {Path(f["path"]).name for f in answer["repaired"]} == names
    assert everything(prefix) == before
    assert verify(prefix).fingerprints.now == read_seal(prefix).fingerprints


@pytest.mark.slow
def test_the_wheel_is_fetched_anew(
    made: tuple[Machine, Path], demo_channel: DemoChannel, tmp_path: Path, index: Index
) -> None:
    """Not in the cache: from where it was; and nothing is changed where that cannot be."""
    machine, prefix = made
    before = everything(prefix)
    edit(site(prefix, "helper.py"))
    empty = str(tmp_path / "empty")
    assert machine.json("repair", str(prefix), SEALENV_CACHE=empty)["left"] == []
    assert everything(prefix) == before
    edit(site(prefix, "helper.py"))
    changed = everything(prefix)
    index.path(Wheel("helper")).write_bytes(b"other bytes")
    other = str(tmp_path / "other")
    assert machine.json("repair", str(prefix), code=5, SEALENV_CACHE=other)["error"] == "digest"
    assert everything(prefix) == changed


@pytest.mark.slow
def test_what_is_not_locked_is_named(made: tuple[Machine, Path], index: Index) -> None:
    """And what pip replaced since is not taken back unasked."""
    machine, prefix = made
    index.add(Wheel("unlocked"), Wheel("helper", "2.0"))
    pip = (
        "run",
        "--clean",
        str(prefix),
        "--",
        "python",
        "-m",
        "pip",
        "-q",
        "install",
        "--no-compile",
    )
    machine.run(*pip, "--index-url", index.url, "unlocked", "helper==2.0")
    edit(site(prefix, "unlocked.py"))
    edit(site(prefix, "helper.py"))
    changed = everything(prefix)
    answer = machine.json("repair", str(prefix), code=1)
    assert answer["repaired"] == []
    hints = {Path(f["path"]).name: f["hint"] for f in answer["left"] if f["kind"] == "altered"}
    assert hints == {
        "unlocked.py": f"its wheel is not locked: sealenv run {prefix} -- pip install --force-reinstall "
        "--no-deps unlocked==1.0",
        "helper.py": f"its wheel is not locked: sealenv run {prefix} -- pip install --force-reinstall "
        "--no-deps helper==2.0",
    }
    assert everything(prefix) == changed


@pytest.mark.slow
def test_something_else_is_where_the_record_was(made: tuple[Machine, Path]) -> None:
    """pip writes a file; and what only the RECORD could have told of comes back in the same run."""
    machine, prefix = made
    before = everything(prefix)
    record = site(prefix, "helper-1.0.dist-info/RECORD")
    for kind in ("nothing", "a link", "a folder", "a FIFO"):
        record.unlink()
        if kind == "a link":
            record.symlink_to("METADATA")
        elif kind == "a folder":
            record.mkdir()
        elif kind == "a FIFO":
            os.mkfifo(record)
        site(prefix, "helper.py").unlink()
        answer = machine.json("repair", str(prefix), "--offline")
        assert answer["left"] == []
        assert {Path(f["path"]).name for f in answer["repaired"]} >= {"RECORD", "helper.py"}
        assert everything(prefix) == before


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0, 30])
def test_a_record_that_was_cut(made: tuple[Machine, Path], cut: int) -> None:
    machine, prefix = made
    before = everything(prefix)
    record = site(prefix, "helper-1.0.dist-info/RECORD")
    record.write_bytes(record.read_bytes()[:cut])
    paths = [f.path for f in verify(prefix).findings]
    assert paths.count(record.relative_to(prefix).as_posix()) == 1
    assert machine.json("repair", str(prefix), "--offline")["left"] == []
    assert everything(prefix) == before
