"""Cutting entries out of a command that sets PATH, where it is plain enough to be certain."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["without_entries"]

_VALUE = r"(?P<value>\"[^\"\\`]*\"|[^\s\"'\\`;&|<>()]+(?:\"[^\"\\`]*\"[^\s\"'\\`;&|<>()]*)*)"
_WORD = r"(?:[^\s\"'\\`()|;&<>*?\[\]{}#]+|\"[^\"\\`()]*\")"
_WORDS = rf"(?P<words>{_WORD}(?:[ \t]+{_WORD})*)"
_PARTED = {
    "sh": re.compile(rf"(?:export[ \t]+)?PATH={_VALUE}"),
    "tcsh": re.compile(rf"setenv[ \t]+PATH[ \t]+{_VALUE}"),
    "PowerShell": re.compile(r"\$env:PATH[ \t]*=[ \t]*(?P<value>\"[^\"`]*\")", re.IGNORECASE),
}
_LISTED = {
    "fish": re.compile(
        rf"(?:fish_add_path|set(?=[ \t]+-)(?:[ \t]+-\S+)*[ \t]+(?:PATH|fish_user_paths))"
        rf"(?:[ \t]+-\S+)*[ \t]+{_WORDS}"
    ),
    "tcsh": re.compile(rf"set[ \t]+path[ \t]*=[ \t]*\([ \t]*{_WORDS}[ \t]*\)"),
}
_EXPANSION = re.compile(r"\$(?:env:)?\w+|\$\{\w+\}", re.IGNORECASE)


def without_entries(
    command: str, shell: str, bad: Callable[[str], bool]
) -> tuple[int, int, str] | None:
    """What to put in place of which part of a command, so that entries are gone from PATH.

    Args:
        command: as it stands in the file.
        shell: whose it is.
        bad: whether an entry, without its quotes, shall go.

    Returns:
        Begin and end of the part, in characters of the command, and what stands there instead; None:
        it is not plain, or nothing would be left.
    """
    shell = "sh" if shell in {"bash", "zsh"} else shell
    parted, listed = _PARTED.get(shell), _LISTED.get(shell)
    found = parted.fullmatch(command) if parted else None
    if found:
        start, end = found.span("value")
        put = _of_parts(found["value"], ";" if shell == "PowerShell" else ":", bad)
        return None if put is None else (start, end, put)
    found = listed.fullmatch(command) if listed else None
    if found:
        start, end = found.span("words")
        put = _of_words(found["words"], bad)
        return None if put is None else (start, end, put)
    return None


def _of_parts(value: str, separator: str, bad: Callable[[str], bool]) -> str | None:
    if "$" in _EXPANSION.sub("", value):
        return None
    quote = '"' if value.startswith('"') and value.count('"') == 2 and value.endswith('"') else ""
    parts = value[len(quote) : len(value) - len(quote)].split(separator)
    if any(part.count('"') % 2 for part in parts):
        return None
    kept = [part for part in parts if not bad(part.replace('"', ""))]
    if not any(kept) or len(kept) == len(parts):
        return None
    return quote + separator.join(kept) + quote


def _of_words(words: str, bad: Callable[[str], bool]) -> str | None:
    pieces = re.findall(rf"({_WORD})([ \t]*)", words)
    kept = [(word, gap) for word, gap in pieces if not bad(word.replace('"', ""))]
    if not kept or len(kept) == len(pieces):
        return None
    return "".join(word + gap for word, gap in kept).rstrip(" \t")
