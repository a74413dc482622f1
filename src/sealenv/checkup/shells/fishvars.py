"""fish's universal variables: the file `fish_variables`, one per line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sealenv.checkup.finding import Severity
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.meaning import meaning_of, variable_matters
from sealenv.checkup.text import decode, lines_of

__all__ = ["LISTS", "Variable", "exported", "meaning", "without_parts"]

_LINE = re.compile(r"SETUVAR (?P<flags>(?:--\w+ )*)(?P<name>\w+):(?P<value>.*)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class Variable(NamedTuple):
    """A universal variable: where its line and its value stand, and what it is.

    Attributes:
        start: of the line.
        end: behind it.
        line: its number.
        name: of the variable.
        value: a list has `:` between its parts.
        raw: the value as it is written.
        at: where that begins.
    """

    start: int
    end: int
    line: int
    name: str
    value: str
    raw: str
    at: int


LISTS = frozenset({"PATH", "fish_user_paths"})
"""What leads to PATH."""


def exported(data: bytes) -> Iterator[Variable]:
    """The variables that programs see, and the list that fish puts in front of PATH."""
    text = decode(data)
    for number, (start, end) in enumerate(lines_of(text), 1):
        found = _LINE.fullmatch(text[start:end].rstrip("\r\n"))
        if found and ("--export" in found["flags"] or found["name"] == "fish_user_paths"):
            raw = found["value"]
            value, at = _ESCAPE.sub(_plain, raw), start + found.start("value")
            yield Variable(start, end, number, found["name"], value, raw, at)


def without_parts(variable: Variable, bad: Callable[[str], bool]) -> str:
    """The value of a list as it is written, without some of its parts."""
    parts = variable.raw.split("\\x1e")
    return "\\x1e".join(part for part in parts if not bad(_ESCAPE.sub(_plain, part)))


def _plain(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return found[3]
    return ":" if code == "1e" else chr(int(code, 16))  # 1e stands between the parts of a list


def meaning(name: str, value: str) -> tuple[Severity, str] | None:
    """How much it matters, and what it does."""
    severity = variable_matters(name, value)
    if severity:
        return severity, f"fish sets {name} to {value}"
    if name in LISTS:
        command = Command(("fish_add_path", value), 0, 0, 0, False, True)
        found = meaning_of(command, "fish")
        if found:
            return found.severity, f"fish {found.what}"
    return None
