"""Turn the log of a pip that failed into an error of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

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
_NONE = re.compile(r"No matching distribution found for (\S+)")
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)")
_LINE = re.compile(r"-r \S+ \(line (\d+)\)")
_LIES = re.compile(r"inconsistent \w+: expected .*?(?=\[/\]|$)")
_WHEEL = re.compile(r"/([^/\s#]+\.whl)\b")
_MOST_LINES = 15


@dataclass(frozen=True)
class _Words:
    """What pip said, free of secrets and of the names of our own scratch files."""

    spec: EnvironmentSpec
    log: str
    stderr: str
    pins: Sequence[str]

    @property
    def where(self) -> str:
        return ", ".join(self.spec.indexes)

    @property
    def said(self) -> list[str]:
        """The lines for the user: of a conflict what it is caused by, else what pip ended with."""
        conflict = _CONFLICT.search(self.log)
        return _said(conflict[1] if conflict else self.stderr)


def explain(
    log: str,
    stderr: str,
    spec: EnvironmentSpec,
    pins: Sequence[str],
    asked: Sequence[str],
) -> SealenvError:
    """The error for a pip that ended without an answer.

    Args:
        log: what it wrote with `--log`.
        stderr: what it said.
        spec: what it was asked.
        pins: what conda had decided, as `name==version`.
        asked: the lines of its requirements file.
    """

    def clean(text: str) -> str:
        return redact(_LINE.sub(lambda m: _named(asked, int(m[1])), text))

    words = _Words(spec, clean(_TIME.sub("", log)), clean(stderr), pins)
    for judge in (_too_old, _tampered, _insecure, _unreached, _absent, _no_times, _clash):
        error = judge(words)
        if error is not None:
            return error
    return SolveError(
        "pip finds no set of wheels for the 'pip:' section",
        where=words.where,
        details=words.said or ["pip said nothing"],
        hint="the lines above are pip's; loosen one of the requirements",
    )


def _too_old(words: _Words) -> SealenvError | None:
    if "no such option" not in words.stderr:
        return None
    return EngineError(
        "the pip beside sealenv is too old for this",
        details=[line for line in words.said if "no such option" in line],
        hint="update it there: python -m pip install --upgrade pip",
    )


def _tampered(words: _Words) -> SealenvError | None:
    if "DO NOT MATCH THE HASHES" not in words.stderr:
        return None
    return DigestError(
        "a wheel is not what its index promises",
        where=words.where,
        details=words.said[1:],
        hint="nothing of it was used; try again, and if it persists tell the index's owner",
    )


def _insecure(words: _Words) -> SealenvError | None:
    host = re.search(r"repository located at (\S+) is not a trusted or secure host", words.log)
    if host is None:
        return None
    return FetchError(
        "pip asks no index without TLS: what it says could be anybody's",
        where=host[1],
        hint="use its https URL; on this machine itself http will do",
    )


def _unreached(words: _Words) -> SealenvError | None:
    found = _UNREACHED.search(words.log)
    if found is None:
        return None
    reason = found["why"] or found["other"] or f"HTTP error {found['code']}"
    refused = re.search(r"\b(401|403)\b", reason)
    trouble = "does not give a wheel that it names" if found["file"] else "does not answer"
    return FetchError(
        f"an index of Python packages {'refuses access' if refused else trouble}",
        where=(found["url"] or found["file"] or words.where).partition("#")[0],
        details=[reason[:300]],
        hint="give user and password in its URL, or in netrc"
        if refused
        else "check the network and the URL, then run the same command again",
    )


def _absent(words: _Words) -> SealenvError | None:
    found = _NONE.search(words.stderr) or _NONE.search(words.log)
    return _no_wheel(found[1], words) if found else None


def _no_times(words: _Words) -> SealenvError | None:
    if "does not provide upload-time metadata" not in words.stderr:
        return None
    return SolveError(
        "the index does not say when files were uploaded, so a cut-off cannot be kept to",
        where=words.where,
        hint="leave out --exclude-newer, or pin the versions",
    )


def _clash(words: _Words) -> SealenvError | None:
    pinned = [
        pin for pin in words.pins if re.search(rf"\(constraint\) {re.escape(pin)}(?!\S)", words.log)
    ]
    if not pinned:
        return None
    return SolveError(
        "the 'pip:' section does not go with what conda has chosen",
        details=[*words.said, *(f"conda has {pin}" for pin in pinned)],
        hint="ask conda for another version, or pip for one that goes with it",
    )


def _no_wheel(wanted: str, words: _Words) -> SolveError:
    """Not there at all, there as source alone, there for other machines, or in other versions."""
    name = re.split(r"[\s\[<>=!~;@(]", wanted, maxsplit=1)[0]
    skipped = [line for line in words.log.splitlines() if _is_about(name, wanted, line)]
    sources = [line for line in skipped if "No sources permitted" in line]
    others = [line for line in skipped if "wheel's tags" in line or "Requires-Python" in line]
    said, spec = words.said, words.spec
    liars = [
        f"{link[1]}: {why[0]}"
        for line in words.log.splitlines()
        if (why := _LIES.search(line))
        and (link := _WHEEL.search(line))
        and _is_about(name, wanted, line)
    ]
    details = said
    hint = "ask for another version, or name a conda package"
    if liars:
        reason = f"the wheel of {name} is not what its name says"
        details = liars[:_MOST_LINES]
        hint = "ask for another version, or tell who publishes it"
    elif others:
        reason = f"there are wheels of {name}, and none that fits {spec.platform} and its python"
        details = [*said, *(_link(line) for line in others[-5:])]
    elif sources:
        reason = f"there is no wheel of {name} that fits, only source distributions"
        details = [*said, *(_link(line) for line in sources[-3:])]
        hint = (
            "what is built on each machine is not the same bytes everywhere: name a conda package, or "
            "build a wheel and name its folder with --find-links"
        )
    else:
        reason = f"no index has {wanted}"
        hint = "check the name and the version"
    return SolveError(reason, where=words.where, details=details, hint=hint)


def _is_about(name: str, wanted: str, line: str) -> bool:
    """Whether a line of the log is about a file of that name, in a version that was asked for."""
    match = re.search(r"/([^/\s#]+)\.(whl|tar\.gz|zip|tar\.bz2|tgz)\b", line)
    if match is None:
        return False
    stem = unquote(match[1])
    if match[2] == "whl":
        found, version = [*stem.split("-"), ""][:2]
    else:  # the name of an older one may have hyphens
        found, _, version = stem.rpartition("-")
    if canonicalize_name(found) != canonicalize_name(name):
        return False
    try:
        return Requirement(wanted).specifier.contains(version, prereleases=True)
    except (InvalidRequirement, InvalidVersion):
        return True


def _named(asked: Sequence[str], line: int) -> str:
    """The requirement in a line of the file that pip was given."""
    return repr(asked[line - 1]) if 0 < line <= len(asked) else "the 'pip:' section"


def _link(line: str) -> str:
    """The file name, and why it was left out."""
    file = re.search(r"/([^/\s#]+\.(?:whl|tar\.gz|zip|tar\.bz2|tgz))\b", line)
    reason = re.search(r"Skipping link: ([^:]+)", line)
    return f"{file[1] if file else line}: {reason[1] if reason else 'left out'}"[:200]


def _said(text: str) -> list[str]:
    """pip's own words, without its advice on pip."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [
        re.sub(r"^ERROR: ", "", line)
        for line in lines
        if line
        and not line.startswith(("WARNING", "[notice]", "DEPRECATION", "To fix this"))
        and "for help visit" not in line
    ]
    return kept[:_MOST_LINES]
