"""Profiles: the start-up files of each shell, where they are, and their lines."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.patterns import Block, Match, find_blocks, matches
from sealenv.checkup.registry import Key
from sealenv.checkup.text import decode, lines_of

__all__ = ["Profile", "profiles", "unreadable"]

_MOST = 500
"""Profiles that are read."""
_SOURCED = re.compile(r"(?:^|[;&|\s])(?:\.|source)\s+[\"']?(?P<path>[^\s\"';&|)]+)")
_ZDOTDIR = re.compile(r"\bZDOTDIR=[\"']?(?P<path>[^\s\"';]+)")
_OF_TOOLS = frozenset(
    {"etc", "bin", "Scripts", "conda-meta", ".nvm", ".pyenv", ".asdf", ".sdkman", ".cargo"}
)
"""Folders with scripts of programs: that one is sourced is the finding."""
_OF_THE_USER = {
    "sh": "~/.profile",
    "bash": "~/.bash_profile ~/.bash_login ~/.bashrc ~/.bash_aliases ~/.bashrc.d/*",
    "zsh": "ZDOTDIR/.zshenv ZDOTDIR/.zprofile ZDOTDIR/.zshrc ZDOTDIR/.zlogin",
    "fish": "CONFIG/fish/config.fish CONFIG/fish/conf.d/*.fish",
    "tcsh": "~/.tcshrc ~/.cshrc ~/.login",
    "xonsh": "~/.xonshrc CONFIG/xonsh/rc.xsh CONFIG/xonsh/rc.d/*.xsh CONFIG/xonsh/rc.d/*.py",
    "nu": "NUSHELL/env.nu NUSHELL/config.nu NUSHELL/login.nu NUSHELL/autoload/*.nu",
    "PowerShell": "POWERSHELL/profile.ps1 POWERSHELL/Microsoft.PowerShell_profile.ps1",
}
_OF_THE_SYSTEM = {
    "sh": "/etc/profile /etc/profile.d/*.sh",
    "bash": "/etc/bash.bashrc /etc/bashrc /etc/bash/bashrc",
    "zsh": "/etc/zshenv /etc/zprofile /etc/zshrc /etc/zlogin "
    "/etc/zsh/zshenv /etc/zsh/zprofile /etc/zsh/zshrc /etc/zsh/zlogin",
    "fish": "/etc/fish/config.fish /etc/fish/conf.d/*.fish",
    "tcsh": "/etc/csh.cshrc /etc/csh.login /etc/profile.d/*.csh",
    "xonsh": "/etc/xonsh/xonshrc /etc/xonsh/rc.d/*.xsh",
}
"""Shell -> files, each below a place of `_places`."""
_SHELLS = {".fish": "fish", ".csh": "tcsh", ".ps1": "PowerShell", ".nu": "nu", ".xsh": "xonsh"}


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


def profiles(computer: Computer) -> list[Profile]:
    """Return each profile that can be read, and the files in the home that they source."""
    return _read_all(computer)[0]


def unreadable(computer: Computer) -> list[tuple[Path, OSError]]:
    """Return each profile, and each folder of profiles, that cannot be read."""
    return _read_all(computer)[1]


def _read_all(computer: Computer) -> tuple[list[Profile], list[tuple[Path, OSError]]]:
    if computer.walked is not None:
        known: tuple[list[Profile], list[tuple[Path, OSError]]] = computer.walked
        return known
    good: list[Profile] = []
    bad: list[tuple[Path, OSError]] = []
    seen: set[str] = set()
    waiting = list(_start_up_files(computer, bad))
    while waiting and len(good) < _MOST:
        path, shell = waiting.pop(0)
        real = os.path.abspath(path)
        try:
            data = computer.bytes_of(path)
            real = os.path.realpath(path)
        except OSError as error:
            data = None
            if real not in seen:
                bad.append((path, error))
        if data is not None and real not in seen:
            text = decode(data)
            profile = Profile(path, shell, data, text, tuple(find_blocks(text)))
            good.append(profile)
            waiting += _sourced(computer, profile)
        seen.add(real)
    computer.walked = good, bad
    return good, bad


def _sourced(computer: Computer, profile: Profile) -> Iterator[tuple[Path, str]]:
    """Yield the files in the home that a profile sources, and zsh's in the ZDOTDIR that it names."""
    for _, line in profile.lines:
        text = line.strip()
        if text.startswith("#"):
            continue
        for found in _SOURCED.finditer(text):
            path = computer.expand(found["path"])
            if path and path.is_relative_to(computer.home) and not _is_of_a_tool(path):
                yield path, _SHELLS.get(path.suffix.lower(), profile.shell)
        named = _ZDOTDIR.search(text) if profile.path.name.endswith("zshenv") else None
        folder = computer.expand(named["path"]) if named else None
        if folder:
            for name in (".zprofile", ".zshrc", ".zlogin"):
                yield folder / name, "zsh"


def _is_of_a_tool(path: Path) -> bool:
    return bool(_OF_TOOLS & set(path.parts)) or path.name.startswith("activate")


def _start_up_files(
    computer: Computer, bad: list[tuple[Path, OSError]]
) -> Iterator[tuple[Path, str]]:
    """Yield each file that a shell may read when it starts, with the shell."""
    places = _places(computer)
    tables = [_OF_THE_USER] if computer.windows else [_OF_THE_USER, _OF_THE_SYSTEM]
    for shell, patterns in (row for table in tables for row in table.items()):
        for pattern in patterns.split():
            place, _, name = pattern.partition("/")
            for folder in places[place]:
                yield from ((path, shell) for path in _expand(folder, name, bad))
    for name, shell in (("BASH_ENV", "bash"), ("ENV", "sh")):
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named and not computer.windows:
            yield named, shell


def _expand(folder: Path, name: str, bad: list[tuple[Path, OSError]]) -> Iterator[Path]:
    """Yield a file, or with `*` in its name those of its folder."""
    path = folder / name
    if "*" not in path.name:
        yield path
        return
    try:
        names = sorted(os.listdir(path.parent))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        bad.append((path.parent, error))
        return
    yield from (path.parent / found for found in names if fnmatchcase(found, path.name))


def _places(computer: Computer) -> dict[str, list[Path]]:
    home, config = computer.home, computer.config
    nushell, powershell = [config / "nushell"], [config / "powershell"]
    if computer.system == "darwin":
        nushell.append(home / "Library/Application Support/nushell")
    if computer.windows:
        nushell = [computer.folder("APPDATA", "AppData", "Roaming") / "nushell"]
        powershell = list(_of_powershell(computer))
    return {
        "~": [home],
        "CONFIG": [config],
        "ZDOTDIR": list(dict.fromkeys((home, computer.folder("ZDOTDIR")))),
        "NUSHELL": nushell,
        "POWERSHELL": powershell,
        "": [computer.at("/")],
    }


def _of_powershell(computer: Computer) -> Iterator[Path]:
    documents = [computer.home / "Documents", computer.home / "OneDrive/Documents"]
    if computer.registry:
        key = Key("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders")
        with contextlib.suppress(OSError):
            value = computer.registry.value(key, "Personal")
            if value and isinstance(value.data, str):
                text = value.data.replace("%USERPROFILE%", str(computer.home))
                documents.insert(0, Path(text))
    for folder in documents:
        yield folder / "PowerShell"
        yield folder / "WindowsPowerShell"
    windows = Path(computer.setting("SYSTEMROOT") or "C:\\Windows")
    yield windows / "System32/WindowsPowerShell/v1.0"
    yield computer.folder("PROGRAMFILES", "C:\\Program Files") / "PowerShell/7"
