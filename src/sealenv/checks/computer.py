"""The machine that is examined: its variables, folders and files, and the start-up files of shells."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sealenv.checks.patterns import TOOLS, command_of
from sealenv.system.files import read_regular
from sealenv.system.registry import Key, Registry

LARGEST = 1 << 18
"""The most bytes of a profile or a configuration that are read."""

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
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What PowerShell 5 writes."""


def codec_of(data: bytes) -> tuple[str, str]:
    """Return the encoding and the error handler with which text and bytes convert without loss."""
    wide = _WIDE.get(data[:2])
    if wide:
        with contextlib.suppress(UnicodeError):
            data.decode(wide)
            return wide, "strict"
    return "utf-8", "surrogateescape"


@dataclass(frozen=True)
class Block:
    """What `conda init` and similar commands write into a profile, with its first and last line.

    Attributes:
        tool: the tool that wrote the block.
        start: where its first line begins, in characters.
        end: the end of its last line; if it has none, the end of the first.
        whole: whether it has a last line.
        active: whether it contains anything other than comments.
        nested: whether it is part of another command, such as an `if` or a function.
    """

    tool: str
    start: int
    end: int
    whole: bool
    active: bool
    nested: bool


_BEGIN = re.compile(rf"(?:# >>> |#region )(?P<tool>{TOOLS}) initialize(?: >>>)?")
_END = re.compile(rf"# <<< (?P<tool>{TOOLS}) initialize <<<|#endregion")
_OPENS = re.compile(
    r"(?:\{|\(|\bthen|\bdo|\belse)$|^(?:if|for|while|function|begin)\b(?!.*\b(?:fi|done|end)$)"
)
"""A line after which a shell expects a command. A block that follows it cannot be removed."""


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the managed blocks of a profile, in order."""
    begun: Block | None = None
    active = False
    before = ""
    end = 0
    for full in _lines_of(text):
        end += len(full)
        raw = full.lstrip("\ufeff")
        line = raw.strip()
        begin, last = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            if begun:
                yield begun
            nested = raw[:1].isspace() or _OPENS.search(before) is not None
            first = end - len(raw)  # a byte order mark stays
            begun = Block(begin["tool"], first, end, whole=False, active=True, nested=nested)
            active = False
        elif last and begun and last["tool"] in (None, begun.tool):
            yield Block(begun.tool, begun.start, end, True, active, begun.nested)
            begun = None
        elif line and not line.startswith("#"):
            active = True
        before = line or before
    if begun:
        yield begun


def _lines_of(text: str) -> list[str]:
    """Return the lines with their newlines. CR alone does not end a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


@dataclass(frozen=True)
class Profile:
    """A start-up file."""

    path: Path
    """Where it was found; possibly a link."""
    shell: str
    data: bytes

    @cached_property
    def text(self) -> str:
        """The content. A byte order mark is a character of it."""
        return self.data.decode(*codec_of(self.data))

    @cached_property
    def blocks(self) -> list[Block]:
        """The managed blocks."""
        return list(find_blocks(self.text))

    @cached_property
    def commands(self) -> list[tuple[int, str, str]]:
        """The lines outside of managed blocks that may do something: number, line, command."""
        found, start = [], 0
        for number, line in enumerate(_lines_of(self.text), 1):
            command = command_of(line)
            if command and not any(b.whole and b.start <= start < b.end for b in self.blocks):
                found.append((number, line, command))
            start += len(line)
        return found

    def line_of(self, place: int) -> int:
        """Return the number, from 1, of the line that holds a character."""
        return self.text.count("\n", 0, place) + 1

    def bytes_before(self, place: int) -> int:
        """Return the number of bytes before a character."""
        return len(self.text[:place].encode(*codec_of(self.data)))


class Profiles(NamedTuple):
    """The start-up files that were read, and those that cannot be read."""

    read: list[Profile]
    unreadable: list[tuple[Path, OSError]]


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
    def profiles(self) -> Profiles:
        """The start-up files of shells."""
        return _read_profiles(self)

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


def windows_entries(value: str) -> list[str]:
    """Return the entries of a Windows PATH. A `;` in quotes does not separate entries."""
    return re.findall(r'(?:^|(?<=;))(?:"[^"]*"?|[^;"])*', value)


def _read_profiles(computer: Computer) -> Profiles:
    """Read each start-up file."""
    found = Profiles([], [])
    seen: set[str] = set()
    for path, shell in _start_up_files(computer):
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
            found.read.append(Profile(path, shell, data))
    return found


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
