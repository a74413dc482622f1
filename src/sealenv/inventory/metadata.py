"""METADATA of a distribution (PEP 566, 639): its name, a line about it, its licence, what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import canonicalize_name

from sealenv.seals.snapshot import native
from sealenv.system.files import read_regular

__all__ = ["Metadata", "read_metadata"]

_LONGEST_NAME = 100
"""Characters of a `License` field: many put the whole text of the licence there."""
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Metadata:
    """What it says of itself."""

    name: str
    """Normalised (PEP 503)."""
    summary: str
    license: str
    requires: tuple[str, ...]


def read_metadata(prefix: Path, path: str) -> Metadata | None:
    """Read one; None where it is not there or cannot be read.

    Args:
        prefix: the prefix.
        path: of the METADATA, relative to it.
    """
    try:
        text = read_regular(native(prefix, path)).decode("utf-8", "replace")
    except OSError:
        return None
    headers = HeaderParser().parsestr(text, headersonly=True)

    def said(key: str) -> str:
        return " ".join(str(headers[key] or "").split())

    licence = said("License-Expression") or said("License")
    if not licence or len(licence) > _LONGEST_NAME or licence.upper() == "UNKNOWN":
        lines = [" ".join(str(c).split()) for c in headers.get_all("Classifier", [])]
        names = [c.removeprefix(_CLASSIFIER) for c in lines if c.startswith(_CLASSIFIER)]
        licence = ", ".join(names)
    requires = (" ".join(str(line).split()) for line in headers.get_all("Requires-Dist", []))
    return Metadata(
        canonicalize_name(said("Name")), said("Summary")[:500], licence, tuple(requires)
    )
