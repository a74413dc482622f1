"""Split a MatchSpec into the name of its package and the rest.

A blank after the name is common, not needed: `zlib >=1`, `zlib>=1`, `zlib[version='>=1']` and
`conda-forge::zlib=1` are all of zlib (https://github.com/conda/ceps, CEP 29; py-rattler 0.28).
"""

from __future__ import annotations

import re

LONGEST_SPEC = 4096
"""Characters of a MatchSpec or requirement."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_BRACKETS = re.compile(r"\[(.*)\]", re.DOTALL)
_KEY = re.compile(r"""\s*(\w+)\s*=\s*("[^"]*"|'[^']*'|[^,'"]*)\s*(?:,|$)""")


def package_name(spec: str) -> str:
    """Return the package name of a MatchSpec such as `conda-forge::numpy >=2`, in lower case."""
    return split_spec(spec)[0]


def split_spec(spec: str) -> tuple[str, str]:
    """Return the name in lower case, and what follows it; what is not a MatchSpec is all name.

    The brackets of `name[version=..., build=...]` are written out as `VERSION BUILD`; with any other key
    they stay as they are. A channel is dropped.
    """
    text = spec.rsplit("::", 1)[-1].strip()
    match = _NAME.match(text)
    if match is None:
        return text, ""
    return match.group().lower(), _plain(text[match.end() :].strip())


def _plain(constraint: str) -> str:
    brackets = _BRACKETS.fullmatch(constraint)
    if brackets is None:
        return constraint
    found: dict[str, str] = {}
    rest = brackets[1]
    while rest:
        key = _KEY.match(rest)
        if key is None:
            return constraint
        found[key[1]] = key[2].strip().strip("'\"")
        rest = rest[key.end() :]
    if not found.keys() <= {"version", "build"} or not found.get("version"):
        return constraint
    return f"{found['version']} {found.get('build', '')}".strip()
