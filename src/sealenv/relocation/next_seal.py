"""The seal for the new path: it covers what the old one covered, and nothing else.

A row of the file table is carried over for a file whose bytes were the sealed ones. What was
altered keeps its row, and is still altered. Compiled Python that was deleted has no row: Python may
write it again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from sealenv.errors import from_oserror
from sealenv.install.check import CheckReport
from sealenv.portability.digests import Rewritten
from sealenv.relocation.relocation import Relocation
from sealenv.seals.contents import adopt_copies
from sealenv.seals.filetable import encode
from sealenv.seals.fingerprint import fingerprint, tree_lines
from sealenv.seals.seal import Fingerprints, Seal, write_seal
from sealenv.seals.snapshot import FILE, Row, native, row_of
from sealenv.spec.model import current_platform

__all__ = ["carried_over", "next_seal", "seal_checked"]


def carried_over(
    move: Relocation,
    changes: Mapping[str, Rewritten],
    now: Mapping[str, Row],
    *,
    deleted: Collection[str] = (),
    copied: bool = False,
    digests: Mapping[str, bytes] | None = None,
) -> dict[str, Row] | None:
    """The rows of the file table as they are to be; None if the environment has no table.

    Args:
        move: the environment, rewritten.
        changes: what was rewritten.
        now: every path of it; of what was rewritten, as it was before.
        deleted: compiled Python that was deleted now; what is missing was deleted before.
        copied: the files may be others than those that were sealed: with other inodes and times.
        digests: of such files as far as they are known; others are read.

    Raises:
        OSError: it cannot be read.
    """
    if move.table is None:
        return None
    sealed = {
        path: row
        for path, row in move.sealed.items()
        if not path.endswith(".pyc") or (path in now and path not in deleted)
    }
    for path, change in changes.items():
        then = sealed.get(path)
        if then is None or then.digest != change.before.sha256:
            continue
        then = sealed[path] = then.copy()
        status = row_of(path, os.lstat(native(move.prefix, path)))
        # A file keeps its time when it is rewritten. Another time, or size, is of somebody who has
        # written to it since: that is not sealed.
        is_file = status.kind == FILE and path in now
        then.digest, then.size, then.inode = change.after.sha256, change.after.size, status.inode
        then.mtime_ns = now[path].mtime_ns if is_file else status.mtime_ns
    if copied:
        others = {path: row.copy() for path, row in sealed.items() if path not in changes}
        adopt_copies(move.prefix, others, now, digests or {})
        sealed |= others
    return sealed


def next_seal(
    move: Relocation, changes: Mapping[str, Rewritten], rows: Mapping[str, Row] | None
) -> tuple[Seal, bytes | None]:
    """The seal for the new place, and the encoded table that it names.

    What runs here is unchecked until it ran there.
    """
    after = {c.before.sha256.hex(): c.after.sha256.hex() for c in changes.values()}
    seal = msgspec.structs.replace(
        move.seal,
        prefix=move.new,
        checked=move.seal.checked and move.seal.platform != current_platform(),
        patched=[
            msgspec.structs.replace(note, after=after.get(note.after, note.after))
            if note.path in changes
            else note
            for note in move.seal.patched
        ],
        pip=[
            msgspec.structs.replace(note, sha256=after.get(note.sha256, note.sha256))
            if note.record in changes
            else note
            for note in move.seal.pip
        ],
    )
    if rows is None:
        return seal, None
    table = encode(rows.values())
    seal.files = hashlib.sha256(table).hexdigest()
    if seal.fingerprints is not None:
        tree = fingerprint(tree_lines(rows.values(), seal.platform))
        seal.fingerprints = Fingerprints(seal.fingerprints.packages, tree)
    return seal, table


def seal_checked(prefix: Path, seal: Seal, check: CheckReport) -> None:
    """Write into the seal that it ran.

    Raises:
        FilesystemError: it cannot be written.
    """
    done = msgspec.structs.replace(seal, checked=True, check=check.to_json())
    try:
        write_seal(prefix, done)
    except OSError as error:
        raise from_oserror(error) from error
