"""Names that a command gives to functions and aliases, which come before the programs on PATH."""

from __future__ import annotations

import re
from typing import NamedTuple

from sealenv.gates.rules import PROGRAMS

__all__ = ["Defined", "defined", "removed"]


class Defined(NamedTuple):
    """A function or an alias that is called like a program of an environment.

    Attributes:
        name: of it.
        kind: `function` or `alias`.
        stands_for: the text of an alias.
        alone: whether the command does nothing else.
        passes: whether an activation passes it: it stands for another program of the environment.
    """

    name: str
    kind: str
    stands_for: str = ""
    alone: bool = True
    passes: bool = False


_POSIX = frozenset({"sh", "bash", "zsh"})
_SET_ALIAS = frozenset({"set-alias", "sal", "new-alias", "nal"})
_OF_XONSH = re.compile(r"aliases\[\s*(?P<name>[\w-]+)\s*\]\s*=\s*(?P<text>.*)", re.DOTALL)
_REGISTERED = re.compile(r"@?aliases\.register\(\s*(?P<name>[\w-]+)")
_OF_NU = re.compile(
    r"(?:export\s+)?(?P<kind>def|alias)\s+(?:--\S+\s+)*(?P<name>[\w-]+)(?P<text>.*)"
)
_OF_POWERSHELL = re.compile(
    r"(?:function|filter)\s+(?:(?:global|script):)?(?P<name>[\w-]+)", re.IGNORECASE
)


def defined(words: tuple[str, ...], shell: str) -> list[Defined]:
    """What a command defines of such names.

    Args:
        words: of the command; a definition of a function is `function NAME ...`.
        shell: whose they are.
    """
    if shell in _POSIX:
        found = _in_posix(words, shell)
    elif shell == "fish":
        found = _in_fish(words)
    elif shell == "tcsh":
        found = _one(words[1], "alias", " ".join(words[2:])) if _is_alias(words) else []
    else:
        found = _by_form(words, shell)
    return [one for one in found if one.name in PROGRAMS]


def _is_alias(words: tuple[str, ...]) -> bool:
    return words[0] == "alias" and len(words) > 2


def _one(name: str, kind: str, text: str = "", *, passes: bool = False) -> list[Defined]:
    return [Defined(name, kind, text.strip(), True, passes)]


def _in_posix(words: tuple[str, ...], shell: str) -> list[Defined]:
    flags = "".join(word[1:] for word in words[1:] if word.startswith("-"))
    named = [word for word in words[1:] if word[:1] not in {"-", "+"}]
    if words[0] == "function":
        return [Defined(name, "function", "", len(named) == 1) for name in named]
    if words[0] == "autoload" and shell == "zsh":
        return [Defined(name, "function", "", len(named) == 1) for name in named]
    if words[0] != "alias" or (shell == "zsh" and "s" in flags):
        return []  # alias -s is of the ends of file names
    pairs = [word.partition("=") for word in named if "=" in word]
    # A plain sh cannot read what its alias stands for; a global one changes arguments too.
    reads = shell == "bash" or (shell == "zsh" and "g" not in flags)
    return [
        Defined(
            name,
            "alias",
            text,
            len(pairs) == len(named) == 1,
            reads and re.split(r"[ \t]", text.removeprefix("noglob "), maxsplit=1)[0] in PROGRAMS,
        )
        for name, _, text in pairs
    ]


def _in_fish(words: tuple[str, ...]) -> list[Defined]:
    named = [word for word in words[1:] if not word.startswith("-")]
    if words[0] == "function" and named:
        return _one(named[0], "function")
    if words[0] == "functions" and {"-c", "--copy"} & set(words) and len(named) == 2:
        return _one(named[1], "function")
    if words[0] == "alias" and named:
        name, equals, text = named[0].partition("=")
        if equals or len(named) > 1:
            return _one(name, "alias", f"{text} {' '.join(named[1:])}")
    return []


def _by_form(words: tuple[str, ...], shell: str) -> list[Defined]:
    text = " ".join(words)
    if shell == "PowerShell":
        if words[0].lower() in _SET_ALIAS:
            named = [word for word in words[1:] if not word.startswith("-")]
            return _one(named[0].lower(), "alias", " ".join(named[1:])) if named else []
        found = _OF_POWERSHELL.match(text)
        return _one(found["name"].lower(), "function") if found else []
    if shell == "nu":
        found = _OF_NU.match(text)
        if not found:
            return []
        if found["kind"] == "def":
            return _one(found["name"], "function")
        stands = found["text"].strip().removeprefix("=").strip()
        return _one(found["name"], "alias", stands, passes=stands.strip("^") in PROGRAMS)
    found = _OF_XONSH.match(text)
    if found:
        stands = found["text"].strip()
        passes = re.sub(r"^\[\s*([^\s,]+)\s*\]$", r"\1", stands) in PROGRAMS
        return _one(found["name"], "alias", stands, passes=passes)
    found = _REGISTERED.match(text)
    return _one(found["name"], "function") if found else []


def removed(words: tuple[str, ...]) -> set[tuple[str, str]]:
    """(kind, name) of what a command takes away again."""
    if words[0] == "functions" and {"-e", "--erase"} & set(words):
        kinds: tuple[str, ...] = ("function", "alias")
    elif words[0] == "unfunction" or (words[0] == "unset" and "-f" in words):
        kinds = ("function",)
    else:
        kinds = ("alias",) if words[0] == "unalias" else ()
    names = PROGRAMS if words[0] == "unalias" and "-a" in words else words[1:]
    return {(kind, name) for name in names for kind in kinds}
