"""Folders compared with what was sealed: what `look` sees file by file, whoever compares."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from sealenv.seals.comparison import Comparison
from sealenv.seals.path import FILE, FOLDER, LINK
from sealenv.seals.row import Row
from sealenv.seals.tree import look
from sealenv.system.readers import Readers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows lists folders one by one")

Seen = dict[str, tuple[str, int, bytes, str]]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Enough folders to be worth a helper, and everything that can be in one."""
    root = tmp_path / "env"
    for number in range(150):
        folder = root / f"lib ü/{number}"
        folder.mkdir(parents=True)
        for name in range(10):
            (folder / f"{name}.py").write_bytes(b"x" * name)
    for word in ("a", "a.b", "a b", "B", "ä", "-", "conda-meta"):  # in the order of their bytes
        (root / "odd" / word).mkdir(parents=True)
        (root / "odd" / f"{word}.txt").write_text(word)
    (root / "link").symlink_to("lib ü")
    (root / "broken").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).write_text("no UTF-8")
    (root / "pkgs").mkdir()
    (root / "pkgs/nobodys").touch()
    (root / "empty").mkdir()
    return root


def sealed(prefix: Path) -> dict[str, Row]:
    """As a file table has it: with a digest, without a time of change, by the bytes of the paths."""
    rows = look(prefix)
    for row in rows.values():
        row.ctime_ns = 0
        if row.kind == FILE:
            row.digest = b"d" * 32
    return {path: rows[path] for path in sorted(rows, key=os.fsencode)}


def compared(
    prefix: Path, then: dict[str, Row], known: dict[str, Row] | None = None, *, processes: int = 3
) -> dict[str, Row]:
    with Readers(processes) as readers:
        comparison = Comparison(readers, prefix, then)
        return look(prefix, then if known is None else known, comparison=comparison)


def told(rows: dict[str, Row]) -> Seen:
    """What verify goes by."""
    return {path: (row.kind, row.mode, row.digest, row.problem) for path, row in rows.items()}


@pytest.mark.parametrize("processes", [1, 3])
def test_what_is_as_it_was_sealed_is_that_row(prefix: Path, processes: int) -> None:
    then = sealed(prefix)
    found = compared(prefix, then, processes=processes)
    assert found == then
    assert all(row is then[path] for path, row in found.items())
    assert {row.kind for row in found.values()} == {FILE, LINK, FOLDER}
    assert "pkgs" not in found


def test_parents_come_before_children(prefix: Path) -> None:
    seen = {""}
    for path in compared(prefix, sealed(prefix)):
        assert path.rpartition("/")[0] in seen
        seen.add(path)


def test_what_came_and_went_since(prefix: Path) -> None:
    then = sealed(prefix)
    kept = {path: row.copy() for path, row in then.items()}
    (prefix / "new/deep").mkdir(parents=True)
    (prefix / "new/deep/file").touch()
    os.mkfifo(prefix / "odd/fifo")
    (prefix / "lib ü/6/another").write_text("new")
    (prefix / "empty").rmdir()
    (prefix / "lib ü/4/1.py").unlink()
    (prefix / "lib ü/7").chmod(0o700)
    (prefix / "lib ü/8/0.py").unlink()
    (prefix / "lib ü/8/0.py").mkdir()
    (prefix / "odd/a").rmdir()
    (prefix / "odd/a").symlink_to("B")
    (prefix / "broken").unlink()
    (prefix / "broken").symlink_to("link")
    moved = prefix / "lib ü/5"
    moved.rename(prefix / "other")
    moved.symlink_to("4")
    found = compared(prefix, then)
    assert told(found) == told(look(prefix, then))
    assert found["lib ü/6/another"].size == 3
    assert found["lib ü/5"].kind == found["odd/a"].kind == LINK
    assert found["broken"].digest != then["broken"].digest
    assert found["lib ü/7"].mode == 0o700
    assert found["odd/fifo"].problem
    assert {"new/deep/file", "other/2.py"} < found.keys()
    assert then == kept  # nothing was written into what was sealed


def test_only_what_is_known_is_presumed(prefix: Path) -> None:
    """Who presumes less than was sealed has the rest looked at: size and time are those of now."""
    then = sealed(prefix)
    (prefix / "lib ü/9/0.py").write_text("no longer empty")
    found = compared(prefix, then, {path: row for path, row in then.items() if row.size})
    assert found["lib ü/9/0.py"].size == 15
    assert found["lib ü/9/1.py"] is then["lib ü/9/1.py"]
    assert {path for path, row in found.items() if row is not then[path]} == {
        path for path, row in then.items() if not row.size
    }


def test_a_table_in_another_order_costs_time_alone(prefix: Path) -> None:
    then = sealed(prefix)
    assert compared(prefix, dict(reversed(then.items()))) == then


def test_folders_that_are_gone(prefix: Path) -> None:
    then = sealed(prefix)
    shutil.rmtree(prefix / "lib ü")
    assert told(compared(prefix, then)) == told(look(prefix, then))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_read(prefix: Path) -> None:
    then = sealed(prefix)
    closed = prefix / "lib ü/3"
    closed.chmod(0)
    try:
        found = compared(prefix, then)
    finally:
        closed.chmod(0o755)
    assert found["lib ü/3"].problem
    assert not then["lib ü/3"].problem
    assert "lib ü/3/1.py" not in found
