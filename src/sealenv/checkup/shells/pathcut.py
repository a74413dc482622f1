"""Cutting entries out of a command that sets PATH, where it is plain enough to be certain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["NOTHING_LEFT", "NOT_PLAIN", "Part", "without_entries"]


class Part(NamedTuple):
    """What stands in place of a part of a command.

    Attributes:
        start: of the part, in characters of the command.
        end: behind it.
        put: what stands there instead; None: the command adds nothing else, and can go.
    """

    start: int
    end: int
    put: str | None


NOT_PLAIN = "the line is not plain enough to cut the entry out with certainty"
NOTHING_LEFT = "without the entry nothing would be left on PATH"

_PIECE = r"(?:\"[^\"\\`]*\"|'[^'$`]*'|[^\s\"'\\`;&|<>()]+)"
_VALUE = rf"(?P<value>{_PIECE}+)"
_WORD = r"(?:[^\s\"'\\`()|;&<>*?\[\]{}#]+|\"[^\"\\`()]*\")"
_WORDS = rf"(?P<words>{_WORD}(?:[ \t]+{_WORD})*)"
_MORE_WORDS = rf"(?P<words>{_WORD}(?:\s+{_WORD})*)"
_DECLARED = r"(?:(?:export|(?:typeset|declare)(?:[ \t]+-\w+)+)[ \t]+)?"
_PARTED = {
    "sh": re.compile(rf"{_DECLARED}PATH(?P<adds>\+?)={_VALUE}"),
    "tcsh": re.compile(rf"setenv[ \t]+PATH[ \t]+{_VALUE}"),
    "PowerShell": re.compile(r"\$env:PATH[ \t]*=[ \t]*(?P<value>\"[^\"`]*\")", re.IGNORECASE),
}
_LISTED = {
    "sh": (re.compile(rf"(?P<adds>pathmunge)[ \t]+(?P<words>{_WORD})(?:[ \t]+after)?"),),
    "zsh": (
        re.compile(rf"{_DECLARED}path(?P<adds>\+|\[1,0\])?=\(\s*{_MORE_WORDS}\s*\)"),
        re.compile(rf"path(?P<adds>\+|\[1,0\])=(?P<words>{_WORD})"),
    ),
    "fish": (
        re.compile(rf"(?P<adds>fish_add_path)(?:[ \t]+-\S+)*[ \t]+{_WORDS}"),
        re.compile(
            r"set(?P<flags>(?:[ \t]+-\S+)*)[ \t]+(?:PATH|fish_user_paths)"
            rf"(?P<more>(?:[ \t]+-\S+)*)[ \t]+{_WORDS}"
        ),
    ),
    "tcsh": (re.compile(rf"set[ \t]+path[ \t]*=[ \t]*\([ \t]*{_WORDS}[ \t]*\)"),),
}
_EXPANSION = re.compile(r"\$(?:env:)?\w+|\$\{\w+\}", re.IGNORECASE)
_ADDING_FLAG = re.compile(r"\s-(?:[a-zA-Z]*[ap]|-append|-prepend)")


def without_entries(command: str, shell: str, bad: Callable[[str], bool]) -> Part | str:
    """What to put in place of which part of a command, so that entries are gone from PATH.

    Args:
        command: as it stands in the file.
        shell: whose it is.
        bad: whether an entry, without its quotes, shall go.

    Returns:
        The part; or why there is none: `NOT_PLAIN`, `NOTHING_LEFT`.
    """
    kin = "sh" if shell in {"bash", "zsh"} else shell
    parted = _PARTED.get(kin)
    found = parted.fullmatch(command) if parted else None
    if found:
        separator = ";" if shell == "PowerShell" else ":"
        return _part(found, "value", _of_parts(found["value"], separator, bad))
    for listed in (*_LISTED.get(kin, ()), *(_LISTED["zsh"] if shell == "zsh" else ())):
        found = listed.fullmatch(command)
        if found:
            return _part(found, "words", _of_words(found["words"], bad))
    return NOT_PLAIN


def _part(found: re.Match[str], group: str, put: str | None) -> Part | str:
    if put:
        return Part(*found.span(group), put)
    if put is None:
        return NOT_PLAIN
    named = found.groupdict()
    flags = f"{named.get('flags') or ''}{named.get('more') or ''}"
    if named.get("adds") or _ADDING_FLAG.search(flags):
        return Part(0, len(found[0]), None)
    return NOTHING_LEFT


def _of_parts(value: str, separator: str, bad: Callable[[str], bool]) -> str | None:
    """What is left, nothing where all of it goes; None: that is not certain."""
    if "$" in _EXPANSION.sub("", value):
        return None
    whole = value[:1] in "\"'" and value.count(value[0]) == 2 and value.endswith(value[0])
    quote = value[0] if whole else ""
    parts = value[len(quote) : len(value) - len(quote)].split(separator)
    if any(part.count('"') % 2 or part.count("'") % 2 for part in parts):
        return None
    kept = [part for part in parts if not bad(_bare(part))]
    if len(kept) == len(parts):
        return None
    return quote + separator.join(kept) + quote if any(kept) else ""


def _of_words(words: str, bad: Callable[[str], bool]) -> str | None:
    pieces = re.findall(rf"({_WORD})(\s*)", words)
    kept = [(word, gap) for word, gap in pieces if not bad(_bare(word))]
    if len(kept) == len(pieces):
        return None
    return "".join(word + gap for word, gap in kept).rstrip()


def _bare(text: str) -> str:
    return text.replace('"', "").replace("'", "")
