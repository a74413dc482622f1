"""Releases of micromamba: the one that scripts use, and the digests of its executables.

`releases.json` is edited by hand. Add a digest only if independent sources agree on it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["SUBDIRS", "PinnedMicromamba", "Releases"]

SUBDIRS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
"""The platforms of the table, and so of the scripts."""
_TABLE = Path(__file__).with_name("releases.json")


@dataclass(frozen=True)
class PinnedMicromamba:
    """Which micromamba a script uses.

    Attributes:
        version: VERSION-BUILD of the release that it is downloaded from.
        sha256: the digest of the executable, by subdir.
    """

    version: str
    sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Releases:
    """The table.

    Attributes:
        default: VERSION-BUILD of the release that the scripts use.
        sha256: VERSION-BUILD, then the subdir, then the digest of the executable.
    """

    default: str
    sha256: dict[str, dict[str, str]]

    @classmethod
    def read(cls) -> Releases:
        """Read the table that is shipped."""
        return cls(**json.loads(_TABLE.read_text(encoding="ascii")))

    @property
    def pinned(self) -> PinnedMicromamba:
        """Return the default release with its digests."""
        return PinnedMicromamba(self.default, self.sha256[self.default])
