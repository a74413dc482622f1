"""Parse a line of a `pip:` section (CEP 24): a requirement (PEP 508), an index or a folder.

Requirements that cannot be locked with a digest, or differ between machines, are refused with the
reason.
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

_OPTIONS = {
    "-i": "index",
    "--index-url": "index",
    "--extra-index-url": "extra-index",
    "-f": "find-links",
    "--find-links": "find-links",
}
_OPTION = re.compile(r"(--[\w-]+|-\w)[ =]*(.*)")
_COMMENT = re.compile(r"(^|\s+)#[^\r\n]*$")  # as in pip
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:", re.IGNORECASE)


@dataclass(frozen=True)
class PipLine:
    """A parsed line."""

    kind: str
    """requirement, index, extra-index or find-links."""
    value: str
    """A normalised requirement, or a URL, possibly with credentials."""


def parse_pip_line(text: str, folder: Path) -> PipLine:
    """Read one line.

    Args:
        text: the line.
        folder: the base of a relative `--find-links` folder.

    Raises:
        SpecError: the line is invalid, or cannot be locked; without its position.
    """
    line = _COMMENT.sub("", text).strip()
    if not line or any(c in line for c in "\0\r\n"):
        raise SpecError(
            "write one requirement per line", hint="write it like 'flask >=3' (PEP 508)"
        )
    if line.startswith("-"):
        return _option(line, folder)
    return PipLine("requirement", _requirement(line))


def requirement_name(text: str) -> str:
    """Return the normalised name (PEP 503) of a requirement that `parse_pip_line` has accepted."""
    return canonicalize_name(Requirement(text).name)


def _option(line: str, folder: Path) -> PipLine:
    match = _OPTION.fullmatch(line)
    name, value = match.groups() if match else (line.split()[0], "")
    kind = _OPTIONS.get(name)
    if kind is None:
        raise SpecError(
            f"{name} in a 'pip:' section cannot be locked",
            hint="list requirements, --index-url, --extra-index-url or --find-links; build a wheel of a "
            "project that you edit",
        )
    value = value.strip().strip("\"'")  # pip removes quotes too
    if kind == "find-links" and value and " -" not in value and not _URL.match(value):
        place = Path(os.path.abspath(folder / os.path.expanduser(value)))
        if not place.exists():  # pip would ignore it, and take what an index has
            raise SpecError(f"not a folder or file: {place}", hint="check its path")
        return PipLine(kind, place.as_uri())
    if " " in value or scheme_of(value) not in {"http", "https", "file"}:
        raise SpecError(
            f"{name} takes one http, https or file URL", hint=f"write {name} https://host/path"
        )
    return PipLine(kind, value)


def _requirement(line: str) -> str:
    try:
        parsed = Requirement(line)
    except InvalidRequirement as error:
        if _URL.match(line) or line.startswith((".", "/", "~")) or line.endswith(".whl"):
            raise SpecError(
                f"{line!r} is a location, not a requirement",
                hint="write 'NAME @ https://host/NAME-1.0-py3-none-any.whl', or give a folder of "
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
    if scheme not in {"http", "https"}:
        raise SpecError(
            f"{line!r} has no http or https URL, so the lock would not work on other machines",
            hint="write 'NAME @ https://host/FILE.whl', or give a folder of wheels with --find-links",
        )
    parts = urlsplit(parsed.url or "")
    if split_credentials(parsed.url or "").secret is not None:
        raise SpecError(
            f"{parsed.name}: the URL of a wheel cannot contain credentials, because it is stored",
            hint="keep them in netrc",
        )
    if parts.query:
        raise SpecError(
            f"{parsed.name}: a URL with a query may be signed and expire, so it cannot be locked",
            hint="write the URL without the query, if that works, or put the "
            "wheel into a folder and give that with --find-links",
        )
    file = unquote(parts.path.rsplit("/", 1)[-1])
    try:
        name = parse_wheel_filename(file)[0]
    except InvalidWheelFilename:
        raise SpecError(
            f"{line!r} is not a wheel: a build gives different bytes on each machine",
            hint="give a wheel (.whl), or the name of the requirement",
        ) from None
    if name != canonicalize_name(parsed.name):
        raise SpecError(f"{line!r} is a wheel of {name}, not of {parsed.name}")
