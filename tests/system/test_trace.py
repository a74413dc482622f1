"""Snapshots of folders, and their comparison."""

from __future__ import annotations

import os
from pathlib import Path

from sealenv.system.trace import Snapshot, compare, take


def build(root: Path) -> Path:
    (root / "sub/deep").mkdir(parents=True)
    for name in ("a", "b", "sub/c", "sub/deep/d"):
        (root / name).write_text("x")
    return root


def changes(root: Path, before: Snapshot, after: Snapshot) -> list[list[str]]:
    kinds = compare(before.entries, after.entries).values()
    return [[Path(path).relative_to(root).as_posix() for path in kind] for kind in kinds]


def test_every_kind_of_change(tmp_path: Path) -> None:
    root = build(tmp_path / "home")
    before = take(str(root), full=True)
    (root / "new").write_text("")
    (root / "a").write_text("longer")
    (root / "b").chmod(0o400)
    (root / "sub/c").unlink()
    os.utime(root / "sub/deep/d", ns=(1, 1))
    assert changes(root, before, take(str(root), full=True)) == [
        ["new"],
        ["sub/c"],
        ["a", "b", "sub/deep/d"],
    ]


def test_skipped_folders_and_links_are_not_entered(tmp_path: Path) -> None:
    root = build(tmp_path / "home")
    (root / "link").symlink_to(build(tmp_path / "elsewhere"))
    inside = str(root / "sub/deep")
    for full in (True, False):
        assert inside not in take(str(root), full=full, skip=[inside]).entries
        assert take(inside, full=full, skip=[str(root / "sub")]).entries == {}
    assert len(take(str(root), full=True, skip=[inside]).entries) == 5
