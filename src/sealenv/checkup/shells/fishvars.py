"""fish's universal variables: the file `fish_variables`, one per line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.checkup.finding import Severity
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.meaning import meaning_of, variable_matters
from sealenv.checkup.text import decode, lines_of

__all__ = ["exported", "meaning"]

_LINE = re.compile(r"SETUVAR (?P<flags>(?:--\w+ )*)(?P<name>\w+):(?P<value>.*)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)


def exported(data: bytes) -> Iterator[tuple[int, int, int, str, str]]:
    """Where each variable's line begins and ends, its number, the name, the value (a list with `:`).

    Only those that programs see, and the list that fish puts in front of PATH.
    """
    text = decode(data)
    for number, (start, end) in enumerate(lines_of(text), 1):
        found = _LINE.fullmatch(text[start:end].rstrip("\r\n"))
        if found and ("--export" in found["flags"] or found["name"] == "fish_user_paths"):
            yield start, end, number, found["name"], _ESCAPE.sub(_plain, found["value"])


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
    if name in {"PATH", "fish_user_paths"}:
        command = Command(("fish_add_path", value), 0, 0, 0, False, True)
        found = meaning_of(command, "fish")
        if found:
            return found.severity, f"fish {found.what}"
    return None
