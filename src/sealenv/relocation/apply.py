"""Rewrite all files that hold the old path, in the order in which they depend on each other.

Files, then compiled Python, then what has digests of files (pip's RECORD, package records), last the
activation scripts: as long as one of those holds the old path, it refuses.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping

from sealenv.activation.scripts import activation_files
from sealenv.errors import SealenvError
from sealenv.layout import HISTORY, META
from sealenv.relocation.digests import redigest_record, redigest_wheel
from sealenv.relocation.files import Files, Write
from sealenv.relocation.relocation import Relocation
from sealenv.seals.check_compiled import source_of
from sealenv.seals.snapshot import FILE, LINK, Row

__all__ = ["rewrite_files", "rewrite_history"]


def rewrite_files(
    files: Files,
    rows: Mapping[str, Row],
    found: Collection[str],
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Rewrite all but the history, the table and the seal.

    Args:
        files: writes into them.
        rows: every path of the prefix.
        found: the files that hold the old path.
        on_file: called with files done and files in all.

    Raises:
        FilesystemError: one cannot be read or replaced.
        LinkError: a binary has no room for the new path.
    """
    move = files.move
    links = {path for path in found if rows[path].kind == LINK}  # whatever their name says
    scripts = _activation(move, rows)
    records = {f"{META}/{record.dist}.json" for record in move.records}
    records = {p for p in records & rows.keys() if rows[p].kind == FILE}
    wheel_records = files.owners.wheel_records - links
    last = {HISTORY, *records, *scripts, *wheel_records}
    for number, path in enumerate(sorted(links | ({*found} - last))):
        if path in links:
            files.link(path)
        else:
            files.rewrite(path)
        on_file(number + 1, len(found))
    for path in sorted(_compiled_from(files.changes, rows).difference(files.deleted)):
        files.delete(path)
    for path in sorted(wheel_records):
        if path in found or files.owners.vouches(path, files.changes):
            _rewrite_wheel_record(files, path)
    for path in sorted(records):
        changed = files.owners.of_package(path, files.changes)
        if path in found or changed:
            files.replace(path, lambda d, c=changed: redigest_record(files.change.apply(d), c))  # type: ignore[misc]
    for path, (old, new) in scripts.items():
        if files.read(path) == old:
            files.replace(path, lambda _, new=new: new)  # type: ignore[misc]
        elif files.read(path) != new:
            files.rewrite(path)


def rewrite_history(files: Files, rows: Mapping[str, Row], write: Write) -> None:
    """Rewrite the history, which is locked: `write` replaces it without giving up the lock."""
    row = rows.get(HISTORY)
    if row is not None and row.kind == FILE:
        files.replace(HISTORY, files.change.apply, write)


def _rewrite_wheel_record(files: Files, path: str) -> None:
    files.replace(path, lambda data: redigest_wheel(files.change.apply(data), path, files.changes))


def _activation(move: Relocation, rows: Mapping[str, Row]) -> dict[str, tuple[bytes, bytes]]:
    """The activation scripts that are there: as they are for the old path, and for the new one."""
    platform = move.seal.platform
    try:
        old = activation_files(move.prefix, platform=platform, place=move.old)
        new = activation_files(move.prefix, platform=platform, place=move.new)
    except SealenvError:
        return {}
    return {
        path: (old.get(path, b""), new[path])
        for path in new
        if (row := rows.get(path)) is not None and row.kind == FILE and path in move.seal.activation
    }


def _compiled_from(changed: Iterable[str], rows: Mapping[str, Row]) -> set[str]:
    """The compiled files of sources that were changed: they do not fit these any more."""
    sources = {path for path in changed if path.endswith(".py")}
    folders = {posixpath.join(posixpath.dirname(path), "__pycache__") for path in sources}
    return {
        path
        for path, row in rows.items()
        if path.endswith(".pyc")
        and path.rpartition("/")[0] in folders
        and row.kind == FILE
        and source_of(path) in sources
    }
