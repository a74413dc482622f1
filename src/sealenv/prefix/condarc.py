"""The prefix's own `.condarc`, which isolates the conda and mamba inside as `create` was.

They read it after the user's files, so its values win (conda/base/constants.py, SEARCH_PATH; libmamba,
Configuration::compute_config_sources). conda joins lists: the user's entries come after ours. The
activation makes mamba read only this file. `#!final` protects a key from files that are read later
(conda/common/configuration.py, _match_key_is_important).

`defaults` is an empty multichannel. If it named the channels of the environment, conda would use it as
their name in exports, in its history and in `conda list` (conda/models/channel.py, canonical_name).

It holds no absolute path: both tools expand `$CONDA_PREFIX`, so it stays valid after a move.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from sealenv.layout import CONDARC
from sealenv.system.files import write_atomic

__all__ = ["condarc_text", "write_condarc"]

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
