"""Releases of micromamba: their addresses, and the versions that can be used."""

from __future__ import annotations

import os
import re

from sealenv.bootstrap.releases import BASE_URL, parse_version
from sealenv.errors import EngineError

__all__ = [
    "WANTED",
    "check_version",
    "release_url",
]

_MIRROR = "SEALENV_MICROMAMBA_URL"
WANTED = "micromamba >=2.1.0,!=2.6.*"
"""The MatchSpec for a channel's own micromamba."""


def release_url(version: str, platform: str) -> str:
    """The address of a released executable; `SEALENV_MICROMAMBA_URL` names a mirror."""
    base = (os.environ.get(_MIRROR) or BASE_URL).rstrip("/")
    return f"{base}/download/{parse_version(version)}/micromamba-{platform}"


def check_version(version: str) -> None:
    """Refuse a version that cannot do what is asked of it (read in mamba's sources and change log).

    Raises:
        EngineError: with the reason.
    """
    number = _number(version)
    reason = None
    if number < (2, 1):
        reason = "it does not check sha256 in an explicit list (that came with 2.1.0)"
    elif number[:2] == (2, 6):
        reason = (
            "it does not find archives in its own cache when it is offline (mamba #4250), and "
            "its paths are too long for Windows (#4275)"
        )
    if reason:
        raise EngineError(
            f"micromamba {version} cannot be used here: {reason}",
            hint="use another version, such as 2.8.1",
        )


def _number(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.?(\d+)?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
