"""The start-up files of shells: their managed blocks, and what one line of them does.

Functions, conditions and variables are not followed.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.gates.rules import rule_of
from sealenv.system.registry import Key

if TYPE_CHECKING:
    from sealenv.checks.computer import Computer

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


def read_profiles(computer: Computer) -> Iterator[Profile]:
    """Yield each start-up file that can be read."""
    seen: set[str] = set()
    for path, shell in _start_up_files(computer):
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        with contextlib.suppress(OSError):
            data = computer.bytes_of(path)
            if data is not None:
                yield Profile(path, shell, data)


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


_TOOLS = r"(?:conda|mamba|micromamba)"
"""A regular expression."""
_EXE = r"(?:\.exe|\.bat)?['\"]?"
_LOADS = re.compile(
    r"(?:^|[\s;&|(])(?:\\?\.|source|eval|iex|invoke-expression|import-module|xontrib|execx|use)"
    r"(?=[\s(]|$)|\.ps1\b",
    re.IGNORECASE,
)
"""A command that runs a file or the output of a program."""
CONDA_HOOK = (
    rf"{_TOOLS}{{exe}}\s+['\"]?shell\b.*\bhook\b|(?:CONDA|MAMBA)_EXE\b.*\bhook\b"
    rf"|__(?:conda|mamba)_setup\b|profile\.d/{_TOOLS}\.c?sh\b|\b(?:conda|mamba)\.fish\b"
    rf"|{_TOOLS}[-_]hook\.ps1|(?:Conda|Mamba)\.psm1|xontrib.*\bconda\b"
)
"""For `loads`: the shell hook of conda or mamba."""

_START = r"(?:^|[;&|{(]|\b(?:then|do|else|and|or|exec|command|builtin)\s)\s*(?:\w+=\S*\s+)*"
"""The start of a command, with the variables that are set for it alone."""
_SCRIPT = r"(?:(?:bin|Scripts)[/\\]activate(?:\.\w+)?|(?<![\w-])activate(?:\.\w+|_this\.py))"
_ACTIVATES = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:\S*[/\\])?{_TOOLS}(?:\.exe|\.bat)?\s+activate\b[ \t]*(?P<name>[^\s;&|)]*)",
        r"(?:\.|source)\s+activate\b(?!\.)[ \t]*(?P<name>[^\s;&|)]*)",
        (
            r"(?:(?:\.|source|overlay\s+use)\s+)?"
            rf"(?P<name>['\"][^'\"]*{_SCRIPT}|[^\s'\";&|]*{_SCRIPT})(?=['\"\s;&|)]|$)"
        ),
        r"(?:workon|vox\s+activate|pyenv\s+(?:activate|shell))\s+(?P<name>[^\s;&|)]+)",
    )
)
_EXPORTS = re.compile(
    _START + r"(?:export|(?:declare|typeset)\s+-\w*x\w*)\s+(?P<pairs>[^;&|]*)", re.IGNORECASE
)
_PAIR = re.compile(r"(?P<name>[A-Za-z_]\w*)\+?=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)")
_SETS = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        r"(?:setenv|set\s+(?:-\S+\s+)*-\w*x\w*)\s+(?P<name>\w+)\s+(?P<value>[^;&|]+)",
        r"\$(?:env[:.])?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>[^;&|]*)",
        r"(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)\s*(?=[;&|]|$)",
        r"SETUVAR (?:--\w+ )*--export (?:--\w+ )*(?P<name>\w+):(?P<value>.*)",
    )
)
"""`set` and `setenv`; PowerShell and xonsh; an assignment that is the whole command; fish_variables."""
_FOLDER = re.compile(
    r"[^:;\s'\"()=]*(?:(?:ana|mini)conda\d?|miniforge\d?|mambaforge|micromamba|\bconda\d?)"
    r"(?:[/\\][^:;\s'\"()]*)?[/\\](?:bin|Scripts|condabin)\b"
    r"|[^:;\s'\"()=]*\.pyenv[/\\](?:bin|shims)\b"
    r"|[^:;\s'\"()=]*(?:\.?v(?:irtual)?envs?|[/\\]envs)[/\\](?:[^:;\s'\"()/\\]+[/\\])?(?:bin|Scripts)\b"
    r"|\$\{?(?:CONDA_PREFIX|PYENV_ROOT|VIRTUAL_ENV|MAMBA_ROOT_PREFIX)\}?[/\\](?:bin|shims|condabin)\b",
    re.IGNORECASE,
)
_SETS_PATH = re.compile(
    r"\bPATH\s*\+?=|\bpath(?:\[[\d,]+\])?\s*\+?=|\bset(?:env)?\s.*\bPATH\b"
    r"|\bfish_add_path\b|\bfish_user_paths\b|\bpathmunge\b|\$env:PATH\s*\+?=",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"(?:alias|function|filter|def|Set-Alias)\s|[\w-]+\s*\(\s*\)|aliases\[", re.IGNORECASE
)
"""A function or an alias. It does nothing when the shell starts."""
_PASSED_OVER = re.compile(
    r"(?:#|(?:echo|printf|grep|rm|complete|abbr|test|\[)\s(?!.*(?:&&|\|\||;)))"
)
"""Comments, and commands that only name what they print or look for."""
_COMMENT = re.compile(r"\s#.*")
_LONGEST = 1000
"""Characters of a line that are read."""


def variable_matters(name: str, value: str) -> bool:
    """Return whether the gate refuses a shell in which a variable has a value."""
    rule = rule_of(name)
    value = value.strip().strip("'\"")
    empty = value in ("", "$null", "null", r"\x1d")  # \x1d: an empty list of fish
    return rule is not None and not empty and rule.applies_to(value)


def command_of(line: str) -> str:
    """Return a line without its comment; empty if it only defines, prints or looks for something."""
    line = line.strip("\ufeff \t\r\n")[:_LONGEST]
    if _DEFINES.match(line) or _PASSED_OVER.match(line):
        return ""
    return _COMMENT.sub("", line).replace(r"\x1e", ":")  # fish separates a list by \x1e


def loads(command: str, pattern: str) -> bool:
    """Return whether a command runs a file, or the output of a program, that matches a pattern.

    `{exe}` in the regular expression is the end of a program's name.
    """
    pattern = pattern.replace("{exe}", _EXE)
    return bool(_LOADS.search(command) and re.search(pattern, command, re.IGNORECASE))


def activated(command: str) -> Iterator[str]:
    """Yield the environments that a command activates."""
    for pattern in _ACTIVATES:
        for found in pattern.finditer(command):
            yield found["name"].strip("'\"") or "base"


def assigned(command: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that a command sets for child processes, with their values."""
    exported = [found["pairs"] for found in _EXPORTS.finditer(command)]
    found = [pair for pairs in exported for pair in _PAIR.finditer(pairs)]
    found += [one for pattern in _SETS for one in pattern.finditer(command)]
    yield from ((one["name"], one["value"].strip().strip("'\"")) for one in found)


def environments_on_path(command: str) -> Iterator[str]:
    """Yield the folders that a command puts on PATH and that are named like those of environments."""
    if _SETS_PATH.search(command):
        yield from (found[0] for found in _FOLDER.finditer(command))


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


_BEGIN = re.compile(rf"(?:# >>> |#region )(?P<tool>{_TOOLS}) initialize(?: >>>)?")
_END = re.compile(rf"# <<< (?P<tool>{_TOOLS}) initialize <<<|#endregion")
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
