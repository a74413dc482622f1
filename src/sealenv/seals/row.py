"""One path of a prefix: kind, mode, size and time, and its digest where that is known."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from sealenv.layout import leads_elsewhere
from sealenv.seals.path import FILE, FOLDER, LINK, TYPES, native
from sealenv.system.reader import STATUS, modulo

__all__ = [
    "NO_FILE",
    "Row",
    "look_again",
    "row_of",
    "status_of_row",
]

NO_FILE = "it is neither a file nor a link nor a folder"


class Row(msgspec.Struct, gc=False):
    """One path of a prefix."""

    path: str
    """Relative, with `/`; bytes that are no UTF-8 as surrogates, whatever the locale."""
    kind: str
    mode: int
    """Permission bits."""
    size: int
    mtime_ns: int
    """This and the inode as they are in `host.reader.STATUS`."""
    inode: int
    ctime_ns: int = 0
    digest: bytes = b""
    """sha256 of a file's bytes or of a link's text; empty where it is not known (yet)."""
    problem: str = ""
    """Why it cannot be read."""

    def copy(self) -> Row:
        """Another of the same."""
        return Row(
            self.path, self.kind, self.mode, self.size, self.mtime_ns, self.inode, 0, self.digest
        )

    def take(self, read: tuple[bytes, int] | OSError) -> None:
        """Note what hashing it gave."""
        if isinstance(read, OSError):
            self.digest = b""
            self.problem = read.strerror or str(read)
        else:
            self.digest = read[0]

    def is_as(self, read: tuple[bytes, int] | OSError) -> bool:
        """Whether that is what we took it for."""
        if isinstance(read, OSError):
            return False
        return self.digest == read[0] and (self.mode == read[1] or os.name == "nt")

    def same_stat(self, other: Row) -> bool:
        """Whether nothing speaks for a change since: what `--fast` goes by."""
        return (
            self.mtime_ns == other.mtime_ns
            and self.size == other.size
            and self.inode == other.inode
            and self.mode == other.mode
            and self.kind == other.kind
        )


def row_of(path: str, status: os.stat_result) -> Row:
    """What its status says; a link and a file have no digest yet."""
    mode = status.st_mode
    size = status.st_size
    problem = ""
    if leads_elsewhere(status):
        kind, size = LINK, 0  # the length of its text, which some file systems do not tell
    elif stat.S_ISDIR(mode):
        kind = FOLDER
    else:
        kind = FILE
        if not stat.S_ISREG(mode):
            problem = NO_FILE
    return Row(
        path, kind, mode & 0o7777, size, modulo(status.st_mtime_ns), modulo(status.st_ino),
        status.st_ctime_ns, problem=problem,
    )  # fmt: skip


def status_of_row(row: Row) -> bytes:
    """What `host.reader.status_of` says of that file or link, as long as nobody has written to it."""
    return STATUS.pack(TYPES[row.kind] | row.mode, row.mtime_ns, row.inode, row.size)


def look_again(prefix: Path, row: Row) -> None:
    """Take anew what was presumed of a file.

    Raises:
        OSError: it is gone.
    """
    now = row_of(row.path, os.lstat(native(prefix, row.path)))
    row.kind, row.mode, row.size, row.problem = now.kind, now.mode, now.size, now.problem
    row.mtime_ns, row.inode, row.ctime_ns = now.mtime_ns, now.inode, now.ctime_ns
