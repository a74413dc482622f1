"""Turn the log of a failed pip into an error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from sealenv.errors import DigestError, EngineError, FetchError, SealenvError, SolveError
from sealenv.spec.model import EnvironmentSpec
from sealenv.urls import redact

__all__ = ["explain"]

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,.]+ ", re.MULTILINE)
_UNREACHED = re.compile(
    r"Could not fetch URL (?P<url>\S+): (?P<why>(?!404).+?)(?: - skipping)?$|"
    r"HTTP error (?P<code>\d+) while getting (?P<file>\S+)|"
    r"(?P<other>(?:Connection|Proxy|SSL|ReadTimeout)Error: .+)$",
    re.MULTILINE,
)
_INSECURE = re.compile(r"repository located at (\S+) is not a trusted or secure host")
_NONE = re.compile(r"No matching distribution found for (\S+)")
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)")
_LINE = re.compile(r"-r \S+ \(line (\d+)\)")
_FILE = re.compile(r"/([^/\s#]+)\.(whl|tar\.gz|zip|tar\.bz2|tgz)\b")
_NO_SOURCES = "No sources permitted"
_NO_VERSIONS = "(from versions: none)"
_MOST_LINES = 15


def explain(
    log: str, stderr: str, spec: EnvironmentSpec, pins: Sequence[str], requirements: Sequence[str]
) -> SealenvError:
    """Return the error for a pip that failed, without secrets and names of temporary files.

    Args:
        log: what pip wrote with `--log`.
        stderr: what it printed.
        spec: the request.
        pins: conda's packages, as `name==version`.
        requirements: the lines of the requirements file.
    """

    def clean(text: str) -> str:
        return redact(_LINE.sub(lambda match: _requirement(requirements, int(match[1])), text))

    log, stderr = clean(_TIME.sub("", log)), clean(stderr)
    conflict = _CONFLICT.search(log)
    details = _lines_of_pip(conflict[1] if conflict else stderr)
    where = ", ".join(spec.indexes)
    if error := _of_pip(stderr, where, details) or _of_index(log, where):
        return error
    if missing := _NONE.search(stderr) or _NONE.search(log):
        return _no_wheel(missing[1], spec, log, details)
    pinned = [pin for pin in pins if re.search(rf"\(constraint\) {re.escape(pin)}(?!\S)", log)]
    if pinned:
        return SolveError(
            "the 'pip:' section conflicts with conda's packages",
            details=[*details, *(f"conda has {pin}" for pin in pinned)],
            hint="ask for another version, from conda or from pip",
        )
    return SolveError(
        "no set of wheels satisfies the 'pip:' section",
        where=where,
        details=details or ["pip printed nothing"],
        hint="the details are pip's; relax one of the requirements",
    )


def _of_pip(stderr: str, where: str, details: Sequence[str]) -> SealenvError | None:
    """Return the error that pip names; None if it names none of these."""
    if "no such option" in stderr:
        return EngineError(
            "the pip installed with sealenv is too old",
            details=[line for line in details if "no such option" in line],
            hint="update it: python -m pip install --upgrade pip",
        )
    if "DO NOT MATCH THE HASHES" in stderr:
        return DigestError(
            "a wheel does not match the digest in its index",
            where=where,
            details=details[1:],
            hint="it was not used; try again, and if it persists tell the index's owner",
        )
    if "does not provide upload-time metadata" in stderr:
        return SolveError(
            "the index has no upload times, so --exclude-newer cannot be used",
            where=where,
            hint="leave out --exclude-newer, or pin the versions",
        )
    return None


def _of_index(log: str, where: str) -> FetchError | None:
    """Return the error if an index could not be used."""
    if host := _INSECURE.search(log):
        return FetchError(
            "the index does not use TLS",
            where=host[1],
            hint="use its https URL; http works for an index on this machine",
        )
    found = _UNREACHED.search(log)
    return _unreached(found, where) if found else None


def _unreached(found: re.Match[str], indexes: str) -> FetchError:
    reason = found["why"] or found["other"] or f"HTTP error {found['code']}"
    if re.search(r"\b(401|403)\b", reason):
        what = "a Python package index refuses access"
        hint = "give user and password in its URL, or in netrc"
    else:
        what = "a Python package index could not be read"
        hint = "check the network and the URL, then run the same command again"
    return FetchError(
        what,
        where=(found["url"] or found["file"] or indexes).partition("#")[0],
        details=[reason[:300]],
        hint=hint,
    )


def _no_wheel(
    requirement: str, spec: EnvironmentSpec, log: str, details: Sequence[str]
) -> SolveError:
    """Return the error for a requirement without a wheel, with the last files that pip skipped."""
    name = re.split(r"[\s\[<>=!~;@(]", requirement, maxsplit=1)[0]
    skipped = [line for line in log.splitlines() if _skips(name, line)]
    if skipped and all(_NO_SOURCES in line for line in skipped) and _NO_VERSIONS in log:
        reason = f"{name} has source distributions only"
        hint = (
            "use a conda package, or build a wheel and give its folder with --find-links: a build gives "
            "different bytes on each machine"
        )
    else:
        reason = f"no wheel satisfies {requirement} on {spec.platform}"
        hint = "check the name and the version, or use a conda package"
    links = [_link(line) for line in skipped[-5:]]
    return SolveError(reason, where=", ".join(spec.indexes), details=[*details, *links], hint=hint)


def _skips(name: str, line: str) -> bool:
    """Return whether a line of the log skips a wheel or source distribution of the name."""
    match = _FILE.search(line)
    if match is None or "Skipping link" not in line:
        return False
    stem = unquote(match[1])
    # An old source distribution can have hyphens in its name.
    found = stem.partition("-")[0] if match[2] == "whl" else stem.rpartition("-")[0]
    return canonicalize_name(found) == canonicalize_name(name)


def _requirement(requirements: Sequence[str], line: int) -> str:
    """Return the requirement in a line of the file for pip."""
    return repr(requirements[line - 1]) if 0 < line <= len(requirements) else "the 'pip:' section"


def _link(line: str) -> str:
    """Return the file name, and why pip skipped it."""
    file = _FILE.search(line)
    reason = re.search(r"Skipping link: ([^:]+)", line)
    name = f"{file[1]}.{file[2]}" if file else line
    return f"{name}: {reason[1] if reason else 'skipped'}"[:200]


def _lines_of_pip(text: str) -> list[str]:
    """Return the lines of pip without its advice on pip."""
    skipped = ("WARNING", "[notice]", "DEPRECATION", "To fix this")
    lines = [line.strip() for line in text.splitlines()]
    return [
        line.removeprefix("ERROR: ")
        for line in lines
        if line and not line.startswith(skipped) and "for help visit" not in line
    ][:_MOST_LINES]
