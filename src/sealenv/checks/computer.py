"""The machine that is examined: its variables, folders, files and registry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sealenv.checks.profiles import Profile, read_profiles
from sealenv.system.files import read_regular
from sealenv.system.registry import Registry

LARGEST = 1 << 18
"""The most bytes of a profile or a configuration that are read."""


@dataclass
class Computer:
    """What the checks examine.

    Attributes:
        home: the user's home.
        environ: the environment variables.
        target: the folder for environments, which need not exist.
        system: as `sys.platform` says it.
        root: the folder that is `/`; another one in tests.
        registry: of Windows; None elsewhere.
    """

    home: Path
    environ: Mapping[str, str] = field(repr=False)  # values may be secrets
    target: Path
    system: str = sys.platform
    root: Path = Path("/")
    registry: Registry | None = None

    @property
    def windows(self) -> bool:
        """Whether it is a Windows machine."""
        return self.system == "win32"

    @cached_property
    def profiles(self) -> list[Profile]:
        """The start-up files of shells."""
        return list(read_profiles(self))

    def at(self, path: str) -> Path:
        """Return the place of an absolute POSIX path."""
        return self.root / path.lstrip("/") if self.root != Path("/") else Path(path)

    def setting(self, name: str) -> str:
        """Return the value of a variable; empty if it is not set."""
        return self.environ.get(name, "")

    def folder(self, name: str, *default: str) -> Path:
        """Return the folder that a variable names, or a default one below the home."""
        value = self.setting(name)
        return Path(value) if os.path.isabs(value) else self.home.joinpath(*default)

    @property
    def config(self) -> Path:
        """XDG's folder of configurations."""
        return self.folder("XDG_CONFIG_HOME", ".config")

    def bytes_of(self, path: Path) -> bytes | None:
        """Return the content of a regular file; None if it does not exist.

        Raises:
            OSError: it cannot be read, is too large, or is not a regular file.
        """
        try:
            return read_regular(path, most=LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return None
