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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from sealenv.layout import is_windows

__all__ = ["FORMS", "Paths", "spell"]

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
class Paths:
    """Some paths, in all forms. Create it with `of`.

    Attributes:
        places: the paths, absolute, without a trailing separator.
        ignore_case: compare ASCII letters without case, as Windows does.
        forms: bytes -> the path and its form; in lower case if case is ignored.
        longer: bytes of a longer path that begins with one of them -> the length of that beginning.
            `/envs/e two` does not hold `/envs/e`.
    """

    places: tuple[str, ...]
    ignore_case: bool
    forms: dict[bytes, tuple[str, str]] = field(repr=False)
    longer: dict[bytes, int] = field(repr=False)

    @classmethod
    def of(cls, places: Iterable[str], platform: str, *, apart_from: str | None = None) -> Paths:
        r"""Return all forms of some paths.

        Args:
            places: absolute paths; bytes that are not UTF-8 are surrogates (`os.fsdecode`).
            platform: the subdir of the environment. On Windows case does not matter, and `/` equals
                `\` in a path with a drive or a server.
            apart_from: another path, which is not one of them even if it begins with one.

        Raises:
            ValueError: a path is not absolute, or has no name (`/`, `C:\`).
        """
        checked = tuple(dict.fromkeys(map(absolute, places)))
        ignore_case = is_windows(platform)

        def spelled(place: str, form: str) -> bytes:
            data = spell(place, form)
            return data.lower() if ignore_case else data

        forms: dict[bytes, tuple[str, str]] = {}
        for place in checked:
            for form in FORMS:
                forms.setdefault(spelled(place, form), (place, form))
        others = {spelled(absolute(apart_from), form) for form in FORMS} if apart_from else set()
        longer = {
            other: len(own)
            for other in others - forms.keys()
            for own in sorted(forms, key=len)
            if other.startswith(own)
        }
        return cls(checked, ignore_case, forms, longer)

    @cached_property
    def needles(self) -> list[bytes]:
        """The fewest bytes to search for first: each form contains at least one of them."""
        found: list[bytes] = []
        for data in sorted(self.forms, key=lambda data: (len(data), data)):
            if not any(known in data for known in found):
                found.append(data)
        return found

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Match any form, the longest first."""
        longest_first = sorted({*self.forms, *self.longer}, key=len, reverse=True)
        return re.compile(b"|".join(map(re.escape, longest_first)))

    def fold(self, data: bytes) -> bytes:
        """Return the bytes as they are compared."""
        return data.lower() if self.ignore_case else data


def spell(place: str, form: str) -> bytes:
    """Write a path in a form."""
    return FORMS[form](place).encode("utf-8", "surrogateescape")


def absolute(place: str) -> str:
    """Return a path without a trailing separator, and with the separators of its platform.

    Raises:
        ValueError: it is not absolute, or has no name.
    """
    wide = _is_windows_path(place)
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (_DRIVE.match(place) and len(stripped) < 3):
        raise ValueError(f"not an absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped
