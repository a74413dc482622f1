"""What lies in a prefix: every path with kind, mode, size and time, and digests where needed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.layout import OUTSIDE, Entry
from sealenv.seals.path import FILE, FOLDER, LINK, native
from sealenv.seals.row import Row, row_of

if TYPE_CHECKING:
    from sealenv.seals.comparison import Comparison

__all__ = ["look", "rows_of"]


def look(
    prefix: Path,
    presumed: Mapping[str, Row] | None = None,
    *,
    outside: Collection[str] = OUTSIDE,
    comparison: Comparison | None = None,
) -> dict[str, Row]:
    """Every path of the prefix, parents before children; links have their digest, files none.

    Never through a link. What cannot be looked at has its problem; what
    goes away meanwhile is left out.

    Args:
        prefix: the prefix.
        presumed: for who reads every file after this: what is a file here and there is given that row,
            with digest, and on POSIX without being asked for its mode, size and time (with a comparison
            also a folder of that mode, and a link with that text).
        outside: what is left out, with what is in it.
        comparison: of folders, which are not looked into again.

    Raises:
        OSError: the prefix itself cannot be read.
    """
    rows: dict[str, Row] = {}
    known = presumed or {}
    compared = comparison.finish(rows, known, outside) if comparison else None
    pending = [""]
    while pending:
        folder = pending.pop()
        if compared is not None and (folders := compared(folder)) is not None:
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
                row = rows[folder] = rows[folder].copy()  # it may be the very row that was sealed
                row.problem = error.strerror or str(error)
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
        row = rows[path] = row_of(path, entry.status)
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
                rows[path] = then
                continue
            try:
                row = rows[path] = row_of(path, entry.stat(follow_symlinks=False))
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


def _link_text(path: str | bytes) -> bytes:
    if isinstance(path, bytes):
        return os.readlink(path)
    text = os.readlink(path)
    if os.name == "nt":
        return text.removeprefix("\\\\?\\").replace("\\", "/").encode("utf-8", "surrogatepass")
    return os.fsencode(text)
