"""Distributions that pip (or uv, or anything that follows PEP 376) installed, by their RECORD."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.layout import is_link, leaves
from sealenv.seals.snapshot import FILE, Row, native
from sealenv.system.files import read_regular
from sealenv.urls import split_credentials

if TYPE_CHECKING:
    from email.message import Message

_RECORD = re.compile(r"(?:.*/)?site-packages/([^/]+)\.dist-info/RECORD")
_SIZE = re.compile(r"[0-9]{1,18}")
_ABOUT = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True)
class DistributionFile:
    """One line of a RECORD."""

    path: str
    """Relative to the prefix."""
    sha256: bytes | None
    size: int | None


@dataclass(frozen=True)
class Distribution:
    """One distribution that no package of conda's owns."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    record: str
    """Where its RECORD is, relative to the prefix."""
    files: tuple[DistributionFile, ...]
    origin: str | None = None
    """Its URL (PEP 610), without credentials, if it is not from an index."""


def find_distributions(
    prefix: Path, rows: Mapping[str, Row], is_owned: Callable[[str], bool]
) -> list[Distribution]:
    """Find every distribution in a site-packages folder whose RECORD is not a conda package's file."""
    found = []
    for path in [path for path in rows if path.endswith(".dist-info/RECORD")]:
        if is_owned(path) or rows[path].kind != FILE:
            continue
        named = named_by(path)
        if named is None:
            continue
        folder = path.rpartition("/")[0]
        files = tuple(_read(prefix, path, folder.rpartition("/")[0]))
        found.append(Distribution(*named, path, files, _origin(prefix, folder)))
    return sorted(found, key=lambda d: d.record)


def named_by(record: str) -> tuple[str, str] | None:
    """Return the name (PEP 503) and version in the path of a RECORD; None: it is another file."""
    match = _RECORD.fullmatch(record)
    if match is None:
        return None
    name, _, version = match[1].partition("-")
    return re.sub(r"[-_.]+", "-", name).lower(), version


def scan_distributions(prefix: Path, owned: Collection[str]) -> list[Distribution]:
    """Find the same without a snapshot; never go through a link."""
    rows = {}
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for folder in prefix.glob(pattern):
            if is_link(folder) or is_link(folder.parent):
                continue  # conda-forge's pythons have such an alias of their folder
            for file in folder.glob("*.dist-info/RECORD"):
                if file.is_file() and not (is_link(file) or is_link(file.parent)):
                    path = file.relative_to(prefix).as_posix()
                    rows[path] = Row(path, FILE, 0, 0, 0, 0)
    return find_distributions(prefix, rows, owned.__contains__)


def _origin(prefix: Path, folder: str) -> str | None:
    try:
        found = json.loads(read_regular(native(prefix, f"{folder}/direct_url.json")))
        url = split_credentials(str(found["url"])).clean
        if vcs := found.get("vcs_info"):
            return f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return url


def read_metadata(prefix: Path, path: str) -> Message | None:
    """Return the headers of a METADATA file; None if it cannot be read."""
    from email.parser import HeaderParser  # slow to import; verify needs none

    try:
        text = read_regular(native(prefix, path)).decode("utf-8", "replace")
    except OSError:
        return None
    return HeaderParser().parsestr(text, headersonly=True)


def words(value: object) -> str:
    """Return a header of a METADATA file on one line; empty if it is missing."""
    return " ".join(str(value or "").split())


def is_about_installing(path: str) -> bool:
    """Return whether a file of a distribution is about its installation."""
    folder, _, name = path.rpartition("/")
    return folder.endswith(".dist-info") and name in _ABOUT


def _read(prefix: Path, record: str, site: str) -> list[DistributionFile]:
    import csv  # most environments have no distribution
    import io

    try:
        text = read_regular(native(prefix, record)).decode("utf-8")
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    found = []
    for line in lines:
        if not line or not line[0]:
            continue
        path = posixpath.normpath(posixpath.join(site, line[0].replace("\\", "/")))
        if leaves(path):
            continue  # outside the environment
        digest = _digest(line[1]) if len(line) > 1 else None
        size = int(line[2]) if len(line) > 2 and _SIZE.fullmatch(line[2]) else None
        found.append(DistributionFile(path, digest, size))
    return found


def _digest(text: str) -> bytes | None:
    import base64
    import binascii

    name, _, value = text.partition("=")
    if name != "sha256":
        return None
    try:
        digest = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == 32 else None
