"""Parse a line of a `pip:` section (CEP 24): a requirement (PEP 508), or an option that names an index.

A requirement that cannot be locked with a digest is refused, with the reason.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from sealenv.errors import SpecError
from sealenv.urls import scheme_of, split_credentials

__all__ = ["PipLine", "parse_pip_line", "requirement_name"]

_OPTIONS = {
    "-i": "index",
    "--index-url": "index",
    "--extra-index-url": "extra-index",
    "-f": "find-links",
    "--find-links": "find-links",
}
_REFUSED = {
    "-e": "an editable install is not a package: it cannot be locked with a digest",
    "--editable": "an editable install is not a package: it cannot be locked with a digest",
    "-r": "other files are not read: list all requirements in one file",
    "--requirement": "other files are not read: list all requirements in one file",
    "-c": "other files are not read: list all requirements in one file",
    "--constraint": "other files are not read: list all requirements in one file",
}
_OPTION = re.compile(r"(--[\w-]+|-\w)[ =]*(.*)")
_COMMENT = re.compile(r"(^|\s+)#[^\r\n]*$")  # as in pip
_VCS = re.compile(r"(git|hg|svn|bzr)\+|git://|ssh://", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:", re.IGNORECASE)


@dataclass(frozen=True)
class PipLine:
    """A line of a `pip:` section."""

    kind: str
    """requirement, index, extra-index or find-links."""
    value: str
    """A normalized requirement, or a URL, which may contain credentials."""


def parse_pip_line(text: str, folder: Path) -> PipLine:
    """Parse one line.

    Args:
        text: the line.
        folder: the base of relative folders in `--find-links`.

    Raises:
        SpecError: it is not valid, or cannot be locked; without the place.
    """
    line = _COMMENT.sub("", text).strip()
    if not line or any(c in line for c in "\0\r\n"):
        raise SpecError("one requirement a line", hint="write it like 'flask >=3' (PEP 508)")
    if line.startswith("-"):
        return _option(line, folder)
    if " --" in line:
        raise SpecError(
            f"{line!r} has an option of pip behind the requirement",
            hint="leave it out: the digests are found while it is resolved, and are in the lock",
        )
    if _VCS.search(line):
        raise SpecError(
            f"{line!r} comes from version control: it cannot be locked with a digest",
            hint="build a wheel of it, and name that by its URL or put it in a folder (--find-links)",
        )
    return PipLine("requirement", _requirement(line))


def requirement_name(text: str) -> str:
    """Return the normalized name (PEP 503) of a requirement from `parse_pip_line`."""
    return canonicalize_name(Requirement(text).name)


def _option(line: str, folder: Path) -> PipLine:
    match = _OPTION.fullmatch(line)
    name, value = match.groups() if match else (line.split()[0], "")
    if name in _REFUSED:
        raise SpecError(f"{name}: {_REFUSED[name]}", hint="name the requirements here, by name")
    kind = _OPTIONS.get(name)
    if kind is None:
        raise SpecError(
            f"{name} is not an option for a 'pip:' section",
            hint="--index-url, --extra-index-url and --find-links are",
        )
    value, quoted = _unquoted(value)
    folder_of_wheels = kind == "find-links" and (quoted or " -" not in value)
    if not value or (" " in value and not folder_of_wheels):
        raise SpecError(f"{name} takes one URL", hint=f"write {name} https://host/path")
    return PipLine(kind, _place(name, kind, value, folder))


def _unquoted(value: str) -> tuple[str, bool]:
    """Remove quotes around a value, as pip does. Return whether there were any."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1], True
    return value.strip(), False


def _place(option: str, kind: str, value: str, folder: Path) -> str:
    """Return an http, https or file URL."""
    if _URL.match(value):
        if " " in value:
            raise SpecError(f"{option}: {value!r} is not a URL", hint="write a blank in it as %20")
        if scheme_of(value) not in {"http", "https", "file"}:
            raise SpecError(f"{option}: {value!r} is not an http, https or file URL")
        return value
    if kind != "find-links":
        raise SpecError(
            f"{option}: {value!r} is not a URL", hint=f"write {option} https://host/path"
        )
    return Path(os.path.abspath(folder / os.path.expanduser(value))).as_uri()


def _requirement(line: str) -> str:
    try:
        parsed = Requirement(line)
    except InvalidRequirement as error:
        if _URL.match(line) or line.startswith((".", "/", "~")) or line.endswith(".whl"):
            raise SpecError(
                f"{line!r} is a place, not a requirement",
                hint="write 'NAME @ https://host/NAME-1.0-py3-none-any.whl', or name a folder of "
                "wheels with --find-links",
            ) from error
        reason = str(error).splitlines()[0]
        raise SpecError(
            f"{line!r} is not a requirement: {reason}", hint="write it like 'flask >=3' (PEP 508)"
        ) from error
    if parsed.url is not None:
        _check_url(line, parsed)
    return str(parsed)


def _check_url(line: str, parsed: Requirement) -> None:
    scheme = scheme_of(parsed.url or "")
    if not scheme:
        raise SpecError(
            f"{line!r} has no URL behind '@'", hint="write 'NAME @ https://host/FILE.whl'"
        )
    if scheme not in {"http", "https"}:
        raise SpecError(
            f"{line!r} is a place on this machine: the lock would hold for it alone",
            hint="put the wheel in a folder and name that with --find-links",
        )
    parts = urlsplit(parsed.url or "")
    if split_credentials(parsed.url or "").secret is not None:
        raise SpecError(
            f"{parsed.name}: the URL of a wheel must not contain credentials, which would be recorded",
            hint="keep them in netrc",
        )
    if parts.query:
        raise SpecError(
            f"{parsed.name}: a URL with a query may be signed, and expire: no lock holds it",
            hint="write the URL without '?' and what follows, if the file is there too, or put the "
            "wheel in a folder and name that with --find-links",
        )
    file = unquote(parts.path.rsplit("/", 1)[-1])
    try:
        name = parse_wheel_filename(file)[0]
    except InvalidWheelFilename:
        raise SpecError(
            f"{line!r} is not a wheel: what is built on each machine is not the same bytes everywhere",
            hint="name a wheel (.whl), or the requirement by its name",
        ) from None
    if name != canonicalize_name(parsed.name):
        raise SpecError(f"{line!r} is a wheel of {name}, not of {parsed.name}")
