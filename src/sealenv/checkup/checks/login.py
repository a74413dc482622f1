"""What the login sets for every program: /etc/environment, environment.d, ~/.pam_environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.changes import Cut
from sealenv.checkup.checks.configs import unreadable
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.folders import holds_more, leads_to_python
from sealenv.checkup.shells.meaning import variable_matters
from sealenv.checkup.shells.pathcut import NOT_PLAIN, without_entries
from sealenv.checkup.text import decode, lines_of

__all__ = ["CHECKS"]

_E, _W = Severity.ERROR, Severity.WARNING
_ASSIGNED = re.compile(
    r"[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)(?:=|[ \t]+(?P<pam>DEFAULT|OVERRIDE)=)(?P<value>.*)"
)


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
            data = computer.bytes_of(path)
        except OSError as error:
            yield unreadable(path, error)
            continue
        text = decode(data or b"")
        continued = False
        for number, (start, end) in enumerate(lines_of(text), 1):
            line, before = text[start:end].rstrip("\r\n"), continued
            continued = line.endswith("\\")
            found = _ASSIGNED.match(line)
            value = found["value"].strip().strip("\"'") if found else ""
            severity = variable_matters(found["name"], value) if found else None
            if found and found["name"] == "PATH":
                yield from _path(computer, path, data or b"", start, found, number)
            if found and severity:
                plain = not (before or continued)
                cut = Cut(path, start, start, "# ", digest_of(data or b""))
                changes = (cut,) if plain else ()
                what = f"{found['name']} is set to {value} for the whole session"
                how = "the line becomes a comment; that counts from the next login on"
                how = how if plain else "by hand: the setting goes on over several lines"
                yield Seen(severity, what, f"{path}:{number}", how, changes=changes)


def _path(
    computer: Computer, path: Path, data: bytes, start: int, found: re.Match[str], number: int
) -> Iterator[Seen]:
    """A line that puts a Python on PATH: its entry is cut out where the line is plain."""

    def meant(entry: str) -> str:
        return entry.replace("@{HOME}", "~")

    entries = [meant(entry) for entry in found["value"].strip().strip("\"'").split(":")]
    bad = [entry for entry in entries if leads_to_python(computer, entry)]
    if not bad:
        return
    line = found[0].strip()
    part = without_entries(line, "sh", lambda entry: meant(entry) in bad)
    more = next((entry for entry in bad if holds_more(computer, entry)), None)
    changes: tuple[Cut, ...] = ()
    how = "the entries are cut out of the line; that counts from the next login on"
    if more:
        how = f"by hand: other programs than a Python's lie in {more} too"
    elif isinstance(part, str) or part.put is None or found["pam"] or line.endswith("\\"):
        how = f"by hand: {part if isinstance(part, str) else NOT_PLAIN}"
    else:
        begin = start + found[0].index(line)
        cut = Cut(path, begin + part.start, begin + part.end, part.put, digest_of(data))
        changes = (cut,)
    what = f"puts {bad[0]} on PATH for the whole session"
    yield Seen(_W, what, f"{path}:{number}", how, (line,), changes=changes)


CHECKS = (
    Check(
        "environment-file",
        "variables of Python, conda and pip, and another Python on PATH, that the login sets",
        "every program of the session has it, whatever the shell",
        (_E, _W),
        _environment_files,
        "the line becomes a comment, of PATH only the entries are cut out",
        ("posix",),
    ),
)
