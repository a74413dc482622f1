"""The contents of a prefix as its seal describes them: fingerprints, distributions, file table."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sealenv.errors import FilesystemError
from sealenv.layout import HISTORY
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.seals.distributions import find_distributions
from sealenv.seals.fingerprint import (
    Payload,
    fingerprint,
    fingerprints_of,
    promised,
    tree_lines,
)
from sealenv.seals.seal import (
    DistributionNote,
    Fingerprints,
    Seal,
    encode,
    write_seal,
    write_table,
)
from sealenv.seals.snapshot import (
    FILE,
    FOLDER,
    Row,
    Snapshot,
    hash_rows,
    look_again,
    take_snapshot,
)


class Known(NamedTuple):
    """Digests of files, and the time by the file system's own clock, in ns, at which they were right.

    A file that has changed at that time or later is hashed again. On Windows the time of the last
    write counts, because Windows keeps no time of change.
    """

    digests: Mapping[str, bytes]
    since: int


def complete(
    prefix: Path,
    seal: Seal,
    *,
    rows: Snapshot | None = None,
    known: Callable[[Sequence[PrefixRecord]], Sequence[Known]] = lambda records: (),
    reporter: Reporter = QUIET,
) -> bytes:
    """Fill in what a seal says of the contents: what pip installed, fingerprints, file table.

    Return the encoded file table. `known` gives digests from the records; other files are hashed.

    Raises:
        FilesystemError: something cannot be read.
    """
    rows = take_snapshot(prefix) if rows is None else rows
    records, _ = scan_records(prefix)
    for digests, since in known(records):
        for path, digest in digests.items():
            row = rows.get(path)
            if row is not None and row.kind == FILE:
                changed = row.mtime_ns if os.name == "nt" else row.ctime_ns
                row.digest = digest if changed < since else b""
    unknown = [row for row in rows.values() if not row.digest]
    hash_rows(prefix, rows, unknown, lambda done, total: reporter.advance(done, total, "files"))
    for row in rows.values():
        if row.problem:
            raise FilesystemError(
                f"a file of the environment cannot be read: {row.problem}",
                where=str(prefix / row.path),
            )
    owned = {entry.path for record in records for entry in record.paths_data.paths}
    found = find_distributions(prefix, rows, owned.__contains__)
    patched = {note.path: note.after for note in seal.patched}
    payload = Payload(prefix, seal.platform, rows, records, found, patched)
    table = encode(rows.values())
    seal.pip = [
        DistributionNote(d.name, d.version, d.record, rows[d.record].digest.hex()) for d in found
    ]
    seal.fingerprints = fingerprints_of(payload)
    seal.files = hashlib.sha256(table).hexdigest()
    return table


def describe(seal: Seal, rows: Mapping[str, Row]) -> bytes:
    """Take rows that have changed into a seal: digest of the file table, fingerprint `tree`.

    Return the encoded file table.
    """
    table = encode(rows.values())
    seal.files = hashlib.sha256(table).hexdigest()
    if seal.fingerprints is not None:
        tree = fingerprint(tree_lines(rows.values(), seal.platform))
        seal.fingerprints = Fingerprints(seal.fingerprints.packages, tree)
    return table


def seal_written(prefix: Path, seal: Seal, sealed: Snapshot, paths: Collection[str]) -> None:
    """Take files that sealenv has written again into the seal, if their bytes are not the sealed ones.

    Raises:
        OSError: one cannot be read, or the seal cannot be written.
    """
    rows = dict(sealed)
    look_again(prefix, rows, paths)
    hash_rows(prefix, rows, [rows[path] for path in paths])
    if sealed and any(
        path not in sealed or rows[path].digest != sealed[path].digest for path in paths
    ):
        write_table(prefix, describe(seal, rows))
        write_seal(prefix, seal)


def digests_of_linking(records: Sequence[PrefixRecord]) -> dict[str, bytes]:
    """Return the digest of every file as it was linked, which the engine has compared or computed.

    py-rattler hashes its unpacked packages before each link, micromamba what it unpacks; a file with
    the prefix in it was hashed when that was written. A path of two packages is left out: its bytes
    show which of them won.
    """
    known: dict[str, bytes] = {}
    twice = set()
    for record in records:
        for entry in record.paths_data.paths:
            digest = promised(entry)
            if digest is None or entry.path_type == "softlink":
                continue
            if entry.path in known:
                twice.add(entry.path)
            known[entry.path] = bytes.fromhex(digest)
    for path in twice:
        del known[path]
    return known


def time_of_linking(prefix: Path) -> int:
    """Return when linking ended, by the file system's own clock, in ns: the history is written then."""
    status = os.stat(prefix / HISTORY)
    return status.st_mtime_ns if os.name == "nt" else status.st_ctime_ns


def adopt_copies(prefix: Path, sealed: Mapping[str, Row], now: Mapping[str, Row]) -> None:
    """Write size, time and inode of copied files into the sealed rows.

    A file with other bytes keeps its sealed row, and stays altered.
    """
    others = {}
    for path, then in sealed.items():
        row = now.get(path)
        if row is None or row.kind != then.kind or row.problem or row.same_stat(then):
            continue
        if then.kind == FILE:
            others[path] = row
        elif then.kind == FOLDER or row.digest == then.digest:
            _take_stat(then, row)
    hash_rows(prefix, others, [row for row in others.values() if not row.digest])
    for path, row in others.items():
        if row.digest == sealed[path].digest:
            _take_stat(sealed[path], row)


def _take_stat(then: Row, row: Row) -> None:
    """Take all but the mode, which stays the sealed one."""
    then.size, then.mtime_ns, then.inode = row.size, row.mtime_ns, row.inode
