"""The types of what a record says (CEP 36): what comes as JSON from a stranger may be anything."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

__all__ = ["check_record"]

_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_Time = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""In ms, up to the year 9999; some tools wrote seconds, with a fraction."""
_Lines = dict[str, list[str]]


class _Record(msgspec.Struct):
    """The keys that we or py-rattler read. Any other may be there, and say anything."""

    name: str
    version: str
    build: str
    subdir: str
    build_number: _Count = 0
    arch: str | None = None
    platform: str | None = None
    noarch: Literal["python", "generic"] | bool | None = None
    depends: list[str] = []
    constrains: list[str] | None = None
    extra_depends: _Lines | None = None
    run_exports: _Lines | list[str] | str | None = None
    features: str | list[str] | None = None
    track_features: str | list[str] | None = None
    flags: list[str] | None = None
    purls: list[str] | None = None
    license: str | None = None
    license_family: str | None = None
    md5: str | None = None
    sha256: str | None = None
    size: _Count | None = None
    legacy_bz2_md5: str | None = None
    legacy_bz2_size: _Count | None = None
    python_site_packages_path: str | None = None
    timestamp: _Time | None = None


def check_record(record: dict[str, Any]) -> str | None:
    """Why a record is of the wrong types, with the key; None where it is not."""
    try:
        msgspec.convert(record, _Record)
    except msgspec.ValidationError as error:
        return str(error)
    return None
