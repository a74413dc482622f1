"""Snapshots: what is in them, and what `is_unchanged` sees of a change."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.seals.snapshot import FILE, FOLDER, LINK, is_unchanged, take_snapshot

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and FIFOs")


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A few files, links and folders."""
    root = tmp_path / "e"
    (root / "lib" / "empty").mkdir(parents=True)
    (root / "conda-meta").mkdir()
    (root / "lib" / "a.py").write_text("a = 1\n")
    (root / "lib" / "b\udcff.py").write_text("b = 1\n")
    (root / "lib" / "link").symlink_to("a.py")
    (root / "lib" / "away").symlink_to("empty")
    return root


def test_what_is_in_it(prefix: Path) -> None:
    rows = take_snapshot(prefix)
    assert {path: row.kind for path, row in rows.items()} == {
        "lib": FOLDER,
        "conda-meta": FOLDER,
        "lib/empty": FOLDER,
        "lib/a.py": FILE,
        "lib/b\udcff.py": FILE,
        "lib/link": LINK,
        "lib/away": LINK,
    }
    assert rows["lib/a.py"].size == 6
    assert rows["lib/link"].digest == hashlib.sha256(b"a.py").digest()
    seen = {""}
    for path in rows:  # parents before children
        assert path.rpartition("/")[0] in seen
        seen.add(path)


def replaced(path: Path, make: Callable[[], object]) -> None:
    """Something else in its place."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink()
    make()


def new_folder(path: Path) -> None:
    path.mkdir()
    (path / "f").write_text("")


CHANGES: dict[str, Callable[[Path], object]] = {
    "longer": lambda lib: (lib / "a.py").write_text("a = 12\n"),
    "another mode": lambda lib: (lib / "a.py").chmod(0o600),
    "gone": lambda lib: (lib / "a.py").unlink(),
    "new": lambda lib: (lib / "new").write_text(""),
    "new folder with a file": lambda lib: new_folder(lib / "n"),
    "a link that leads elsewhere": lambda lib: replaced(
        lib / "link", lambda: (lib / "link").symlink_to("x.py")
    ),
    "a folder for a link": lambda lib: replaced(lib / "away", (lib / "away").mkdir),
    "a FIFO for a file": lambda lib: replaced(lib / "a.py", lambda: os.mkfifo(lib / "a.py")),
    "a copy of a file": lambda lib: replace(lib / "a.py"),
}


def replace(path: Path) -> None:
    """The same bytes, mode and time, another inode."""
    then = path.stat()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(then.st_atime_ns, then.st_mtime_ns))
    copy.rename(path)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(prefix: Path, change: Callable[[Path], object]) -> None:
    sealed = take_snapshot(prefix)
    change(prefix / "lib")
    assert not is_unchanged(take_snapshot(prefix), sealed)


def test_a_new_empty_folder_is_no_change(prefix: Path) -> None:
    sealed = take_snapshot(prefix)
    (prefix / "lib" / "n").mkdir()
    assert is_unchanged(take_snapshot(prefix), sealed)
