"""The seal: how a prefix was made. `conda-meta/sealenv`, JSON, schema 1 (docs/reference/seal.md)."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import RecordError
from sealenv.fields import Sha256
from sealenv.layout import FILES, MARKER, MOVING, SEAL, first_leaving
from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FILE, FOLDER, LINK, Row, Snapshot, raw
from sealenv.system.files import read_regular, write_atomic

SCHEMA = 1


class EngineNote(msgspec.Struct):
    """Which engine linked it."""

    name: str
    version: str
    sha256: str | None = None
    """The digest of micromamba's executable, if a rebuild script noted it."""


class LockNote(msgspec.Struct):
    """Which lock it was made from: its digest, and every `URL#sha256`, dependencies first."""

    digest: str
    packages: list[str]
    virtual_packages: list[str] = []
    wheels: list[str] = []


class PatchNote(msgspec.Struct):
    """A file that was rewritten after linking, with its sha256 before and after."""

    path: str
    before: str
    after: str
    what: str


class Fingerprints(msgspec.Struct, frozen=True):
    """Both fingerprints, see docs/reference/fingerprint.md."""

    packages: Sha256
    tree: Sha256 | None
    """None if it was not computed, or a file was not read."""


class DistributionNote(msgspec.Struct):
    """A distribution that pip installed: its RECORD, and the sha256 (hex) of that."""

    name: str
    version: str
    record: str
    sha256: str


class Seal(msgspec.Struct, kw_only=True):
    """One prefix at its commit. Times are UTC, ISO 8601; paths are as they were then."""

    schema: int
    sealenv: str
    created: str
    prefix: str
    platform: str
    spec: dict[str, Any]
    lock: LockNote
    engine: EngineNote
    python: str | None
    checked: bool
    check: dict[str, Any]
    pyc: str | None
    link_scripts: list[str]
    skipped_link_scripts: list[str]
    patched: list[PatchNote] = []
    absolute: list[str] = []
    former: list[str] = []
    activation: list[str] = []
    pip: list[DistributionNote] = []
    fingerprints: Fingerprints | None = None
    files: str | None = None


def write_seal(prefix: Path, seal: Seal) -> None:
    """Write the seal, and wait until it is on disk: it is half of the commit."""
    data = msgspec.json.format(msgspec.json.encode(seal), indent=2) + b"\n"
    write_atomic(prefix / SEAL, data, durable=True)


def timestamp() -> str:
    """Return the time now as a seal has it: in UTC, to the millisecond."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")


def why_moved(seal: Seal, prefix: Path) -> str | None:
    """Return why the prefix is not where it was made; None if it is."""
    if os.path.lexists(prefix / MOVING):
        return "a move of it was interrupted: its files contain two paths"
    try:
        # The seal's text is UTF-8 whatever the locale.
        home = seal.prefix.encode("utf-8", "surrogateescape")
        if os.path.samefile(home, os.fsencode(prefix)):
            return None
    except (OSError, ValueError):
        pass
    return f"it was made at {seal.prefix} and contains that path"


def is_at(seal: Seal, prefix: Path) -> bool:
    """Return whether the prefix is where it was made, and no move of it was interrupted."""
    return why_moved(seal, prefix) is None


def read_seal(prefix: Path) -> Seal:
    """Read the seal of a prefix.

    Raises:
        RecordError: it is missing or cannot be read, or a later sealenv wrote it.
    """
    path = prefix / SEAL
    try:
        data = read_regular(path)
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise RecordError(
                f"the seal has schema {schema}; this sealenv knows up to {SCHEMA}",
                where=str(path),
                hint="use a newer sealenv",
            )
        seal = msgspec.json.decode(data, type=Seal)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise RecordError(
            f"the seal cannot be read: {why}",
            where=str(path),
            hint="create the environment again: sealenv create --replace",
        ) from error
    # The files that a seal names are read, and written again.
    named = [note.path for note in seal.patched] + [note.record for note in seal.pip]
    outside = first_leaving([*named, *seal.activation])
    if outside is not None:
        raise RecordError(
            f"the seal names a path outside the environment: {outside!r}",
            where=str(path),
            hint="create the environment again: sealenv create --replace",
        )
    return seal


TABLE_SCHEMA = 2
_HEAD = struct.Struct("<8sII")
_NAME = b"sealenv\n"
_STATUS = struct.Struct("<QQQQ")
"""Mode with its kind, time of the last change of its bytes in ns since 1970, inode, size in bytes."""
_DIGEST = 32
_TYPES = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, FOLDER: stat.S_IFDIR}
_KINDS = {letter: kind for kind, letter in _TYPES.items()}
_MOST = 128 << 20
"""Bytes of a table: that is a million paths."""


def encode(rows: Iterable[Row]) -> bytes:
    """Write a table of these rows; leave out files and links without a digest."""
    kept = [row for row in rows if row.digest or row.kind == FOLDER]
    kept.sort(key=lambda row: raw(row.path))
    statuses = [
        _STATUS.pack(_TYPES[row.kind] | row.mode, row.mtime_ns, row.inode, row.size) for row in kept
    ]
    digests = [row.digest or bytes(_DIGEST) for row in kept]
    head = _HEAD.pack(_NAME, TABLE_SCHEMA, len(kept))
    return b"".join((head, *statuses, *digests, b"\0".join(raw(row.path) for row in kept)))


def decode(data: bytes) -> Snapshot:
    """Read a table; return its rows by path.

    Raises:
        ValueError: it is not a table, or has another schema.
    """
    if len(data) < _HEAD.size or not data.startswith(_NAME):
        raise ValueError("it does not begin as one")
    _, schema, count = _HEAD.unpack_from(data)
    if schema != TABLE_SCHEMA:
        raise ValueError(f"it has schema {schema}; this sealenv knows {TABLE_SCHEMA}")
    digests = _HEAD.size + count * _STATUS.size
    names = digests + count * _DIGEST
    paths = data[names:].decode("utf-8", "surrogateescape").split("\0") if data[names:] else []
    if len(paths) != count:
        raise ValueError("its columns have different lengths")
    # A path outside the prefix is one that `repair` would write.
    text = b"/%b/" % data[names:].replace(b"\0", b"/")
    if os.name == "nt":
        text = text.replace(b"\\", b"/").replace(b":", b"//")
    if paths and any(part in text for part in (b"//", b"/./", b"/../")):
        raise ValueError("it has a path outside the environment")
    statuses = _STATUS.iter_unpack(data[_HEAD.size : digests])
    rows = {}
    for path, at, (mode, mtime, inode, size) in zip(
        paths, range(digests, names, _DIGEST), statuses, strict=True
    ):
        kind = _KINDS.get(mode & ~0o7777)
        if kind is None:
            raise ValueError("it has a mode that cannot be")
        digest = b"" if kind is FOLDER else data[at : at + _DIGEST]
        rows[path] = Row(path, kind, mode & 0o7777, size, mtime, inode, 0, digest)
    return rows


def write_table(prefix: Path, data: bytes) -> None:
    """Write a table, before the seal that names it by its digest."""
    write_atomic(prefix / FILES, data)


def read_table(prefix: Path, sha256: str | None) -> Snapshot | None:
    """Read the table that the seal names by its digest; None if the seal names none.

    Raises:
        RecordError: it cannot be read, or is not the one that the seal names.
    """
    if sha256 is None:
        return None
    try:
        data = read_regular(prefix / FILES, most=_MOST)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError("it is not the sealed one")
        return decode(data)
    except (ValueError, OSError) as error:
        raise RecordError(
            f"the file table cannot be used: {getattr(error, 'strerror', None) or error}",
            where=str(prefix / FILES),
            hint="run sealenv verify without --fast: it uses the packages' records",
        ) from error


@dataclass
class SealedPrefix:
    """What a prefix was when it was sealed.

    Attributes:
        seal: its seal; None if it is missing or cannot be read.
        rows: the rows of the file table; None if it is missing, or is not the one that the seal names.
        findings: about the two, and about the place of the prefix.
    """

    seal: Seal | None = None
    rows: Snapshot | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Return one of `STATES`."""
        for state in ("pending", "moved"):
            if any(finding.kind == state for finding in self.findings):
                return state
        if self.seal is not None:
            return "sealed"
        return "unreadable" if self.lost else "foreign"

    @property
    def lost(self) -> bool:
        """Whether seal or table are damaged, so that the sealed files are unknown."""
        return any(f.kind == "record" and f.path in (SEAL, FILES) for f in self.findings)


def read_sealed(prefix: Path) -> SealedPrefix:
    """Read seal and file table; problems with them are findings."""
    if os.path.lexists(prefix / MARKER):
        return SealedPrefix(findings=[Finding("pending", MARKER, None, "it was never finished")])
    if not os.path.lexists(prefix / SEAL):
        return SealedPrefix()
    try:
        seal = read_seal(prefix)
    except RecordError as error:
        return SealedPrefix(findings=[Finding("record", SEAL, None, error.what)])
    then = SealedPrefix(seal)
    moved = why_moved(seal, prefix)
    if moved:
        then.findings.append(Finding("moved", SEAL, None, moved))
    try:
        then.rows = read_table(prefix, seal.files)
    except RecordError as error:
        then.findings.append(Finding("record", FILES, None, error.what))
    return then
