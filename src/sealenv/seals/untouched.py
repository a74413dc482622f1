"""What `verify --fast` asks first: does anything speak for a change since it was sealed?

Most often nothing does, and then this is the whole of it: one lstat for each path, no folder listed but
those whose time is not the sealed one, since an entry that came, went or got another name changes it.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from sealenv.seals.filetable import FileTable
from sealenv.seals.row import FILE, FOLDER, LINK, Row, native
from sealenv.seals.tree import OUTSIDE

__all__ = ["is_same", "is_untouched"]

_TYPES = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, FOLDER: stat.S_IFDIR}


def is_untouched(prefix: Path, table: FileTable) -> bool:
    """Whether kind, mode, size, time and inode of everything are the sealed ones, and nothing is new.

    Always False on Windows: there a folder's list tells all that, and a look at each path takes longer.
    """
    if sys.platform == "win32" or not table.paths:
        return False
    try:
        root = os.open(prefix, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        changed = _changed_folders(root, table)
    except OSError:
        return False
    finally:
        os.close(root)
    return changed is not None and not _has_new(prefix, changed, set(table.paths.split(b"\0")))


def _changed_folders(root: int, table: FileTable) -> list[bytes] | None:
    """The folders whose time is another one; None where anything else is. The root is an open folder:
    a sixth less time than with absolute paths, whose first folders are looked up for each file."""
    changed = [b""]
    for path, kind, mode, size, mtime, inode in zip(
        table.paths.split(b"\0"), table.kinds, table.modes, table.sizes, table.mtimes, table.inodes,
        strict=True,
    ):  # fmt: skip
        now = os.lstat(path, dir_fd=root)
        if now.st_mode != _TYPES[kind] | mode:
            return None
        if kind == FOLDER:
            if now.st_mtime_ns != mtime:
                changed.append(path)
        elif (now.st_mtime_ns, now.st_ino) != (mtime, inode) or (
            now.st_size != size and kind == FILE
        ):
            return None
    return changed


def _has_new(prefix: Path, folders: list[bytes], known: set[bytes]) -> bool:
    """Whether something lies in one of these folders that nobody knows."""
    root = os.fsencode(native(prefix, ""))
    outside = {name.encode() for name in OUTSIDE}
    for folder in folders:
        try:
            with os.scandir(root + folder) as entries:
                found = {entry.path[len(root) :] for entry in entries}
        except OSError:
            return True
        if not found <= known | outside:
            return True
    return False


def is_same(rows: Mapping[str, Row], sealed: Mapping[str, Row]) -> bool:
    """The same question for what was looked at already."""
    missing = len(sealed)
    for path, row in rows.items():
        then = sealed.get(path)
        if then is None:
            if row.kind != FOLDER:
                return False
            continue
        missing -= 1
        if row.kind == then.kind == FOLDER:
            same = row.mode == then.mode and not row.problem
        else:
            same = row.same_stat(then)
        if not same:
            return False
    return missing == 0
