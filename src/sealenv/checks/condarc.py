"""The configurations that conda and mamba read in every environment."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from sealenv.checks.check import Finding, check
from sealenv.checks.computer import Computer

_SETTING = re.compile(r"['\"-]*(?P<name>[A-Za-z][\w-]*)['\"]?\s*[=:]\s*(?P<value>.*)")
_WANTED = frozenset(
    {"pkgs_dirs", "envs_dirs", "root_prefix", "target_prefix", "envs_path", "rc_path"}
    | {"channels", "default_channels", "channel_alias", "custom_channels", "custom_multichannels"}
    | {"create_default_packages", "pinned_packages"}
)
"""Settings that change where packages come from, and the folders of packages and environments."""


@check(
    "condarc",
    "configurations that every conda and mamba reads",
    "channels, package caches and places of environments differ from those that an environment was "
    "made with",
)
def _condarc(computer: Computer) -> Iterator[Finding]:
    for path in dict.fromkeys(_files(computer)):
        text = (computer.bytes_of(path) or b"").decode("utf-8-sig", "replace")
        lines = [line.strip() for line in text.splitlines()]
        found = {
            line: setting["name"]
            for line in lines
            if (setting := _SETTING.match(line)) and setting["name"] in _WANTED
        }
        if found:
            keys = " ".join(f"--remove-key {name}" for name in found.values())
            how = f"conda config --file {shlex.quote(str(path))} {keys}"
            if not path.is_relative_to(computer.home):
                how += ", if no other user needs these settings"
            what = f"it sets {', '.join(found.values())} for every conda and mamba"
            yield Finding("warning", what, str(path), how, tuple(found)[:8])


def _files(computer: Computer) -> Iterator[Path]:
    """Yield every configuration of conda and mamba that may exist, in conda's order."""
    home = computer.home
    if computer.windows:
        system = [computer.folder("PROGRAMDATA", "C:\\ProgramData") / "conda"]
    else:
        system = [computer.at("/etc/conda"), computer.at("/var/lib/conda")]
    for folder in (*system, computer.config / "conda", home / ".conda"):
        yield from (folder / name for name in (".condarc", "condarc", ".mambarc"))
        yield from sorted((folder / "condarc.d").glob("*.y*ml"))
    for name in (".condarc", ".mambarc", ".config/mamba/.mambarc", ".mamba/.mambarc"):
        yield home / name
    for name in ("CONDARC", "MAMBARC"):
        path = os.path.expanduser(computer.setting(name))
        if os.path.isabs(path) and path != os.devnull:
            yield Path(path)
