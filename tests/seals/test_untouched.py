"""`is_untouched` looks at known paths alone: it must see whatever a look at everything sees."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.seals.digests import hash_rows
from sealenv.seals.filetable import FileTable
from sealenv.seals.tablerows import encode, sealed_rows
from sealenv.seals.tree import look
from sealenv.seals.untouched import is_same, is_untouched
from sealenv.system.readers import Readers

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there everything is looked at")


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


def table_of(prefix: Path) -> FileTable:
    rows = look(prefix)
    with Readers(1) as readers:
        hash_rows(readers, prefix, rows)
    return FileTable(encode(rows.values()))


def test_nothing_changed(prefix: Path) -> None:
    table = table_of(prefix)
    assert is_untouched(prefix, table)
    assert is_same(look(prefix), sealed_rows(table))


def test_what_tells_of_the_rest_is_nobody_s(prefix: Path) -> None:
    table = table_of(prefix)
    for name in (
        "conda-meta/sealenv",
        "conda-meta/sealenv.files",
        "__home__/x",
        "pkgs/y",
        "envs/z",
    ):
        (prefix / name).parent.mkdir(exist_ok=True)
        (prefix / name).write_text("")
    assert is_untouched(prefix, table)
    assert is_same(look(prefix), sealed_rows(table))


def keep_times(path: Path, change: Callable[[], object]) -> None:
    """Change it, and give its folder the time that it had."""
    then = path.parent.stat()
    change()
    os.utime(path.parent, ns=(then.st_atime_ns, then.st_mtime_ns))


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
    "a second later": lambda lib: os.utime(lib / "a.py", (1, 1)),
    "another mode": lambda lib: (lib / "a.py").chmod(0o600),
    "another mode of a folder": lambda lib: (lib / "empty").chmod(0o700),
    "gone": lambda lib: (lib / "a.py").unlink(),
    "gone, the folder's time put back": lambda lib: keep_times(lib / "a.py", (lib / "a.py").unlink),
    "new": lambda lib: (lib / "new").write_text(""),
    "new in an empty folder": lambda lib: (lib / "empty" / "new").write_text(""),
    "new folder with a file": lambda lib: new_folder(lib / "n"),
    "another name": lambda lib: (lib / "a.py").rename(lib / "c.py"),
    "a link that leads elsewhere": lambda lib: replaced(
        lib / "link", lambda: (lib / "link").symlink_to("x.py")
    ),
    "a folder for a link": lambda lib: replaced(lib / "away", (lib / "away").mkdir),
    "a link for a folder": lambda lib: replaced(
        lib / "empty", lambda: (lib / "empty").symlink_to("../conda-meta")
    ),
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
    table = table_of(prefix)
    change(prefix / "lib")
    assert not is_untouched(prefix, table)
    assert not is_same(look(prefix), sealed_rows(table))


def test_a_new_empty_folder_is_no_change(prefix: Path) -> None:
    table = table_of(prefix)
    (prefix / "lib" / "n").mkdir()
    assert is_same(look(prefix), sealed_rows(table))


def test_an_empty_table(tmp_path: Path) -> None:
    table = table_of(tmp_path)
    (tmp_path / "x").write_text("")
    assert not is_untouched(tmp_path, table)
