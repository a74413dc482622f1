"""conda-meta/history in conda's own format, so that `--from-history` and `--revisions` are right.

The format is what conda 26's `conda/history.py` reads: a header with the time, `# cmd:` and
`# update specs:` comments, one `+channel/subdir::name-version-build` line per package.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv._version import __version__
from sealenv.layout import HISTORY, META
from sealenv.locks import Lock
from sealenv.spec.matchspec import package_name
from sealenv.system.files import read_regular, write_atomic
from sealenv.urls import redact

__all__ = [
    "made_by",
    "read_bootstrap",
    "read_requested",
    "read_state",
    "write_history",
    "write_state",
]


_SPECS = re.compile(
    r"#\s*(?P<action>update|install|create|remove|uninstall|neutered) specs:\s*(?P<specs>.+)"
)
_BOOTSTRAP = re.compile(r"^micromamba (\S+) sha256 ([0-9a-f]{64})\s*$", re.MULTILINE)
_MAKER = re.compile(r"#\s*(conda|mamba|micromamba|sealenv) version:\s*(\S+)")


def write_history(
    prefix: Path, lock: Lock, requested: Sequence[str], command: str, now: dt.datetime
) -> None:
    """Write the first revision.

    Args:
        prefix: the prefix.
        lock: what was linked.
        requested: the MatchSpecs that were asked for.
        command: how it was asked for; credentials and line breaks are taken out.
        now: the time of the revision.
    """
    lines = [
        f"==> {now:%Y-%m-%d %H:%M:%S} <==",
        f"# cmd: {' '.join(redact(command).split())}",
        f"# sealenv version: {__version__}",
        *(
            f"+{p.channel.rstrip('/')}/{p.subdir}::{p.dist}"
            for p in sorted(lock.packages, key=lambda p: p.name)
        ),
        f"# update specs: {list(requested)!r}",
        "",
    ]
    write_atomic(prefix / HISTORY, "\n".join(lines).encode("utf-8", "backslashreplace"))


def read_requested(prefix: Path) -> dict[str, str]:
    """What was asked for, as conda's `--from-history` reads it: package name -> MatchSpec.

    A later revision replaces what an earlier one asked for, and `remove specs` takes it away. Without
    a history, or with one that says nothing, it is empty.
    """
    asked: dict[str, str] = {}
    for line in _lines(prefix):
        match = _SPECS.match(line)
        if match is None:
            continue
        for spec in _listed(match["specs"]):
            name = package_name(spec)
            if match["action"] in {"remove", "uninstall"}:
                asked.pop(name, None)
            elif match["action"] != "neutered" or name in asked:
                asked[name] = spec
    return asked


def made_by(prefix: Path) -> tuple[str, str]:
    """Name and version of the program that wrote the first revision; empty where it does not say."""
    for line in _lines(prefix):
        if found := _MAKER.match(line):
            return found[1], found[2]
    return "", ""


def read_bootstrap(prefix: Path) -> tuple[str, str | None] | None:
    """Version and sha256 of the micromamba that a script of ours used; None where none made the prefix.

    micromamba's own history does not tell: the version that it writes there is a constant, "3.8.0".
    """
    try:
        text = read_regular(prefix / META / "sealenv.bootstrap").decode("utf-8", "replace")
    except OSError:
        return None
    found = _BOOTSTRAP.search(text)
    return (found[1], found[2]) if found else ("", None)


def _lines(prefix: Path) -> list[str]:
    try:
        return read_regular(prefix / HISTORY).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _listed(text: str) -> list[str]:
    """A list as Python writes it, or as conda before 4.4: separated by commas."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = [part.strip() for part in text.split(",")]
    return [str(item) for item in value if item] if isinstance(value, (list, tuple)) else []


def write_state(prefix: Path, variables: Mapping[str, str]) -> None:
    """Write environment.yml's `variables` where conda and the activation look for them (CEP 32)."""
    if variables:
        data = json.dumps({"version": 1, "env_vars": dict(variables)}, indent=2, sort_keys=True)
        write_atomic(prefix / META / "state", data.encode() + b"\n")


def read_state(prefix: Path) -> dict[str, str]:
    """The variables; none where there is no such file, or none that can be read."""
    try:
        data = json.loads(read_regular(prefix / META / "state"))
        return {str(k): str(v) for k, v in data["env_vars"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
