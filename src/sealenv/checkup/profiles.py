"""Profiles: the start-up files of each shell, where they are, and their lines."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sealenv.checkup.blocks import Block, find_blocks
from sealenv.checkup.computer import Computer
from sealenv.checkup.patterns import Match, matches
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
    bad = list(_closed_folders(computer))
    seen: set[str] = set()
    waiting = list(_start_up_files(computer))
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


def _closed_folders(computer: Computer) -> Iterator[tuple[Path, OSError]]:
    folders = [computer.config / part for part in ("fish/conf.d", "xonsh/rc.d")]
    if not computer.windows:
        folders += [computer.at("/etc/profile.d"), computer.at("/etc/fish/conf.d")]
    for folder in folders:
        try:
            os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield folder, error


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


def _start_up_files(computer: Computer) -> Iterator[tuple[Path, str]]:
    """Yield each file that a shell may read when it starts, with the shell."""
    home, config = computer.home, computer.config
    yield home / ".profile", "sh"
    for name in (".bash_profile", ".bash_login", ".bashrc", ".bash_aliases"):
        yield home / name, "bash"
    for path in _in(home / ".bashrc.d"):
        yield path, "bash"
    for folder in dict.fromkeys((home, computer.folder("ZDOTDIR"))):
        for name in (".zshenv", ".zprofile", ".zshrc", ".zlogin"):
            yield folder / name, "zsh"
    for path in (config / "fish/config.fish", *_in(config / "fish/conf.d", ".fish")):
        yield path, "fish"
    for name in (".tcshrc", ".cshrc", ".login"):
        yield home / name, "tcsh"
    xonsh = (home / ".xonshrc", config / "xonsh/rc.xsh", *_in(config / "xonsh/rc.d", ".xsh", ".py"))
    for path in xonsh:
        yield path, "xonsh"
    for folder in _nushell(computer):
        for path in (
            *(folder / f"{name}.nu" for name in ("env", "config", "login")),
            *_in(folder / "autoload", ".nu"),
        ):
            yield path, "nu"
    for folder in _powershell(computer):
        for name in ("profile.ps1", "Microsoft.PowerShell_profile.ps1"):
            yield folder / name, "PowerShell"
    for name, shell in (("BASH_ENV", "bash"), ("ENV", "sh")):
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named and not computer.windows:
            yield named, shell
    if not computer.windows:
        yield from _of_the_system(computer)


def _of_the_system(computer: Computer) -> Iterator[tuple[Path, str]]:
    yield computer.at("/etc/profile"), "sh"
    for suffix, shell in ((".sh", "sh"), (".csh", "tcsh")):
        for path in _in(computer.at("/etc/profile.d"), suffix):
            yield path, shell
    for name in ("/etc/bash.bashrc", "/etc/bashrc", "/etc/bash/bashrc"):
        yield computer.at(name), "bash"
    for folder in ("/etc", "/etc/zsh"):
        for name in ("zshenv", "zprofile", "zshrc", "zlogin"):
            yield computer.at(f"{folder}/{name}"), "zsh"
    for path in (
        computer.at("/etc/fish/config.fish"),
        *_in(computer.at("/etc/fish/conf.d"), ".fish"),
    ):
        yield path, "fish"
    for name in ("csh.cshrc", "csh.login"):
        yield computer.at(f"/etc/{name}"), "tcsh"
    for path in (computer.at("/etc/xonsh/xonshrc"), *_in(computer.at("/etc/xonsh/rc.d"), ".xsh")):
        yield path, "xonsh"


def _in(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files of a folder; one that cannot be listed is reported by `_closed_folders`."""
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(folder))
        return [folder / name for name in names if name.endswith(suffixes or "")][:_MOST]
    return []


def _nushell(computer: Computer) -> Iterator[Path]:
    if computer.windows:
        yield computer.folder("APPDATA", "AppData", "Roaming") / "nushell"
        return
    yield computer.config / "nushell"
    if computer.system == "darwin":
        yield computer.home / "Library/Application Support/nushell"


def _powershell(computer: Computer) -> Iterator[Path]:
    if not computer.windows:
        yield computer.config / "powershell"
        return
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
