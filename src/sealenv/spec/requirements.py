"""One line of a `pip:` section (CEP 24): a requirement (PEP 508), or one of pip's options for where.

What cannot be locked with a digest, or is not the same bytes on every machine, is refused here, with
the reason.
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
    "-r": "a further file is not read: what is asked for stands in one file",
    "--requirement": "a further file is not read: what is asked for stands in one file",
    "-c": "a further file is not read: what is asked for stands in one file",
    "--constraint": "a further file is not read: what is asked for stands in one file",
}
_OPTION = re.compile(r"(--[\w-]+|-\w)[ =]*(.*)")
_VCS = re.compile(r"(git|hg|svn|bzr)\+|git://|ssh://", re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|file:", re.IGNORECASE)


@dataclass(frozen=True)
class PipLine:
    """What one line says."""

    kind: str
    """requirement, index, extra-index or find-links."""
    value: str
    """A requirement in its normal form, or a URL, with the credentials that stand in it."""


def parse_pip_line(text: str, folder: Path) -> PipLine:
    """Read one line.

    Args:
        text: the line.
        folder: what a relative folder of `--find-links` is relative to.

    Raises:
        SpecError: it is none, or one that cannot be locked; without the place.
    """
    line = text.strip()
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
    """The normalised name (PEP 503) of a requirement that `parse_pip_line` has passed."""
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
    """As pip reads it: quotes around a value are no part of it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1], True
    return value.strip(), False


def _place(option: str, kind: str, value: str, folder: Path) -> str:
    """An http, https or file URL."""
    if _URL.match(value):
        if " " in value:
            raise SpecError(f"{option}: {value!r} is not a URL", hint="write a blank in it as %20")
        if scheme_of(value) not in {"http", "https", "file"}:
            raise SpecError(f"{option}: {value!r} is no http, https or file URL")
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
            f"{parsed.name}: credentials do not belong in the URL of a wheel, which is kept",
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
