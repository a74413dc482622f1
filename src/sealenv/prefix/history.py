"""conda-meta/history in conda's format, so that its `--from-history` and `--revisions` work.

conda 26 (`conda/history.py`) reads a header with the time, `# cmd:` and `# update specs:` comments, and
one `+channel/subdir::name-version-build` line per package.
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
        lock: the linked packages.
        requested: the requested MatchSpecs.
        command: the command line; credentials and line breaks are removed.
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
    """Return the requested specs as conda's `--from-history` does: package name -> MatchSpec.

    A later revision replaces the specs of an earlier one, and `remove specs` removes them. Without a
    history the result is empty.
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
    """Return name and version of the program that wrote the first revision; empty if unknown."""
    for line in _lines(prefix):
        if found := _MAKER.match(line):
            return found[1], found[2]
    return "", ""


def read_bootstrap(prefix: Path) -> tuple[str, str | None] | None:
    """Return version and sha256 of the micromamba that our standalone script used, if one did.

    The version in micromamba's own history is a constant, "3.8.0".
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
    """Parse a list as Python writes it, or separated by commas as in conda before 4.4."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = [part.strip() for part in text.split(",")]
    return [str(item) for item in value if item] if isinstance(value, (list, tuple)) else []


def write_state(prefix: Path, variables: Mapping[str, str]) -> None:
    """Write the variables of environment.yml where conda and the activation read them (CEP 32)."""
    if variables:
        data = json.dumps({"version": 1, "env_vars": dict(variables)}, indent=2, sort_keys=True)
        write_atomic(prefix / META / "state", data.encode() + b"\n")


_REMOVED = "***unset***"
"""The value of a variable that `conda env config vars unset` removed."""


def read_state(prefix: Path) -> dict[str, str]:
    """Return the variables; none if the file does not exist or is not valid."""
    try:
        data = json.loads(read_regular(prefix / META / "state"))
        found = {str(k): str(v) for k, v in data["env_vars"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {k: v for k, v in found.items() if v != _REMOVED}
