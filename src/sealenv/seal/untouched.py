"""What `verify --fast` asks first: does anything speak for a change since it was sealed?

Most often nothing does, and then this is the whole of it: one lstat for each path, no folder listed but
those whose time is not the sealed one, since an entry that came, went or got another name changes it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from sealenv.seal.filetable import FileTable
from sealenv.seal.tree import FILE, FOLDER, LINK, OUTSIDE, Row, native

__all__ = ["is_same", "is_untouched"]

_TYPES = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, FOLDER: stat.S_IFDIR}


def is_untouched(prefix: Path, table: FileTable) -> bool:
    """Whether kind, mode, size, time and inode of everything are the sealed ones, and nothing is new.

    Always False on Windows: there a folder's list tells all that, and a look at each path takes longer.
    """
    if os.name == "nt" or not table.paths:
        return False
    root = os.fsencode(native(prefix, ""))
    paths = table.paths.split(b"\0")
    changed = [root]
    try:
        for path, kind, mode, size, mtime, inode in zip(
            paths, table.kinds, table.modes, table.sizes, table.mtimes, table.inodes, strict=True
        ):
            now = os.lstat(root + path)
            if now.st_mode != _TYPES[kind] | mode:
                return False
            if kind == FOLDER:
                if now.st_mtime_ns != mtime:
                    changed.append(root + path)
            elif (now.st_mtime_ns, now.st_ino) != (mtime, inode) or (
                now.st_size != size and kind == FILE
            ):
                return False
    except OSError:
        return False
    return not _has_new(root, changed, set(paths))


def _has_new(root: bytes, folders: list[bytes], known: set[bytes]) -> bool:
    """Whether something lies in one of these folders that nobody knows."""
    outside = {name.encode() for name in OUTSIDE}
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
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
