"""What a lock says of packages and of what was asked for, checked when it is read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from sealenv.errors import SpecError
from sealenv.locks.model import Lock, LockFile
from sealenv.spec.environment_yml import check_variable
from sealenv.spec.matchspec import LONGEST_SPEC

__all__ = ["check_asked", "check_file", "check_record", "check_said", "not_a_text"]


_SPEC = re.compile(r"([^\s\[\]]+::)?[A-Za-z0-9_*^][^\[\]]*(\[[^\[\]]*(\[[^\[\]]*\][^\[\]]*)*\])?")
"""A name, what is asked of it, and once brackets, in which a list may be: no more than a look."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(:\d\d)?)?(\.\d+)?(Z|[+-]\d\d:?\d\d)?")


def check_said(key: str, value: Any) -> str | None:
    """Why one of these cannot be taken; None where it can, or is none of them.

    Args:
        key: as `Lock` and `LockFile` call it.
        value: of the right type; a mapping holds one for each platform.
    """
    if key == "variables":
        return _first(check_variable(*item) for item in value.items())
    if isinstance(value, dict):
        return _first(check_said(key, one) for one in value.values())
    check = _CHECKS.get(key)
    texts = [value] if isinstance(value, str) else value or ()
    return _first(not_a_text(text) or check(text) for text in texts) if check else None


def check_asked(lock: Lock) -> str | None:
    """The same of all that a lock says was asked for."""
    return _first(check_said(key, getattr(lock, key)) for key in _OF_LOCK)


def check_file(file: LockFile) -> str | None:
    """The same of what holds for every platform."""
    return check_said("name", file.name) or check_said("variables", file.variables)


def not_a_text(text: str) -> str | None:
    """Whether a terminal or a line of a file would act on it; in words."""
    if text.isprintable():
        return None
    return f"{text[:200]!a} has a character that is none of a text"


def _first(faults: Iterable[str | None]) -> str | None:
    return next(filter(None, faults), None)


def _check_name(text: str) -> str | None:
    """No more than that it is one: who makes an environment of it may choose another."""
    if text.strip(". ") and not re.search(r"[/\\]", text):
        return None
    return f"{text[:80]!a} is not a name of an environment"


def _check_spec(text: str) -> str | None:
    if len(text) <= LONGEST_SPEC and _SPEC.fullmatch(text.strip()):
        return None
    return f"{text[:80]!a} is not a MatchSpec"


def _check_requirement(text: str) -> str | None:
    from sealenv.spec.requirements import (
        parse_pip_line,  # most locks have none, and packaging is slow
    )

    if len(text) > LONGEST_SPEC:
        return f"{text[:80]!a}... is not a requirement: {len(text)} characters"
    try:
        if parse_pip_line(text, Path(".")).kind == "requirement":
            return None
    except RecursionError:
        pass
    except SpecError as error:
        return error.what
    return f"{text[:80]!a} is not a requirement (PEP 508)"


def _check_time(text: str) -> str | None:
    match = _TIME.fullmatch(text)
    try:
        if match:
            moment = dt.datetime.fromisoformat(match[1] + (match[2] or ""))
            if 1 < moment.year < 9999:  # in every zone it is one
                return None
    except ValueError:
        pass
    return f"{text[:80]!a} is not a time, such as 2026-01-31T12:00:00Z"


_CHECKS = {
    "name": _check_name,
    "specs": _check_spec,
    "requirements": _check_requirement,
    "exclude_newer": _check_time,
}
_OF_LOCK = ("specs", "requirements", "exclude_newer")


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
