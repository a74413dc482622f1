"""The entries of PATH in a text or a command: which there are, and which are called like a Python's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.checkup.shells.assigning import ASSIGNMENT, assigned
from sealenv.checkup.shells.words import scan_word

__all__ = ["is_named_entry", "named_entries", "put_on_path", "sets_path"]

_NAMED = re.compile(
    r"[^:;\s'\"()]*(?:(?:ana|mini)conda\d?|miniforge\d?|mambaforge|micromamba|\bconda\d?)"
    r"(?:[/\\][^:;\s'\"()]*)?[/\\](?:bin|Scripts|condabin|Library[/\\]bin)\b"
    r"|[^:;\s'\"()]*\.pyenv[/\\](?:bin|shims)\b|[^:;\s'\"()]*\.?v(?:irtual)?envs?[/\\](?:[^:;\s'\"()]*[/\\])?"
    r"(?:bin|Scripts)\b|[^:;\s'\"()]*[/\\]envs[/\\][^:;\s'\"()/\\]+[/\\](?:bin|Scripts)\b"
    r"|\$\{?(?:CONDA_PREFIX|PYENV_ROOT|VIRTUAL_ENV|MAMBA_ROOT_PREFIX)\}?[/\\](?:bin|shims|condabin)\b",
    re.IGNORECASE,
)
_ADDING = frozenset({"pathmunge"})
"""Functions of the system's own start-up files that put their first word on PATH."""
_MOST = 200
"""Entries of one command: nobody writes more."""


def named_entries(text: str) -> tuple[str, ...]:
    """What in a text is called like the folder of a Python, of conda or of pyenv."""
    return tuple(found[0] for found in _NAMED.finditer(text))


def is_named_entry(text: str) -> bool:
    """Whether an entry of PATH is called like the folder of a Python, of conda or of pyenv."""
    return _NAMED.fullmatch(re.sub(r"^[A-Za-z]:", "", text)) is not None


def sets_path(name: str, shell: str) -> bool:
    """Whether a variable of that name leads to PATH in that shell."""
    if shell in {"sh", "bash"}:
        return name == "PATH"
    return name.lower() == "path" or name == "fish_user_paths"


def put_on_path(words: tuple[str, ...], shell: str) -> tuple[str, ...]:
    """The entries that a command puts on PATH, as they stand there, without quotes.

    Args:
        words: of the command, without what stands before it (`meaning.without_prefix`).
        shell: whose they are.
    """
    if words[0] in _ADDING and shell in {"sh", "bash", "zsh"}:
        return words[1:2]
    if words[0] in {"declare", "typeset"}:  # PATH is exported already
        words = tuple(word for word in words[1:] if ASSIGNMENT.fullmatch(word)) or words
    found: list[str] = []
    for name, value in assigned(words, shell) or ():
        if sets_path(name, shell):
            found += _entries(value, shell)
    return tuple(dict.fromkeys(found[:_MOST]))


def _entries(value: str, shell: str) -> Iterator[str]:
    if shell not in {"sh", "bash", "zsh", "fish", "tcsh"}:
        for part in value.split(";"):
            yield from (part,) if is_named_entry(part) else named_entries(part)
        return
    inside = re.search(r"\((.*)\)\s*$", value, re.DOTALL)
    if shell == "tcsh" and inside:
        parts = inside[1].split()
    elif shell == "zsh" and value.startswith("(") and inside:
        parts = list(_words(inside[1]))
    else:
        parts = value.split() if shell == "fish" else [value]
    for part in parts:
        for entry in _apart(part):
            yield entry
            if not is_named_entry(entry):
                yield from named_entries(entry)  # in a default, or with spaces in it


def _words(text: str) -> Iterator[str]:
    """The words of a list of zsh; a comment ends with its line."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        else:
            word = scan_word(text, at, "posix")
            yield word.text
            at = max(word.end, at + 1)


def _apart(value: str) -> Iterator[str]:
    """What stands between the colons that are in no brackets."""
    depth, entry = 0, ""
    for c in value:
        depth += (c in "{(") - (c in "})")
        if c == ":" and depth <= 0:
            yield entry
            entry = ""
        else:
            entry += c
    yield entry
