"""What the login sets for every program: /etc/environment, environment.d, ~/.pam_environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.checks.configs import unreadable
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.patterns import environment_folders, variable_matters
from sealenv.checkup.text import decode
from sealenv.masking import masked

__all__ = ["CHECKS"]

_E, _W = Severity.ERROR, Severity.WARNING
_ASSIGNED = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)(?:[ \t]+(?:DEFAULT|OVERRIDE))?=(?P<value>.*)"
)
_HOW = "remove it from the line; the change counts from the next login on"


def _environment_files(computer: Computer) -> Iterator[Seen]:
    paths = [computer.at("/etc/environment"), computer.home / ".pam_environment"]
    for folder in (computer.at("/etc/environment.d"), computer.config / "environment.d"):
        try:
            paths += [p for p in sorted(folder.iterdir()) if p.suffix == ".conf"]
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield unreadable(folder, error)
    for path in paths:
        try:
            text = decode(computer.bytes_of(path) or b"")
        except OSError as error:
            yield unreadable(path, error)
            continue
        yield from _settings(path, text)


def _settings(path: Path, text: str) -> Iterator[Seen]:
    for number, line in enumerate(text.split("\n"), 1):
        found = _ASSIGNED.match(line)
        if not found:
            continue
        name, value = found["name"], found["value"].strip().strip("\"'")
        severity = variable_matters(name, value)
        what = f"{name} is set to {value} for the whole session"
        folders = environment_folders(value) if name == "PATH" else ()
        if folders:
            severity, what = _W, f"puts {folders[0]} on PATH for the whole session"
        if severity:
            evidence = (masked(line.strip())[:200],)
            yield Seen(severity, what, f"{path}:{number}", _HOW, evidence)


CHECKS = (
    Check(
        "environment-file",
        "variables of Python, conda and pip, and another Python on PATH, that the login sets",
        "every program of the session has it, in every shell",
        (_E, _W),
        _environment_files,
        platforms=("posix",),
    ),
)
