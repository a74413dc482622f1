"""A start-up file, read: its blocks, and its commands outside of them."""

from __future__ import annotations

import bisect
import os
from dataclasses import dataclass
from pathlib import Path

from sealenv.checkup.shells import lines, posix, zsh
from sealenv.checkup.shells.blocks import Block, find_blocks
from sealenv.checkup.shells.command import Command, Script
from sealenv.checkup.text import decode

__all__ = ["DIALECTS", "Profile", "read_profile"]

DIALECTS = {
    "sh": "posix",
    "bash": "posix",
    "zsh": "zsh",
    "fish": "fish",
    "tcsh": "csh",
    "PowerShell": "ps1",
    "nu": "nu",
    "xonsh": "xsh",
}
"""Shell -> how its scripts are read."""


@dataclass(frozen=True)
class Profile:
    """A start-up file.

    Attributes:
        path: where it was found; perhaps a link.
        shell: whose it is, one of `DIALECTS`.
        data: its bytes.
        text: the same as text.
        blocks: of `conda init` and the like.
        script: all of its commands.
        autoload: fish reads it when the function of that name is called.
    """

    path: Path
    shell: str
    data: bytes
    text: str
    blocks: tuple[Block, ...]
    script: Script
    autoload: bool = False

    @property
    def commands(self) -> list[Command]:
        """The commands that run when it is read, outside of blocks."""
        spans = [(b.start, b.end) for b in self.blocks if b.whole]
        starts = [start for start, _ in spans]
        found = []
        for command in self.script.commands:
            number = bisect.bisect_right(starts, command.start) - 1
            in_block = number >= 0 and command.start < spans[number][1]
            if not command.function and not in_block:
                found.append(command)
        return found


def read_profile(path: Path, shell: str, data: bytes, *, autoload: bool = False) -> Profile:
    """Read a start-up file that has these bytes; never raises for what is in it."""
    text = decode(data)
    dialect = DIALECTS[shell]
    if dialect == "zsh":
        script = zsh.ZshParser(text, "posix").run()
    else:
        parse = posix.parse if dialect in {"posix", "fish", "csh"} else lines.parse
        script = parse(text, dialect)
    blocks = tuple(find_blocks(text, script.comments))
    return Profile(path, shell, data, text, blocks, script, autoload)


def shell_of(path: Path, shell: str) -> str:
    """The shell that a sourced file is for: by its suffix, else that of who sources it."""
    suffixes = {".fish": "fish", ".csh": "tcsh", ".ps1": "PowerShell", ".nu": "nu", ".xsh": "xonsh"}
    return suffixes.get(os.path.splitext(path.name)[1].lower(), shell)
