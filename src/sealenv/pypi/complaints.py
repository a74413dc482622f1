"""Why pip found nothing: its log becomes an error of ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from packaging.utils import canonicalize_name

from sealenv.errors import DigestError, EngineError, FetchError, SealenvError, SolveError
from sealenv.spec import EnvironmentSpec
from sealenv.urls import redact

__all__ = ["explain"]

_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,.]+ ", re.MULTILINE)
_UNREACHED = re.compile(
    r"Could not fetch URL (\S+): (?!404)(.+?)(?: - skipping)?$|"
    r"((?:Connection|HTTP|Proxy|SSL)Error: .+)$",
    re.MULTILINE,
)
_NONE = re.compile(r"No matching distribution found for (\S+)")
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)")
_LINE = re.compile(r"-r \S+ \(line (\d+)\)")
_MOST_LINES = 15


def explain(log: str, stderr: str, spec: EnvironmentSpec, pins: Sequence[str]) -> SealenvError:
    """The error for a pip that ended without an answer.

    Args:
        log: what it wrote with `--log`.
        stderr: what it said.
        spec: what it was asked.
        pins: what conda had decided, as `name==version`.
    """
    plain = redact(_TIME.sub("", log))
    asked = [*spec.indexes, *spec.find_links, *spec.requirements]
    plain = _LINE.sub(lambda m: _named(asked, int(m[1])), plain)
    conflict = _CONFLICT.search(plain)
    text = (
        conflict[1] if conflict else _LINE.sub(lambda m: _named(asked, int(m[1])), redact(stderr))
    )
    said = _said(text)
    where = ", ".join(spec.indexes)
    if "no such option" in stderr:
        return EngineError(
            "the pip beside sealenv is too old for this",
            details=[line for line in said if "no such option" in line],
            hint="update it there: python -m pip install --upgrade pip",
        )
    if "DO NOT MATCH THE HASHES" in stderr:
        return DigestError(
            "a wheel is not what its index promises",
            where=where,
            details=said[1:],
            hint="nothing of it was used; try again, and if it persists tell the index's owner",
        )
    insecure = re.search(r"repository located at (\S+) is not a trusted or secure host", plain)
    if insecure:
        return FetchError(
            "pip asks no index without TLS: what it says could be anybody's",
            where=insecure[1],
            hint="use its https URL; on this machine itself http will do",
        )
    unreached = _UNREACHED.search(plain)
    if unreached:
        url, reason, other = unreached.groups()
        refused = re.search(r"\b(401|403)\b", reason or "")
        return FetchError(
            "an index of Python packages " + ("refuses access" if refused else "does not answer"),
            where=url or where,
            details=[(reason or other)[:300]],
            hint="give user and password in its URL, or in netrc"
            if refused
            else "check the network and the URL, then run the same command again",
        )
    absent = _NONE.search(stderr) or _NONE.search(plain)
    if absent:
        return _no_wheel(absent[1], plain, said, spec)
    if "does not provide upload-time metadata" in stderr:
        return SolveError(
            "the index does not say when files were uploaded, so a cut-off cannot be kept to",
            where=where,
            hint="leave out --exclude-newer, or pin the versions",
        )
    clash = [pin for pin in pins if re.search(rf"\(constraint\) {re.escape(pin)}(?!\S)", plain)]
    if clash:
        return SolveError(
            "the 'pip:' section does not go with what conda has chosen",
            details=[*said, *(f"conda has {pin}" for pin in clash)],
            hint="ask conda for another version, or pip for one that goes with it",
        )
    return SolveError(
        "pip finds no set of wheels for the 'pip:' section",
        where=where,
        details=said or ["pip said nothing"],
        hint="the lines above are pip's; loosen one of the requirements",
    )


def _no_wheel(wanted: str, log: str, said: list[str], spec: EnvironmentSpec) -> SolveError:
    """Not there at all, there as source alone, there for other machines, or in other versions."""
    name = re.split(r"[\s\[<>=!~;@(]", wanted, maxsplit=1)[0]
    skipped = [line for line in log.splitlines() if _is_about(name, line)]
    sources = [line for line in skipped if "No sources permitted" in line]
    others = [line for line in skipped if "wheel's tags" in line or "Requires-Python" in line]
    details = said
    hint = "ask for another version, or name a conda package"
    if others:
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
    return SolveError(reason, where=", ".join(spec.indexes), details=details, hint=hint)


def _is_about(name: str, line: str) -> bool:
    match = re.search(r"/([^/\s#]+?)-[^/\s#]+\.(?:whl|tar\.gz|zip|tar\.bz2|tgz)\b", line)
    return match is not None and canonicalize_name(match[1].partition("-")[0]) == canonicalize_name(
        name
    )


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
