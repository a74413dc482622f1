"""The machine that is examined: its variables, folders and files."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sealenv.checkup.registry import Registry
from sealenv.checkup.volume import Volume, look_at
from sealenv.system.files import read_regular

__all__ = ["LARGEST", "Computer", "windows_entries"]

LARGEST = 1 << 18
"""The most bytes of a profile or a configuration that are read."""


_DEFAULT = re.compile(r"\$\{(\w+):?-([^{}]*)\}")
"""A variable, or a text if it is not set."""
_VARIABLE = re.compile(r"\$(?:env[:.])?\{?(HOME|USERPROFILE|ZDOTDIR|XDG_CONFIG_HOME)\b\}?")


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
        own: the prefixes that sealenv itself runs from; they are not reported.
        code_page: the ANSI code page of Windows; 65001 (UTF-8) elsewhere.
    """

    home: Path
    environ: Mapping[str, str] = field(repr=False)  # values may be secrets
    target: Path
    system: str = sys.platform
    root: Path = Path("/")
    registry: Registry | None = None
    own: tuple[str, ...] = ()
    code_page: int = 65001
    read: dict[Path, bytes | OSError] = field(default_factory=dict, repr=False, compare=False)
    walked: Any = field(default=None, repr=False, compare=False)
    """The profiles, once they were read (`profiles`)."""

    @property
    def windows(self) -> bool:
        """Whether it is a Windows machine."""
        return self.system == "win32"

    @cached_property
    def volume(self) -> Volume:
        """The file system of the target."""
        return look_at(self.target, self.system)

    def at(self, path: str) -> Path:
        """Return the place of an absolute POSIX path."""
        return self.root / path.lstrip("/") if self.root != Path("/") else Path(path)

    def setting(self, name: str) -> str:
        """Return the value of a variable; empty if it is not set."""
        return self.environ.get(name, "")

    def folder(self, name: str, *default: str) -> Path:
        """Return the folder that a variable names, or a default one below the home."""
        value = self.setting(name)
        return Path(value) if value and os.path.isabs(value) else self.home.joinpath(*default)

    @property
    def config(self) -> Path:
        """XDG's folder of configurations."""
        return self.folder("XDG_CONFIG_HOME", ".config")

    def expand(self, text: str) -> Path | None:
        """Return the file that a word of a profile names; None if that is not certain."""
        text = _DEFAULT.sub(lambda found: self.setting(found[1]) or found[2], text)
        if text[:1] == "~" and text[1:2] in ("", "/", "\\"):
            text = f"$HOME{text[1:]}"
        text = _VARIABLE.sub(lambda found: self._folder_of(found[1]) or found[0], text)
        if any(c in text for c in "$`*?[(") or not os.path.isabs(text):
            return None
        return Path(text)

    def _folder_of(self, name: str) -> str:
        return str(self.home) if name in ("HOME", "USERPROFILE") else self.setting(name)

    def bytes_of(self, path: Path) -> bytes | None:
        """Return the content of a regular file; None if it does not exist.

        Raises:
            OSError: it cannot be read, is too large, or is not a regular file.
        """
        if path not in self.read:
            try:
                self.read[path] = read_regular(path, most=LARGEST)
            except (FileNotFoundError, NotADirectoryError) as error:
                self.read[path] = FileNotFoundError(*error.args)
            except OSError as error:
                self.read[path] = error
            except ValueError as error:  # a NUL in the path
                self.read[path] = OSError(22, str(error), str(path))
        found = self.read[path]
        if isinstance(found, FileNotFoundError):
            return None
        if isinstance(found, OSError):
            raise found
        return found

    def short(self, path: Path | str) -> str:
        """Return a path with `~` for the home."""
        text, home = str(path), str(self.home)
        sep = "\\" if self.windows else "/"
        return f"~{text[len(home) :]}" if text.startswith(home + sep) else text

    def path_entries(self) -> Iterator[str]:
        """Yield the entries of PATH as they stand."""
        value = self.setting("PATH") or self.setting("Path")
        if value:
            yield from windows_entries(value) if self.windows else value.split(":")

    def windows_folder(self, entry: str) -> Path | None:
        """Return the folder that an entry of a Windows PATH names; None if that is not certain."""
        text = re.sub(r"%([^%]+)%", self._variable, entry.replace('"', "").strip())
        if "%" in text or "\0" in text or not ntpath.splitdrive(text)[0]:
            return None
        if self.root == Path("/"):
            return Path(text)
        return self.root.joinpath(*re.split(r"[/\\]+", text.replace(":", "")))  # in tests

    def _variable(self, found: re.Match[str]) -> str:
        name = found[1].lower()
        return next((v for n, v in self.environ.items() if n.lower() == name), found[0])

    def is_absolute(self, text: str) -> bool:
        """Return whether a path is absolute on this machine's system."""
        if self.windows:
            return bool(ntpath.splitdrive(text)[0]) or text.startswith("\\\\")
        return posixpath.isabs(text)


def windows_entries(value: str) -> list[str]:
    """Return the entries of a Windows PATH as they stand: a `;` in quotes separates nothing."""
    entries, quoted = [""], False
    for c in value:
        quoted ^= c == '"'
        if c == ";" and not quoted:
            entries.append("")
        else:
            entries[-1] += c
    return entries
