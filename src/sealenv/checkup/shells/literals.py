"""Variables of a start-up file that have one value in all of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from sealenv.checkup.shells.assigning import ASSIGNMENT
from sealenv.checkup.shells.command import Command

__all__ = ["expanded", "literals"]

_LITERAL = re.compile(r"(?:~|\$HOME|\$\{HOME\})?[^$`~*?\[\](){}:]{1,1000}")
_USED = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_DECLARING = frozenset({"export", "typeset", "declare", "local", "readonly", "setenv", "set"})


def literals(commands: Iterable[Command], shell: str) -> dict[str, str]:
    """Name -> value of each variable that is assigned once, to a text or to one below the home.

    Args:
        commands: all of the file's, those in functions too: each may assign.
        shell: whose they are.
    """
    if shell not in {"sh", "bash", "zsh", "fish", "tcsh"}:
        return {}
    often: Counter[str] = Counter()
    found: dict[str, str] = {}
    for command in commands:
        for name, value in _assigned(command.words, shell):
            often[name] += 1
            if command.function or command.words[0] == "local" or not _LITERAL.fullmatch(value):
                often[name] += 1
            found[name] = value
    return {name: value for name, value in found.items() if often[name] == 1}


def _assigned(words: tuple[str, ...], shell: str) -> Iterable[tuple[str, str]]:
    """What a command assigns, to variables of the shell too; of what reads one, an empty text."""
    if words[0] in {"read", "for", "foreach", "select", "unset", "getopts", "printf"}:
        yield from ((word, "") for word in words[1:] if word.isidentifier())
    elif shell == "fish" and words[0] == "set":
        named = [word for word in words[1:] if not word.startswith("-")]
        if named:
            yield named[0], named[1] if len(named) == 2 else ""
    elif words[0] == "setenv" and len(words) > 1:
        yield words[1], words[2] if len(words) == 3 else ""
    elif shell == "tcsh" and words[0] == "set":
        one = re.fullmatch(r"(\w+) ?= ?(\S*)", " ".join(words[1:]))
        yield from [(one[1], one[2])] if one else [(word, "") for word in words[1:]]
    else:
        for word in words[1:] if words[0] in _DECLARING else words:
            one = ASSIGNMENT.fullmatch(word)
            if not one and words[0] not in _DECLARING:
                return
            if one:
                yield one[1], "" if word[len(one[1])] == "+" else one[2]


def expanded(text: str, values: dict[str, str]) -> str:
    """A text with these variables in their place; others stay."""
    return _USED.sub(lambda used: values.get(used[1] or used[2], used[0]), text)
