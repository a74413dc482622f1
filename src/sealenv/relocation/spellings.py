r"""The ways in which real packages write the path of an environment.

| Form | Example | Who writes it |
|---|---|---|
| `plain` | `/envs/e`, `C:\envs\e` | everyone |
| `slashes` | `C:/envs/e` | conda's prefix replacement on Windows |
| `escaped` | `C:\\envs\\e` | strings of C, Python, TOML and JSON |
| `json` | `/envs/\u00ef` | JSON in ASCII |
| `url` | `file:///envs/%C3%AF%27` | Python, pip |
| `url browser` | `file:///envs/%C3%AF'` | uv, browsers (URL Standard) |

Forms that give the same bytes count once: most paths have one form on POSIX and three on Windows.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

from sealenv.layout import is_windows

__all__ = ["FORMS", "Spelling", "Spellings", "spellings"]

_DRIVE = re.compile(r"([A-Za-z]):[\\/]")
_BROWSER = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#%<>?`{}^')
"""What the URL Standard (WHATWG) leaves as it is in a path."""


def _is_windows_path(place: str) -> bool:
    return bool(_DRIVE.match(place)) or place.startswith("\\\\")


def _slashes(place: str) -> str:
    return place.replace("\\", "/") if _is_windows_path(place) else place


def _escaped(place: str) -> str:
    return json.dumps(place, ensure_ascii=False)[1:-1]


def _json(place: str) -> str:
    return json.dumps(place)[1:-1]


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
    "escaped": _escaped,
    "json": _json,
    "url": lambda place: _url(place, "/"),
    "url browser": lambda place: _url(place, _BROWSER),
}
"""All of them; where two give the same bytes, the first stands for both."""


@dataclass(frozen=True)
class Spelling:
    """A path in one form.

    Attributes:
        form: a key of `FORMS`.
        data: the bytes; in lower case where case does not matter.
    """

    form: str
    data: bytes


@dataclass(frozen=True)
class Spellings:
    """All forms of one path.

    Attributes:
        place: the path, absolute, without a separator at its end.
        ignore_case: whether ASCII letters are compared without case, as Windows does.
        all: longest first; no two with the same bytes.
        shields: longer paths that contain this one: the offset at which it starts in each, and the bytes
            of the longer one. See `apart_from`.
    """

    place: str
    ignore_case: bool
    all: tuple[Spelling, ...] = field(repr=False)
    shields: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)

    @cached_property
    def needles(self) -> list[bytes]:
        """A few pieces of which each spelling contains at least one: what to search for first."""
        found: list[bytes] = []
        for data in sorted((s.data for s in self.all), key=lambda data: (len(data), data)):
            if not any(known in data for known in found):
                found.append(data)
        return found

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Matches any spelling, the longest first."""
        return re.compile(b"|".join(re.escape(s.data) for s in self.all))

    @cached_property
    def forms(self) -> dict[bytes, str]:
        """The form of each spelling, by its bytes."""
        return {s.data: s.form for s in self.all}

    def fold(self, data: bytes) -> bytes:
        """The bytes as they are compared."""
        return data.lower() if self.ignore_case else data

    def apart_from(self, other: Spellings) -> Spellings:
        """The same, not counting the path where it is only a part of another one.

        `/envs/e` is the beginning of `/envs/e two`. Where files may hold either, the longer one is
        meant.
        """
        shields = []
        for longer in other.all:
            for own in self.all:
                start = longer.data.find(own.data)
                if start >= 0 and longer.data != own.data:
                    shields.append((start, longer.data))
        return replace(self, shields=tuple(dict.fromkeys(shields)))


def spell(place: str, form: str) -> bytes:
    """A path in a form."""
    return FORMS[form](place).encode("utf-8", "surrogateescape")


def spellings(place: str, platform: str, *, real: str | None = None) -> Spellings:
    r"""All forms of a path.

    Args:
        place: an absolute path, with bytes that are not UTF-8 as surrogates (`os.fsdecode`).
        platform: the subdir of the environment. On Windows case does not matter, and `/` and `\` are the
            same in a path with a drive or a server.
        real: where the path leads to, if there is a link in it: it counts too.

    Raises:
        ValueError: the path is not absolute, or has no name (`/`, `C:\`).
    """
    place = _checked(place)
    ignore_case = is_windows(platform)
    found: dict[bytes, Spelling] = {}
    for path in dict.fromkeys((place, _checked(real) if real else place)):
        for form in FORMS:
            data = spell(path, form)
            data = data.lower() if ignore_case else data
            found.setdefault(data, Spelling(form, data))
    longest_first = sorted(found.values(), key=lambda s: -len(s.data))
    return Spellings(place, ignore_case, tuple(longest_first))


def _checked(place: str) -> str:
    wide = _is_windows_path(place)
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (_DRIVE.match(place) and len(stripped) < 3):
        raise ValueError(f"not an absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped
