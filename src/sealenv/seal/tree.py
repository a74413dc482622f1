"""What lies in a prefix: every path with kind, mode, size and time, and digests where needed."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from sealenv.host.hashing import hash_files
from sealenv.host.volumes import extended
from sealenv.layout import FILES, MARKER, PKGS, PLAN, SCRATCH, SEAL, USER_FOLDER, walk

__all__ = [
    "FILE",
    "FOLDER",
    "LINK",
    "OUTSIDE",
    "Row",
    "hash_rows",
    "known_digests",
    "look",
    "native",
]

FILE, LINK, FOLDER = "f", "l", "d"

OUTSIDE = frozenset({USER_FOLDER, PKGS, "envs", SCRATCH, SEAL, FILES, MARKER, PLAN})
"""What is nobody's payload: the user folder, package caches and further environments of a conda
installation, and what tells of the rest. Neither read nor part of a fingerprint."""


_MEANWHILE = 6_000
"""Reading a record's line costs about as much as hashing so many bytes."""


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

    def same_stat(self, other: Row) -> bool:
        """Whether nothing speaks for a change since: what `--fast` goes by."""
        return (
            self.mtime_ns == other.mtime_ns
            and self.size == other.size
            and self.inode == other.inode
            and self.mode == other.mode
            and self.kind == other.kind
        )


_UTF8 = sys.getfilesystemencoding().lower().replace("-", "") == "utf8"


def look(prefix: Path) -> dict[str, Row]:
    """Every path of the prefix in the order of the walk; links have their digest, files none.

    Never through a link. What is `OUTSIDE` is left out.

    Raises:
        OSError: a folder cannot be read.
    """
    rows: dict[str, Row] = {}
    for entry in walk(extended(prefix), skip=OUTSIDE):
        status = entry.status
        path = entry.relative if _UTF8 else _text(entry.relative)
        kind = LINK if entry.is_link else FOLDER if entry.is_dir else FILE
        row = Row(
            path,
            kind,
            stat.S_IMODE(status.st_mode),
            status.st_size,
            status.st_mtime_ns,
            status.st_ino,
            status.st_ctime_ns,
        )
        if kind is LINK:
            row.size = 0  # the length of its text, which some file systems do not tell
            row.digest = hashlib.sha256(_link_text(entry.path)).digest()
        elif kind is FILE and not stat.S_ISREG(status.st_mode):
            row.problem = "it is neither a file nor a link nor a folder"
        rows[path] = row
    return rows


def native(prefix: Path, path: str) -> str | bytes:
    """A row's path as the operating system takes it."""
    if os.name == "nt":
        return f"{extended(prefix)}\\{path.replace('/', os.sep)}"
    return os.path.join(os.fsencode(prefix), path.encode("utf-8", "surrogateescape"))


def hash_rows(
    prefix: Path,
    rows: Iterable[Row],
    on_file: Callable[[int, int], None] = lambda done, total: None,
    *,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Fill in the digests of files that have none; what cannot be read gets its problem.

    Args:
        prefix: the prefix.
        rows: of it.
        on_file: called with files done and files in all.
        meanwhile: see `hash_files`; it may not need digests.
    """
    wanted = [row for row in rows if row.kind == FILE and not row.digest and not row.problem]
    root = native(prefix, "")
    if isinstance(root, bytes):  # `native` for each would join what is the same each time
        files: list[tuple[str | bytes, int]] = [
            (root + row.path.encode("utf-8", "surrogateescape"), row.size) for row in wanted
        ]
    else:
        files = [(native(prefix, row.path), row.size) for row in wanted]
    cost = _MEANWHILE * len(wanted)
    digests = hash_files(files, on_file, meanwhile=meanwhile, meanwhile_cost=cost)
    for row, digest in zip(wanted, digests, strict=True):
        if isinstance(digest, OSError):
            row.problem = digest.strerror or str(digest)
        else:
            row.digest = digest


def known_digests(rows: Mapping[str, Row], known: Mapping[str, bytes], since: int) -> None:
    """Take digests over for files that nothing has touched since.

    Args:
        rows: of a prefix.
        known: path -> the digest that it had then.
        since: a time of the file system, in ns. What has a later or equal time of change is hashed
            instead. (On Windows that is the time of the last write: there is no other.)
    """
    for path, digest in known.items():
        row = rows.get(path)
        if row is None or row.kind != FILE:
            continue
        changed = row.mtime_ns if os.name == "nt" else row.ctime_ns
        if changed < since:
            row.digest = digest


def _text(relative: str) -> str:
    return os.fsencode(relative).decode("utf-8", "surrogateescape")


def _link_text(path: str) -> bytes:
    text = os.readlink(path)
    if os.name == "nt":
        return text.removeprefix("\\\\?\\").replace("\\", "/").encode("utf-8", "surrogatepass")
    return os.fsencode(text)
