"""What a seal says of the prefix, taken together: looked at once, hashed at most once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError, unreadable
from sealenv.layout import HISTORY
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.seals.digests import hash_rows, known_digests
from sealenv.seals.distributions import Distribution, find_distributions
from sealenv.seals.fingerprint import Payload, fingerprint, packages_lines, promised, tree_lines
from sealenv.seals.row import Row
from sealenv.seals.seal import DistributionNote, Fingerprints
from sealenv.seals.tablerows import encode
from sealenv.seals.tree import look
from sealenv.system.readers import Readers

__all__ = [
    "Observed",
    "digests_of_linking",
    "notes_of",
    "observe",
    "prints_of",
    "time_of_linking",
]

OnFile = Callable[[int, int], None]


@dataclass(frozen=True)
class Observed:
    """What the seal and the table beside it say."""

    fingerprints: Fingerprints
    pip: list[DistributionNote]
    table: bytes
    """The file table, encoded."""
    rows: Mapping[str, Row]
    """What lies there, of which that is made."""

    @property
    def table_sha256(self) -> str:
        """By which the seal names the table (hex)."""
        return hashlib.sha256(self.table).hexdigest()


def observe(
    prefix: Path,
    platform: str,
    patched: Mapping[str, str],
    *,
    known: Callable[[Sequence[PrefixRecord]], Mapping[str, bytes]] = lambda records: {},
    since: int = 0,
    on_file: OnFile = lambda done, total: None,
) -> Observed:
    """Look at a finished prefix.

    Args:
        prefix: the prefix.
        platform: its subdir.
        patched: path -> sha256 (hex) of what was rewritten after linking.
        known: gives the digests that linking is sure of.
        since: see `known_digests`.
        on_file: called with files hashed and files to hash.

    Raises:
        FilesystemError: something cannot be read.
    """
    try:
        rows = look(prefix)
        records, _ = scan_records(prefix)
        known_digests(rows, known(records), since)
        with Readers() as readers:
            hash_rows(readers, prefix, rows, on_file)
    except OSError as error:
        raise unreadable(error, prefix) from error
    for row in rows.values():
        if row.problem:
            raise FilesystemError(
                f"a file of the environment cannot be read: {row.problem}",
                where=str(prefix / row.path),
            )
    owned = {entry.path for record in records for entry in record.paths_data.paths}
    distributions = find_distributions(prefix, rows, owned.__contains__)
    payload = Payload(prefix, platform, rows, records, distributions, patched)
    return Observed(prints_of(payload), notes_of(distributions, rows), encode(rows.values()), rows)


def prints_of(payload: Payload, *, tree: bool = True) -> Fingerprints:
    """Both fingerprints; `tree` is empty if it is not wanted."""
    rows = payload.rows.values()
    return Fingerprints(
        fingerprint(packages_lines(payload)),
        fingerprint(tree_lines(rows, payload.platform)) if tree else "",
    )


def notes_of(
    distributions: Sequence[Distribution], rows: Mapping[str, Row]
) -> list[DistributionNote]:
    """What the seal keeps of each distribution."""
    return [
        DistributionNote(d.name, d.version, d.record, rows[d.record].digest.hex())
        for d in distributions
    ]


def digests_of_linking(records: Sequence[PrefixRecord]) -> dict[str, bytes]:
    """What every linked file has when it was just linked: the engine has compared or computed it.

    py-rattler hashes its unpacked packages before each link, micromamba what it unpacks; a file with
    the prefix in it was hashed when that was written. A path of two packages is left out: who won is
    told by the bytes.
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
    """When linking was over, by the file system's own clock, in ns: then the history is written."""
    status = os.stat(prefix / HISTORY)
    return status.st_mtime_ns if os.name == "nt" else status.st_ctime_ns
