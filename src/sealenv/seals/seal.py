"""The seal: how a prefix was made. `conda-meta/sealenv`, JSON, schema 1.

docs/reference/seal.md describes every field.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import RecordError
from sealenv.fields import Sha256
from sealenv.layout import MOVING, SEAL, first_leaving
from sealenv.system.files import read_regular, write_atomic

__all__ = [
    "SCHEMA",
    "DistributionNote",
    "Fingerprints",
    "PatchNote",
    "Prints",
    "Seal",
    "is_at",
    "prints_of",
    "read_seal",
    "timestamp",
    "why_moved",
    "write_seal",
]

SCHEMA = 1


class EngineNote(msgspec.Struct):
    """Which engine linked it."""

    name: str
    version: str
    sha256: str | None = None
    """The digest of micromamba's executable, where a rebuild script noted it."""


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


class Fingerprints(msgspec.Struct):
    """Both as sha256 (hex), see docs/reference/fingerprint.md."""

    packages: str
    tree: str


class Prints(msgspec.Struct, frozen=True):
    """Both fingerprints, as results show them."""

    packages: Sha256
    tree: Sha256 | None
    """None where a file could not be read."""


class DistributionNote(msgspec.Struct):
    """A distribution that pip installed: its RECORD, and the sha256 (hex) of that."""

    name: str
    version: str
    record: str
    sha256: str


class _Spec(msgspec.Struct):
    """What those may rely on who read `spec`."""

    packages: list[str] = []
    channels: list[str] = []
    platform: str | None = None
    exclude_newer: str | None = None
    variables: dict[str, str] = {}
    requirements: list[str] = []
    indexes: list[str] = []
    find_links: list[str] = []


class Seal(msgspec.Struct, kw_only=True):
    """One prefix, as it was at the commit. Times are UTC, ISO 8601; paths are as of then."""

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
    """Write the seal and make sure that it is on disk: it is half of the commit."""
    data = msgspec.json.format(msgspec.json.encode(seal), indent=2) + b"\n"
    write_atomic(prefix / SEAL, data, durable=True)


def timestamp() -> str:
    """What a seal says of when it was made: now, in UTC, to the millisecond."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds")


def prints_of(fingerprints: Fingerprints | None) -> Prints | None:
    """Return the fingerprints as results show them."""
    return Prints(fingerprints.packages, fingerprints.tree or None) if fingerprints else None


def why_moved(seal: Seal, prefix: Path) -> str | None:
    """Why the prefix is not at home where it lies; None where it is.

    The seal's text is UTF-8 whatever the locale.
    """
    if os.path.lexists(prefix / MOVING):
        return "a move of it was ended half way: its files hold two paths"
    try:
        home = seal.prefix.encode("utf-8", "surrogateescape")
        if os.path.samefile(home, os.fsencode(prefix)):
            return None
    except (OSError, ValueError):
        pass
    return f"it was made at {seal.prefix} and holds that path"


def is_at(seal: Seal, prefix: Path) -> bool:
    """Whether the prefix is where it was made, and no move of it was ended half way."""
    return why_moved(seal, prefix) is None


def read_seal(prefix: Path) -> Seal:
    """The seal of a prefix.

    Raises:
        RecordError: there is none, it cannot be read, or a later sealenv wrote it.
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
        msgspec.convert(seal.spec, type=_Spec)
        _check_paths(seal, path)
        return seal
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise RecordError(
            f"the seal cannot be read: {why}",
            where=str(path),
            hint="make the environment anew with: sealenv create",
        ) from error


def _check_paths(seal: Seal, path: Path) -> None:
    """A seal that somebody wrote may name anything; what it names is read, and written again."""
    named = [note.path for note in seal.patched] + [note.record for note in seal.pip]
    outside = first_leaving([*named, *seal.activation])
    if outside is not None:
        raise RecordError(
            f"the seal names a path outside the environment: {outside!r}",
            where=str(path),
            hint="make the environment anew with: sealenv create",
        )
