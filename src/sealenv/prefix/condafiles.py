"""The files of a prefix that conda and mamba read: history, state and `.condarc`.

conda 26 (`conda/history.py`) reads from the history a header with the time, `# cmd:` and `# update
specs:` comments, and one `+channel/subdir::name-version-build` line per package, for
`--from-history` and `--revisions`.

`.condarc` isolates the conda and mamba inside as `create` was. They read it after the user's files,
so its values win (conda/base/constants.py, SEARCH_PATH; libmamba,
Configuration::compute_config_sources). conda joins lists: the user's entries come after ours. The
activation makes mamba read only this file. `#!final` protects a key from files that are read later
(conda/common/configuration.py, _match_key_is_important).

`defaults` is an empty multichannel. If it named the channels of the environment, conda would use it
as their name in exports, in its history and in `conda list` (conda/models/channel.py,
canonical_name).

`.condarc` holds no absolute path: both tools expand `$CONDA_PREFIX`, so it stays valid after a
move.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv._version import __version__
from sealenv.layout import CONDARC, HISTORY, META
from sealenv.locks import Lock
from sealenv.spec.matchspec import package_name
from sealenv.system.files import read_regular, write_atomic
from sealenv.urls import redact

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
    """Parse a list as Python writes it; none from any other text."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
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


_TEXT = """\
# Written by `sealenv create`: conda and mamba in this environment are as isolated as its creation.
# It is yours to edit; `conda config --env` writes here too.
channels:
{channels}
# `defaults` means no channel here. conda before 26.1 reads the first key; newer versions and mamba
# read the second.
default_channels: []
custom_multichannels:
  defaults: []
channel_priority: strict
subdir: {subdir}
# No entry in ~/.conda/environments.txt.
register_envs: false #!final
# An inner `conda create -n NAME` makes a neighbour of this environment, not a part of it.
envs_dirs:
  - $CONDA_PREFIX/..
pkgs_dirs:
  - $CONDA_PREFIX/pkgs
auto_activate_base: false
notify_outdated_conda: false
"""


def condarc_text(channels: Sequence[str], platform: str) -> str:
    """Return the file's text for an environment of these channels.

    Args:
        channels: as in the spec, without credentials.
        platform: its subdir. It is always written, so that every machine writes the same file.
    """
    # conda would expand a dollar sign.
    listed = (
        json.dumps(_as_conda_names(channel).replace("$", "%24"), ensure_ascii=False)
        for channel in channels
    )
    return _TEXT.format(channels="\n".join(f"  - {c}" for c in listed), subdir=platform)


def _as_conda_names(channel: str) -> str:
    """Return the name of a channel of anaconda.org, or the URL: conda treats others as new channels."""
    channel = channel.rstrip("/")
    name = channel.removeprefix("https://conda.anaconda.org/")
    named = re.fullmatch(r"[\w.-]+(/label/[\w.-]+)?", name) and name not in {"defaults", "local"}
    return name if named else channel


def write_condarc(prefix: Path, channels: Sequence[str], platform: str) -> None:
    """Write the file, unless a package contains one."""
    if not os.path.lexists(prefix / CONDARC):
        write_atomic(prefix / CONDARC, condarc_text(channels, platform).encode(), mode=0o644)
