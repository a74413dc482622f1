"""A snapshot: every path of a prefix, with kind, mode, size, time, and digest if it is known."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from sealenv.errors import unreadable
from sealenv.layout import OUTSIDE, leads_elsewhere
from sealenv.system.hashing import hash_files

FILE, LINK, FOLDER = "f", "l", "d"
WORDS = {FILE: "file", LINK: "link", FOLDER: "folder"}
_NOT_REGULAR = "it is neither a file nor a link nor a folder"


class Row(msgspec.Struct, gc=False):
    """One path of a prefix: a row of a snapshot, and of the file table."""

    path: str
    """Relative, with `/`; bytes that are not UTF-8 as surrogates, whatever the locale."""
    kind: str
    mode: int
    """Permission bits."""
    size: int
    """In bytes; 0 for a link."""
    mtime_ns: int
    """Like the inode modulo 2**64, as the file table stores them."""
    inode: int
    ctime_ns: int = 0
    digest: bytes = b""
    """sha256 of a file's bytes or of a link's target; empty if it is not known."""
    problem: str = ""
    """Why it cannot be read."""

    def copy(self) -> Row:
        """Return a copy."""
        return msgspec.structs.replace(self)

    def same_stat(self, other: Row) -> bool:
        """Return whether kind, mode, size, time and inode are the same: what `--fast` compares."""
        return (
            self.mtime_ns == other.mtime_ns
            and self.size == other.size
            and self.inode == other.inode
            and self.mode == other.mode
            and self.kind == other.kind
        )


Snapshot = dict[str, Row]
"""Every path of a prefix, now or when it was sealed."""


def raw(path: str) -> bytes:
    """Return a path as UTF-8."""
    return path.encode("utf-8", "surrogateescape")


def readable(path: str) -> str:
    r"""Return a path as text for a seal, which is JSON: bytes that are not UTF-8 as `\xNN`."""
    return raw(path).decode("utf-8", "backslashreplace")


def native(prefix: Path, path: str) -> str | bytes:
    """Return a path of a prefix as the operating system takes it."""
    if os.name == "nt":
        from sealenv.system.volumes import extended

        return f"{extended(prefix)}\\{path.replace('/', os.sep)}"
    return os.fsencode(f"{prefix}/") + raw(path)


def row_of(path: str, status: os.stat_result) -> Row:
    """Return the row of a path from its status, without a digest."""
    mode = status.st_mode
    size = status.st_size
    problem = ""
    if leads_elsewhere(status):
        kind, size = LINK, 0  # some file systems do not report the length of its text
    elif stat.S_ISDIR(mode):
        kind = FOLDER
    else:
        kind = FILE
        if not stat.S_ISREG(mode):
            problem = _NOT_REGULAR
    # A time may be before 1970 or after 2554, and an inode of ReFS has 128 bits.
    mtime, inode = status.st_mtime_ns % 2**64, status.st_ino % 2**64
    return Row(path, kind, mode & 0o7777, size, mtime, inode, status.st_ctime_ns, problem=problem)


def look_again(prefix: Path, rows: Snapshot, paths: Iterable[str]) -> None:
    """Take the rows of paths that were written since, and of their folders.

    Raises:
        OSError: a path is gone.
    """
    for path in paths:
        while path:
            rows[path] = row_of(path, os.lstat(native(prefix, path)))
            path = path.rpartition("/")[0]


def take_snapshot(prefix: Path, *, outside: Collection[str] = OUTSIDE) -> Snapshot:
    """Take the status of every path, parents before children; links have a digest, files none.

    No link is followed, and nothing `outside` is entered. A path that cannot be read has its problem;
    one that is deleted meanwhile is left out.

    Raises:
        FilesystemError: the prefix itself cannot be read.
    """
    rows: Snapshot = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            pending += _scan(prefix, folder, rows, outside)
        except OSError as error:
            if not folder:
                raise unreadable(error, prefix) from error
            if isinstance(error, (FileNotFoundError, NotADirectoryError)):
                del rows[folder]
            else:
                rows[folder].problem = error.strerror or str(error)
    return rows


def _scan(prefix: Path, folder: str, rows: Snapshot, outside: Collection[str]) -> list[str]:
    """Add the entries of a folder to the rows; return the folders among them."""
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
            try:
                row = rows[path] = row_of(path, entry.stat(follow_symlinks=False))
                if row.kind is FOLDER:
                    folders.append(path)
                elif row.kind is LINK:
                    target = os.readlink(os.fsdecode(entry.path))
                    row.digest = hashlib.sha256(link_bytes(target)).digest()
            except FileNotFoundError:
                rows.pop(path, None)
            except OSError as error:
                kind = LINK if entry.is_symlink() else FOLDER if entry.is_dir() else FILE
                rows[path] = Row(path, kind, 0, 0, 0, 0, problem=error.strerror or str(error))
    return folders


def link_bytes(text: str) -> bytes:
    """Return the target of a link as its digest is taken."""
    if os.name == "nt":
        return text.removeprefix("\\\\?\\").replace("\\", "/").encode("utf-8", "surrogatepass")
    return os.fsencode(text)


def hash_rows(
    prefix: Path,
    rows: Snapshot,
    wanted: Iterable[Row],
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Hash the wanted files; drop those that were deleted. Return how many were read.

    A file that cannot be read gets its problem. `on_file` is called now and then with files done and
    files in all.
    """
    files = [row for row in wanted if row.kind == FILE and not row.problem]
    names = [native(prefix, row.path) for row in files]
    answers = hash_files(names, [row.size for row in files], on_file)
    for row, answer in zip(files, answers, strict=True):
        if isinstance(answer, bytes):
            row.digest = answer
        elif isinstance(answer, (FileNotFoundError, NotADirectoryError)):
            del rows[row.path]
        else:
            row.problem = answer.strerror or str(answer)
    return len(files)


def is_unchanged(now: Mapping[str, Row], sealed: Mapping[str, Row]) -> bool:
    """Return whether size, time, inode and mode of everything are as sealed, and nothing is new."""
    return next(differing(now, sealed), None) is None


def differing(now: Mapping[str, Row], then: Mapping[str, Row]) -> Iterator[str]:
    """Yield the paths that differ in size, time, inode or mode; new folders do not count."""
    for path, row in now.items():
        old = then.get(path)
        if row.kind == FOLDER:
            same = not row.problem and (old is None or (old.kind, old.mode) == (FOLDER, row.mode))
        else:
            same = old is not None and row.same_stat(old)
        if not same:
            yield path
    yield from then.keys() - now.keys()


def is_compiled(path: str) -> bool:
    """Return whether a path is compiled Python, which is not in `packages`."""
    return path.endswith((".pyc", ".pyo"))


_CACHED = re.compile(r"(.*/|)__pycache__/([^/]+?)\.[\w-]+(\.opt-[\w]+)?\.pyc")


def source_of(path: str) -> str | None:
    """Return the source of a compiled file (PEP 3147); None: it needs none."""
    found = _CACHED.fullmatch(path)
    return f"{found[1]}{found[2]}.py" if found else None
