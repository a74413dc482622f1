"""What fish keeps outside of its start-up files: universal variables, and functions in files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.patterns import environment_folders, variable_matters
from sealenv.checkup.text import decode, lines_of
from sealenv.gates.rules import PROGRAMS
from sealenv.masking import masked

__all__ = ["CHECKS"]

_E, _W = Severity.ERROR, Severity.WARNING
_LINE = re.compile(r"SETUVAR (?P<flags>(?:--\w+ )*)(?P<name>\w+):(?P<value>.*)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")
_LISTS = frozenset({"PATH", "fish_user_paths"})


def _variables(computer: Computer) -> Iterator[Seen]:
    path = computer.config / "fish/fish_variables"
    text = decode(computer.bytes_of(path) or b"")
    for number, (start, end) in enumerate(lines_of(text), 1):
        found = _LINE.fullmatch(text[start:end].rstrip("\r\n"))
        if not found or not ("--export" in found["flags"] or found["name"] == "fish_user_paths"):
            continue
        name, value = found["name"], _ESCAPE.sub(_plain, found["value"])
        severity = variable_matters(name, value)
        folders = environment_folders(value) if name in _LISTS else ()
        if not severity and not folders:
            continue
        what, how = f"fish sets {name} to {value}", f"in fish: set -Ue {name}"
        if folders:
            what, how = (
                f"fish puts {folders[0]} on PATH",
                f"in fish: set -U {name} to the other folders",
            )
        evidence = (masked(f"{name}: {value}")[:200],)
        yield Seen(severity or _W, what, f"{path}:{number}", how, evidence)


def _plain(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    if code is None:
        return found[3]
    return ":" if code == "1e" else chr(int(code, 16))  # 1e separates the parts of a list


def _functions(computer: Computer) -> Iterator[Seen]:
    for name in PROGRAMS:
        path = computer.config / "fish/functions" / f"{name}.fish"
        if computer.bytes_of(path) is not None:
            what = f"fish has a function {name}, which runs instead of the program of that name"
            yield Seen(_W, what, str(path), "delete or rename the file, and open a new fish")


CHECKS = (
    Check(
        "fish-variables",
        "universal variables of fish that redirect Python or conda",
        "every fish has them, and no start-up file shows them",
        (_E, _W),
        _variables,
        platforms=("posix",),
    ),
    Check(
        "fish-functions",
        "function files of fish named like conda, mamba, pip or python",
        "the function runs instead of the environment's own program",
        (_W,),
        _functions,
        platforms=("posix",),
    ),
)
