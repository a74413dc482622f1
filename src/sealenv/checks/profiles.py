"""The start-up files of shells: where they are, and what is in them. Nothing is run."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealenv.checks.patterns import Block, Match, find_blocks, matches
from sealenv.checks.registry import Key
from sealenv.checks.text import decode, lines_of

if TYPE_CHECKING:
    from sealenv.checks.computer import Computer

__all__ = ["Profile", "Profiles", "read_profiles"]

_FILES = {
    "sh": "~/.profile /etc/profile /etc/profile.d/*.sh",
    "bash": "~/.bash_profile ~/.bash_login ~/.bashrc ~/.bash_aliases ~/.bashrc.d/* "
    "/etc/bash.bashrc /etc/bashrc /etc/bash/bashrc",
    "zsh": "ZDOTDIR/.zshenv ZDOTDIR/.zprofile ZDOTDIR/.zshrc ZDOTDIR/.zlogin "
    "~/.zshenv ~/.zprofile ~/.zshrc ~/.zlogin "
    "/etc/zshenv /etc/zprofile /etc/zshrc /etc/zlogin "
    "/etc/zsh/zshenv /etc/zsh/zprofile /etc/zsh/zshrc /etc/zsh/zlogin",
    "fish": "CONFIG/fish/config.fish CONFIG/fish/conf.d/*.fish CONFIG/fish/fish_variables "
    "/etc/fish/config.fish /etc/fish/conf.d/*.fish",
    "tcsh": "~/.tcshrc ~/.cshrc ~/.login /etc/csh.cshrc /etc/csh.login /etc/profile.d/*.csh",
    "xonsh": "~/.xonshrc CONFIG/xonsh/rc.xsh CONFIG/xonsh/rc.d/*.xsh CONFIG/xonsh/rc.d/*.py "
    "/etc/xonsh/xonshrc /etc/xonsh/rc.d/*.xsh",
    "nu": "NUSHELL/env.nu NUSHELL/config.nu NUSHELL/login.nu NUSHELL/autoload/*.nu",
    "PowerShell": "POWERSHELL/profile.ps1 POWERSHELL/Microsoft.PowerShell_profile.ps1",
    "the login": "CONFIG/environment.d/*.conf /etc/environment /etc/environment.d/*.conf",
}
"""Shell -> files, each below a place of `_places`."""
_SHELLS = {".fish": "fish", ".csh": "tcsh", ".ps1": "PowerShell", ".nu": "nu", ".xsh": "xonsh"}
_SOURCED = re.compile(r"(?:^|[;&|\s])(?:\.|source)\s+[\"']?(?P<path>[^\s\"';&|)]+)")
_OF_TOOLS = frozenset(
    {"etc", "bin", "Scripts", "conda-meta", ".nvm", ".pyenv", ".asdf", ".sdkman", ".cargo"}
)
"""Folders with scripts of programs. The line that sources such a script is the finding."""


@dataclass(frozen=True)
class Profile:
    """A start-up file.

    Attributes:
        path: where it was found; possibly a link.
        shell: the shell that reads it.
        data: its bytes.
        text: the same as text.
        blocks: the managed blocks in it.
    """

    path: Path
    shell: str
    data: bytes
    text: str
    blocks: tuple[Block, ...]

    @cached_property
    def lines(self) -> list[tuple[int, str]]:
        """The lines outside of managed blocks, with their numbers."""
        return [
            (number, self.text[start:end])
            for number, (start, end) in enumerate(lines_of(self.text), 1)
            if not any(b.whole and b.start <= start < b.end for b in self.blocks)
        ]

    @cached_property
    def matches(self) -> list[tuple[int, str, dict[str, Match]]]:
        """The lines that a pattern matches, with their numbers and what they do."""
        return [(number, line, found) for number, line in self.lines if (found := matches(line))]


class Profiles(NamedTuple):
    """The start-up files that were read, and those that cannot be read."""

    read: list[Profile]
    unreadable: list[tuple[Path, OSError]]


def read_profiles(computer: Computer) -> Profiles:
    """Read each start-up file, and the files in the home that they source."""
    found = Profiles([], [])
    seen: set[str] = set()
    waiting = list(_start_up_files(computer))
    while waiting:
        path, shell = waiting.pop(0)
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        try:
            data = computer.bytes_of(path)
        except OSError as error:
            found.unreadable.append((path, error))
            continue
        if data is not None:
            text = decode(data)
            profile = Profile(path, shell, data, text, tuple(find_blocks(text)))
            found.read.append(profile)
            waiting += _sourced(computer, profile)
    return found


def _sourced(computer: Computer, profile: Profile) -> Iterator[tuple[Path, str]]:
    """Yield the files in the home that a profile sources by name."""
    for _, line in profile.lines:
        for found in _SOURCED.finditer("" if line.lstrip().startswith("#") else line):
            path = computer.expand(found["path"])
            if path and path.is_relative_to(computer.home) and not _is_of_a_tool(path):
                yield path, _SHELLS.get(path.suffix.lower(), profile.shell)


def _is_of_a_tool(path: Path) -> bool:
    return bool(_OF_TOOLS & set(path.parts)) or path.name.startswith("activate")


def _start_up_files(computer: Computer) -> Iterator[tuple[Path, str]]:
    """Yield each file that a shell may read when it starts, with the shell."""
    places = _places(computer)
    for shell, patterns in _FILES.items():
        for pattern in patterns.split():
            place, _, name = pattern.partition("/")
            for folder in places[place]:
                paths = sorted(folder.glob(name)) if "*" in name else [folder / name]
                yield from ((path, shell) for path in paths)


def _places(computer: Computer) -> dict[str, list[Path]]:
    home, config = computer.home, computer.config
    nushell, powershell = [config / "nushell"], [config / "powershell"]
    if computer.system == "darwin":
        nushell.append(home / "Library/Application Support/nushell")
    if computer.windows:
        nushell = [computer.folder("APPDATA", "AppData", "Roaming") / "nushell"]
        documents = _documents(computer)
        powershell = [documents / "PowerShell", documents / "WindowsPowerShell"]
    return {
        "~": [home],
        "CONFIG": [config],
        "ZDOTDIR": [computer.folder("ZDOTDIR")],
        "NUSHELL": nushell,
        "POWERSHELL": powershell,
        "": [] if computer.windows else [computer.at("/")],
    }


def _documents(computer: Computer) -> Path:
    """Return the folder of documents on Windows, which OneDrive may have moved."""
    key = Key("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders")
    with contextlib.suppress(OSError):
        value = computer.registry.value(key, "Personal") if computer.registry else None
        if value and isinstance(value.data, str):
            return Path(value.data.replace("%USERPROFILE%", str(computer.home)))
    return computer.home / "Documents"
