"""The folders of a prefix, listed by one process or all: the same is seen."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sealenv.host.readers import Readers
from sealenv.seals.listing import Listing
from sealenv.seals.row import Row
from sealenv.seals.tree import look

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lists folders one by one")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Enough folders to be worth a helper, and everything that can be in one."""
    for number in range(150):
        folder = tmp_path / f"lib ü/{number}"
        folder.mkdir(parents=True)
        for name in range(10):
            (folder / f"{name}.py").write_bytes(b"x" * name)
    (tmp_path / "link").symlink_to("lib ü")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_text("no UTF-8")
    (tmp_path / "pkgs").mkdir()
    (tmp_path / "pkgs/nobodys").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def listed(prefix: Path, expected: dict[str, Row]) -> dict[str, Row]:
    with Readers(3) as readers:
        return look(prefix, listing=Listing(readers, prefix, expected.values()))


def test_all_processors_see_the_same(prefix: Path) -> None:
    rows = look(prefix)
    assert rows["broken"].kind == "l"
    assert rows["fifo"].problem
    assert "pkgs" not in rows
    assert listed(prefix, rows) == rows
    assert listed(prefix, {}) == rows


def test_what_came_and_went_since(prefix: Path) -> None:
    before = look(prefix)
    (prefix / "new/deep").mkdir(parents=True)
    (prefix / "new/deep/file").touch()
    (prefix / "lib ü/6/another").write_text("new")
    (prefix / "empty").rmdir()
    (prefix / "lib ü/3/0.py").write_text("altered")
    (prefix / "lib ü/4/1.py").unlink()
    moved = prefix / "lib ü/5"
    moved.rename(prefix / "other")
    moved.symlink_to("4")
    rows = look(prefix)
    assert listed(prefix, before) == rows
    assert rows["lib ü/5"].kind == "l"
    assert rows["lib ü/6/another"].size == 3
    assert {"new/deep/file", "other/2.py"} < rows.keys()
