"""INI files as pip and distutils read them, with the place of each setting in the text.

The rules are those of `configparser` (Python 3.11, RawConfigParser._read): how far a line is indented
says what it belongs to, so that headers and settings may be indented too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Setting", "ini_settings", "option_name"]


class Setting(NamedTuple):
    """One setting of an INI file: where it stands, with the lines that go on with it."""

    section: str
    name: str
    value: str
    line: int
    spans: tuple[tuple[int, int], ...]


_LINE = re.compile(r"[^\r\n]+(?:\r\n|\r|\n)?|\r\n|\r|\n")
"""Universal newlines: a CR alone ends a line there."""
_HEADER = re.compile(r"\[(?P<name>.+)\]")
_SETTING = re.compile(r"(?P<name>[^=:]+)[=:](?P<value>.*)", re.DOTALL)


def ini_settings(text: str) -> Iterator[Setting]:
    """The settings of an INI file; of one that cannot be read, those that can."""
    section, indent = "", 0
    current: Setting | None = None
    for number, found in enumerate(_LINE.finditer(text), 1):
        line = found[0].lstrip("\ufeff")
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        inward = len(line) - len(line.lstrip())
        if current and inward > indent:
            value = f"{current.value} {bare}".strip()
            current = current._replace(value=value, spans=(*current.spans, found.span()))
            continue
        if current:
            yield current
        current, indent = None, inward
        header = _HEADER.match(bare)
        if header:
            section = header["name"]
            continue
        setting = _SETTING.fullmatch(bare)
        if setting:
            name, value = option_name(setting["name"].strip()), setting["value"].strip()
            current = Setting(section, name, value, number, (found.span(),))
    if current:
        yield current


def option_name(name: str) -> str:
    """An option as pip spells it: `_normalize_name` in pip/_internal/configuration.py.

    pip 26.3 goes through it twice, so that two leading `--` are taken off.
    """
    return name.lower().replace("_", "-").removeprefix("--").removeprefix("--")
