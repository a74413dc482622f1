"""Scanning one word of a shell, with its quotes and substitutions. Never raises, never recurses deep."""

from __future__ import annotations

import re

__all__ = ["Word", "scan_word", "skip_balanced"]

_PLAIN = re.compile(r"[^\s'\"`\\$;&|()<>#={}]+")
_IN_DOUBLE = re.compile(r"[^\"\\$`]+")
_IN_NEST = re.compile(r"[^\"'`\\(){}#<\n]+")
_HERE = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([A-Za-z_]\w*))")
_STOPS = frozenset(" \t\r\n;&|()<>")


_MOST = 20
"""Here-documents without an end after which no more are looked for."""


class Word:
    """A word: its text without quotes, where it ends, and whether its quotes end."""

    __slots__ = ("end", "ended", "quoted", "text")

    def __init__(self, text: str, end: int, ended: bool, quoted: bool) -> None:
        self.text = text
        self.end = end
        self.ended = ended
        self.quoted = quoted


def scan_word(text: str, start: int, dialect: str) -> Word:
    """The word that begins at `start`, which is no separator.

    Args:
        text: of the file.
        start: where.
        dialect: `posix` (bash and zsh too), `fish` or `csh`.
    """
    parts: list[str] = []
    at, ended, quoted = start, True, False
    while at < len(text):
        found = _PLAIN.match(text, at)
        if found:
            parts.append(found[0])
            at = found.end()
            continue
        c = text[at]
        if c == "\\":
            if text.startswith("\\\r\n", at):
                at += 3
            else:
                if text[at + 1 : at + 2] != "\n":
                    parts.append(text[at + 1 : at + 2])
                at += 2
        elif c in "'\"":
            inner, at, closed = _quoted(text, at, dialect)
            parts.append(inner)
            ended, quoted = ended and closed, True
        elif c == "`" or text.startswith(("$(", "${"), at):
            stop, closed = _substitution(text, at)
            parts.append(text[at:stop])
            at, ended = stop, ended and closed
        elif text.startswith("$'", at) and dialect == "posix":
            inner, at, closed = _quoted(text, at + 1, "fish")  # as there, \' ends nothing
            parts.append(inner)
            ended, quoted = ended and closed, True
        elif c == "(" and _opens_here(text, at, start, dialect):
            stop, closed = skip_balanced(text, at)
            parts.append(text[at:stop])
            at, ended = stop, ended and closed
        elif c in _STOPS:
            break
        else:  # $ = # { } in the middle of a word
            parts.append(c)
            at += 1
    return Word("".join(parts), at, ended, quoted)


def _opens_here(text: str, at: int, start: int, dialect: str) -> bool:
    """Whether a `(` belongs to the word: an array, fish's substitution, csh's list."""
    if dialect == "posix":
        return at > start and text[at - 1] == "="
    return True


def _quoted(text: str, at: int, dialect: str) -> tuple[str, int, bool]:
    """What stands in quotes, where that ends, and whether it does."""
    quote = text[at]
    if quote == "'":
        if dialect != "fish":
            end = text.find("'", at + 1)
            inner = text[at + 1 : end if end >= 0 else len(text)]
            return inner, (end + 1 if end >= 0 else len(text)), end >= 0
        found = re.compile(r"'((?:[^'\\]|\\.)*)('|\Z)", re.DOTALL).match(text, at)
        if found is None:
            return text[at + 1 :], len(text), False
        return found[1], found.end(), bool(found[2])
    parts: list[str] = []
    at += 1
    while at < len(text):
        plain = _IN_DOUBLE.match(text, at)
        if plain:
            parts.append(plain[0])
            at = plain.end()
        elif text[at] == '"':
            return "".join(parts), at + 1, True
        elif text[at] == "\\":
            parts.append(
                text[at + 1 : at + 2] if text[at + 1 : at + 2] in '"\\$`' else text[at : at + 2]
            )
            at += 2
        elif text[at] == "`" or text.startswith(("$(", "${"), at):
            stop, closed = _substitution(text, at)
            parts.append(text[at:stop])
            at = stop
            if not closed:
                break
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts), len(text), False


def _substitution(text: str, at: int) -> tuple[int, bool]:
    """The end of `...`, $(...) or ${...}, and whether it has one."""
    if text[at] == "`":
        found = re.compile(r"`(?:[^`\\]|\\.)*`", re.DOTALL).match(text, at)
        return (found.end(), True) if found else (len(text), False)
    return skip_balanced(text, at + 1)


def skip_balanced(text: str, at: int) -> tuple[int, bool]:
    """The end of what a bracket at `at` opens, and whether it has one.

    Quotes are skipped; in `(` comments and here-documents too, which may hold half a quote.
    """
    opens = text[at]
    closes = ")" if opens == "(" else "}"
    depth = 0
    scripts = opens == "(" and not text.startswith("((", at)
    here: list[re.Match[str]] = []
    endless: list[str] = []
    while at < len(text):
        plain = _IN_NEST.match(text, at)
        if plain:
            at = plain.end()
            continue
        c = text[at]
        if c == "\\":
            at += 2
            continue
        if c in "#<\n":
            begun = _HERE.match(text, at) if scripts and c == "<" else None
            if text.startswith("<<<", at):
                at += 3
            elif begun:
                here.append(begun)
                at = begun.end()
            elif c == "#" and scripts and text[at - 1] in " \t\r\n;&|(":
                end = text.find("\n", at)
                at = end if end >= 0 else len(text)
            else:
                at += 1
            if c == "\n" and here:
                at, here = _behind_documents(text, at, here, endless), []
            continue
        if c == "'":
            end = text.find("'", at + 1)
            if end < 0:
                return len(text), False
            at = end + 1
            continue
        if c in '"`':
            found = re.compile(rf"{c}(?:[^{c}\\]|\\.)*{c}", re.DOTALL).match(text, at)
            if found is None:
                return len(text), False
            at = found.end()
            continue
        depth += (c == opens) - (c == closes)
        at += 1
        if depth == 0:
            return at, True
    return len(text), False


def _behind_documents(text: str, at: int, begun: list[re.Match[str]], endless: list[str]) -> int:
    """Behind the here-documents that begin with this line; one without an end is none."""
    for found in begun:
        name = found[2] or found[3] or found[4]
        if name in endless or len(endless) >= _MOST:
            continue  # each is looked for through the rest of the file
        end = re.compile(rf"^\t*{re.escape(name)}\r?$", re.MULTILINE).search(text, at)
        if end:
            at = end.end()
        else:
            endless.append(name)
    return at
