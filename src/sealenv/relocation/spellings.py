r"""The forms in which real packages write the path of an environment.

| Form | Example | Written by |
|---|---|---|
| `plain` | `/envs/e`, `C:\envs\e` | every program |
| `slashes` | `C:/envs/e` | conda's prefix replacement on Windows |
| `escaped` | `C:\\envs\\e` | strings of C, Python, TOML and JSON |
| `json` | `/envs/\u00ef` | JSON in ASCII |
| `url` | `file:///envs/%C3%AF%27` | Python, pip |
| `url browser` | `file:///envs/%C3%AF'` | uv, browsers (URL Standard) |

Forms with the same bytes count once: most paths have one form on POSIX and three on Windows.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from sealenv.layout import is_windows

__all__ = ["FORMS", "Spellings", "spell", "spellings"]

_DRIVE = re.compile(r"([A-Za-z]):[\\/]")
_BROWSER = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#%<>?`{}^')
"""The characters that the URL Standard (WHATWG) does not escape in a path."""


def _is_windows_path(place: str) -> bool:
    return bool(_DRIVE.match(place)) or place.startswith("\\\\")


def _slashes(place: str) -> str:
    return place.replace("\\", "/") if _is_windows_path(place) else place


def _url(place: str, safe: str) -> str:
    path = _slashes(place)
    drive = path[:2] if _DRIVE.match(place) else ""
    quoted = urllib.parse.quote(path[len(drive) :], safe, "utf-8", "surrogateescape")
    if path.startswith("//"):  # the server is the host
        return f"file:{quoted}"
    return f"file:///{drive}{quoted}" if drive else f"file://{quoted}"


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda place: place,
    "slashes": _slashes,
    "escaped": lambda place: json.dumps(place, ensure_ascii=False)[1:-1],
    "json": lambda place: json.dumps(place)[1:-1],
    "url": lambda place: _url(place, "/"),
    "url browser": lambda place: _url(place, _BROWSER),
}
"""All forms. If two give the same bytes, the first one names both."""


@dataclass(frozen=True)
class Spellings:
    """All forms of one path.

    Attributes:
        place: the path, absolute, without a trailing separator.
        ignore_case: compare ASCII letters without case, as Windows does.
        forms: bytes -> form, the longest bytes first; in lower case if case is ignored.
        shields: longer paths that contain this one (see `apart_from`): the offset at which it starts,
            and the bytes of the longer path.
    """

    place: str
    ignore_case: bool
    forms: dict[bytes, str] = field(repr=False)
    shields: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)

    @cached_property
    def needles(self) -> list[bytes]:
        """The fewest bytes to search for first: each spelling contains at least one of them."""
        found: list[bytes] = []
        for data in sorted(self.forms, key=lambda data: (len(data), data)):
            if not any(known in data for known in found):
                found.append(data)
        return found

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Match any spelling, the longest first."""
        return re.compile(b"|".join(map(re.escape, self.forms)))

    def fold(self, data: bytes) -> bytes:
        """Return the bytes as they are compared."""
        return data.lower() if self.ignore_case else data

    def apart_from(self, other: Spellings) -> Spellings:
        """Return the same path, but do not count it where it is a part of another one.

        `/envs/e` is the beginning of `/envs/e two`. In files that may hold either path, the bytes
        `/envs/e two` mean the longer one.
        """
        shields = []
        for longer in other.forms:
            for own in self.forms:
                start = longer.find(own)
                if start >= 0 and longer != own:
                    shields.append((start, longer))
        return replace(self, shields=tuple(dict.fromkeys(shields)))


def spell(place: str, form: str) -> bytes:
    """Write a path in a form."""
    return FORMS[form](place).encode("utf-8", "surrogateescape")


def spellings(place: str, platform: str, *, real: str | None = None) -> Spellings:
    r"""Return all forms of a path.

    Args:
        place: an absolute path; bytes that are not UTF-8 are surrogates (`os.fsdecode`).
        platform: the subdir of the environment. On Windows case does not matter, and `/` equals `\`
            in a path with a drive or a server.
        real: the path with its links resolved: it counts too.

    Raises:
        ValueError: the path is not absolute, or has no name (`/`, `C:\`).
    """
    place = _checked(place)
    ignore_case = is_windows(platform)
    found: dict[bytes, str] = {}
    for path in dict.fromkeys((place, _checked(real) if real else place)):
        for form in FORMS:
            data = spell(path, form)
            found.setdefault(data.lower() if ignore_case else data, form)
    longest_first = dict(sorted(found.items(), key=lambda item: -len(item[0])))
    return Spellings(place, ignore_case, longest_first)


def _checked(place: str) -> str:
    wide = _is_windows_path(place)
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (_DRIVE.match(place) and len(stripped) < 3):
        raise ValueError(f"not an absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped
