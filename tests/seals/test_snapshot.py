"""Snapshots: what is in them, and what `is_unchanged` sees of a change."""

from __future__ import annotations

import hashlib
import os
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


def test_a_change_is_seen(prefix: Path) -> None:
    sealed = take_snapshot(prefix)
    lib = prefix / "lib"
    file = lib / "a.py"
    then = file.stat()
    file.rename(lib / "b.py")
    assert not is_unchanged(take_snapshot(prefix), sealed), "a new name"
    (lib / "b.py").rename(file)
    (lib / "n").mkdir()
    assert is_unchanged(take_snapshot(prefix), sealed), "a new empty folder is no change"
    (lib / "n" / "f").write_text("")
    assert not is_unchanged(take_snapshot(prefix), sealed), "a new file"
    (lib / "n" / "f").unlink()
    file.chmod(0o600)
    assert not is_unchanged(take_snapshot(prefix), sealed), "another mode"
    file.chmod(then.st_mode)
    (lib / "link").unlink()
    (lib / "link").symlink_to("x.py")
    assert not is_unchanged(take_snapshot(prefix), sealed), "a link that leads elsewhere"
    (lib / "link").unlink()
    (lib / "link").symlink_to("a.py")
    copy = lib / "copy"
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(then.st_atime_ns, then.st_mtime_ns))
    copy.rename(file)
    assert not is_unchanged(take_snapshot(prefix), sealed), "the same bytes and time, another inode"
