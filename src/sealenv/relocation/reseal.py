"""The file table and the seal of a rewritten environment.

A digest is replaced only if it is that of the file before: a file that was altered stays altered.
Compiled Python that was deleted has no row in the new file table: Python may write it again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

import msgspec

from sealenv.relocation.files import Files
from sealenv.relocation.owners import SHIPPED
from sealenv.seals.contents import adopt_copies
from sealenv.seals.filetable import encode
from sealenv.seals.fingerprint import fingerprint, tree_lines
from sealenv.seals.seal import Fingerprints, Seal
from sealenv.seals.snapshot import FILE, Row, native, row_of
from sealenv.spec.model import current_platform

__all__ = ["next_seal", "next_table"]


def next_table(
    files: Files, now: Mapping[str, Row], *, copied: bool = False
) -> dict[str, Row] | None:
    """Return the rows of the new file table; None if the environment has no table.

    `now` is the snapshot from before the rewriting. Copied files have other inodes and times.

    Raises:
        OSError: a file cannot be read.
    """
    move = files.move
    if move.table is None:
        return None
    sealed = {
        path: row
        for path, row in move.table.items()
        if not path.endswith(".pyc") or (path in now and path not in files.deleted)
    }
    for path, change in files.changes.items():
        then = sealed.get(path)
        if then is None or then.digest != change.before.sha256:
            continue
        then = sealed[path] = then.copy()
        status = row_of(path, os.lstat(native(move.prefix, path)))
        # A rewritten file keeps its time. If another program has written to it since, it has another
        # one, and is not sealed.
        is_file = status.kind == FILE and path in now
        then.digest, then.size, then.inode = change.after.sha256, change.after.size, status.inode
        then.mtime_ns = now[path].mtime_ns if is_file else status.mtime_ns
    if copied:
        others = {path: row.copy() for path, row in sealed.items() if path not in files.changes}
        adopt_copies(move.prefix, others, now)
        sealed |= others
    return sealed


def next_seal(files: Files, rows: Mapping[str, Row] | None) -> tuple[Seal, bytes | None]:
    """Return the new seal, and the encoded file table that it names.

    If the environment runs on this machine, it is unchecked until it has run at its new place.
    """
    move, changes = files.move, files.changes
    after = {done.before.sha256.hex(): done.after.sha256.hex() for done in changes.values()}
    patched = [
        msgspec.structs.replace(note, after=after.get(note.after, note.after))
        if note.path in changes
        else note
        for note in move.seal.patched
    ]
    pip = [
        msgspec.structs.replace(note, sha256=after.get(note.sha256, note.sha256))
        if note.record in changes
        else note
        for note in move.seal.pip
    ]
    former = [*move.seal.former]
    if any(item.why != SHIPPED for item in files.left):
        former += move.olds
    seal = msgspec.structs.replace(
        move.seal,
        prefix=move.new,
        checked=move.seal.checked and move.seal.platform != current_platform(),
        patched=patched,
        pip=pip,
        former=[place for place in dict.fromkeys(former) if place != move.new],
    )
    if rows is None:
        return seal, None
    table = encode(rows.values())
    seal.files = hashlib.sha256(table).hexdigest()
    if seal.fingerprints is not None:
        tree = fingerprint(tree_lines(rows.values(), seal.platform))
        seal.fingerprints = Fingerprints(seal.fingerprints.packages, tree)
    return seal, table
