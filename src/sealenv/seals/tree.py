"""What lies in a prefix: every path with kind, mode, size and time, and digests where needed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sealenv.host.volumes import extended
from sealenv.layout import (
    FILES,
    MARKER,
    MOVING,
    PKGS,
    PLAN,
    SCRATCH,
    SEAL,
    USER_FOLDER,
    Entry,
    leads_elsewhere,
)

if TYPE_CHECKING:
    from sealenv.seals.listing import Listing

__all__ = [
    "FILE",
    "FOLDER",
    "LINK",
    "NO_FILE",
    "OUTSIDE",
    "Row",
    "look",
    "look_again",
    "native",
    "root_of",
    "rows_of",
]

FILE, LINK, FOLDER = "f", "l", "d"

OUTSIDE = frozenset({USER_FOLDER, PKGS, "envs", SCRATCH, SEAL, FILES, MOVING, MARKER, PLAN})
"""What is nobody's payload: the user folder, package caches and further environments of a conda
installation, and what tells of the rest. Neither read nor part of a fingerprint."""


class Row(msgspec.Struct, gc=False):
    """One path of a prefix."""

    path: str
    """Relative, with `/`; bytes that are no UTF-8 as surrogates, whatever the locale."""
    kind: str
    mode: int
    """Permission bits."""
    size: int
    mtime_ns: int
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


def look(
    prefix: Path,
    presumed: Mapping[str, Row] | None = None,
    *,
    outside: Collection[str] = OUTSIDE,
    listing: Listing | None = None,
) -> dict[str, Row]:
    """Every path of the prefix, parents before children; links have their digest, files none.

    Never through a link. What cannot be looked at has its problem; what
    goes away meanwhile is left out.

    Args:
        prefix: the prefix.
        presumed: for who reads every file after this: what is a file here and there is given that row,
            with digest, and on POSIX without being asked for its mode, size and time.
        outside: what is left out, with what is in it.
        listing: of folders, which are not looked into again.

    Raises:
        OSError: the prefix itself cannot be read.
    """
    rows: dict[str, Row] = {}
    known = presumed or {}
    listed = listing.finish(rows, known, outside) if listing else None
    pending = [""]
    while pending:
        folder = pending.pop()
        if listed is not None and (folders := listed(folder)) is not None:
            pending += folders
            continue
        try:
            pending += _look_into(prefix, folder, rows, known, outside)
        except OSError as error:
            if not folder:
                raise
            if isinstance(error, (FileNotFoundError, NotADirectoryError)):
                del rows[folder]
            else:
                rows[folder].problem = error.strerror or str(error)
    return rows


def rows_of(entries: Iterable[Entry]) -> dict[str, Row]:
    """The same of what was walked through already; only links are asked for their text.

    Raises:
        OSError: a link cannot be read.
    """
    rows = {}
    for entry in entries:
        path = entry.relative
        if not path.isascii():
            path = os.fsencode(path).decode("utf-8", "surrogateescape")
        if path.partition("/")[0] in OUTSIDE or path in OUTSIDE:
            continue
        row = rows[path] = _row(path, entry.status)
        if row.kind is LINK:
            row.digest = hashlib.sha256(_link_text(entry.path)).digest()
    return rows


def _look_into(
    prefix: Path,
    folder: str,
    rows: dict[str, Row],
    known: Mapping[str, Row],
    outside: Collection[str],
) -> list[str]:
    """Note what lies in a folder; the folders among that."""
    above = f"{folder}/" if folder else ""
    folders = []
    with os.scandir(native(prefix, folder)) as found:
        for entry in found:
            name: str | bytes = entry.name
            if isinstance(name, bytes):
                name = name.decode("utf-8", "surrogateescape")
            path = above + name
            if path in outside:
                continue
            then = known.get(path)
            if then is not None and then.kind != FILE:
                then = None
            if then and os.name != "nt" and entry.is_file(follow_symlinks=False):
                rows[path] = then.copy()
                continue
            try:
                row = rows[path] = _row(path, entry.stat(follow_symlinks=False))
                if then and row.kind is FILE and not row.problem:
                    row.digest = then.digest
                elif row.kind is FOLDER:
                    folders.append(path)
                elif row.kind is LINK:
                    row.digest = hashlib.sha256(_link_text(entry.path)).digest()
            except FileNotFoundError:
                rows.pop(path, None)
            except OSError as error:
                kind = LINK if entry.is_symlink() else FOLDER if entry.is_dir() else FILE
                rows[path] = Row(path, kind, 0, 0, 0, 0, problem=error.strerror or str(error))
    return folders


NO_FILE = "it is neither a file nor a link nor a folder"


def _row(path: str, status: os.stat_result) -> Row:
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
        path, kind, mode & 0o7777, size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns,
        problem=problem,
    )  # fmt: skip


def look_again(prefix: Path, row: Row) -> None:
    """Take anew what was presumed of a file.

    Raises:
        OSError: it is gone.
    """
    now = _row(row.path, os.lstat(native(prefix, row.path)))
    row.kind, row.mode, row.size, row.problem = now.kind, now.mode, now.size, now.problem
    row.mtime_ns, row.inode, row.ctime_ns = now.mtime_ns, now.inode, now.ctime_ns


def native(prefix: Path, path: str) -> str | bytes:
    """A row's path as the operating system takes it."""
    if os.name == "nt":
        return f"{extended(prefix)}\\{path.replace('/', os.sep)}"
    return os.path.join(os.fsencode(prefix), path.encode("utf-8", "surrogateescape"))


def root_of(prefix: Path) -> str:
    """What comes before a row's path for `host.readers`."""
    root = native(prefix, "")
    return root.decode("utf-8", "surrogateescape") if isinstance(root, bytes) else root


def _link_text(path: str | bytes) -> bytes:
    if isinstance(path, bytes):
        return os.readlink(path)
    text = os.readlink(path)
    if os.name == "nt":
        return text.removeprefix("\\\\?\\").replace("\\", "/").encode("utf-8", "surrogatepass")
    return os.fsencode(text)
