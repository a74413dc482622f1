r"""The shapes of a path: with slashes, escapes, `file:` in front (docs/reference/portability.md)."""

from __future__ import annotations

import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Callable
from typing import Literal

from sealenv.errors import SpecError
from sealenv.quoting import (
    quote_cmd,
    quote_csh,
    quote_fish,
    quote_nu,
    quote_ps1,
    quote_sh,
    quote_xonsh,
)

__all__ = ["CODE_PAGES", "DRIVE", "SHAPES", "WIDE", "Shape", "if_wide", "is_wide"]

Shape = Callable[[str], "str | None"]
"""From a path to a text; None where the path has no such shape."""

DRIVE = re.compile(r"([A-Za-z]):[\\/]")


def is_wide(place: str) -> bool:
    """Whether it is a path of Windows: with a drive or a server."""
    return bool(DRIVE.match(place)) or place.startswith("\\\\")


def if_wide(shape: Shape) -> Shape:
    """The shape, for paths of Windows only."""
    return lambda place: shape(place) if is_wide(place) else None


def _posix(shape: Shape) -> Shape:
    return lambda place: None if is_wide(place) else shape(place)


def _plain(place: str) -> str:
    return place


def _slashes(place: str) -> str | None:
    return place.replace("\\", "/") if is_wide(place) else None


def _forward(place: str) -> str:
    """With `/`, whatever it is."""
    return _slashes(place) or place


def _last_slash(place: str) -> str | None:
    """`C:\\envs/e`: a folder with a name joined to it by somebody else."""
    head, _, name = place.rpartition("\\")
    return f"{head}/{name}" if is_wide(place) else None


def _last_backslash(place: str) -> str | None:
    head, _, name = _forward(place).rpartition("/")
    return f"{head}\\{name}" if is_wide(place) else None


def _literal(place: str) -> str:
    """In a string of C, Python, TOML or JSON, with other alphabets as they are."""
    return json.dumps(place, ensure_ascii=False)[1:-1]


def _json(place: str) -> str:
    return json.dumps(place)[1:-1]


def _hex_upper(text: str) -> str:
    return re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda found: found[0].upper(), text)


def _bytes_as(template: str) -> Callable[[str], str]:
    """Bytes that are not ASCII one by one, as C, git and Python's `repr` of bytes write them."""

    def shape(place: str) -> str:
        raw = _literal(place).encode("utf-8", "surrogateescape")
        return "".join(chr(b) if b < 0x80 else template.format(b) for b in raw)

    return shape


_BROWSER = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#%<>?`{}^')
"""What the URL Standard (WHATWG) leaves as it is in a path, and with it browsers and uv."""


def _quoted(place: str, safe: str) -> str:
    return urllib.parse.quote(place, safe, "utf-8", "surrogateescape")


def _url(start: str, safe: str = "/", colon: str = ":") -> Shape:
    """As a URL: `start` is what comes before the path; `safe` is not escaped."""

    def shape(place: str) -> str | None:
        quoted = _quoted(_forward(place), safe)
        found = DRIVE.match(place)
        if found:
            rest = _quoted(_forward(place)[2:], safe)
            return f"{start}/{found[1]}{colon}{rest}"
        if is_wide(place):  # the server is the host
            return start + quoted[2:] if start == "file://" else None
        return start + quoted if colon == ":" else None

    return shape


def _lower_escapes(shape: Shape) -> Shape:
    def lowered(place: str) -> str | None:
        text = shape(place)
        return text and re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)

    return lowered


def _unix(start: str) -> Shape:
    r"""`C:\e` as cygwin, MSYS and WSL have it."""

    def shape(place: str) -> str | None:
        found = DRIVE.match(place)
        return f"{start}/{found[1].lower()}{_forward(place)[2:]}" if found else None

    return shape


def _extended(place: str) -> str | None:
    r"""`\\?\C:\e`, `\\?\UNC\server\share\e`."""
    if DRIVE.match(place):
        return "\\\\?\\" + place
    return "\\\\?\\UNC" + place[1:] if is_wide(place) else None


def _before(characters: str, what: str) -> Callable[[str], str]:
    """With `what` before each of these."""

    def shape(place: str) -> str:
        return re.sub(f"([{re.escape(characters)}])", lambda found: what + found[1], place)

    return shape


def _normal(form: Literal["NFC", "NFD"]) -> Callable[[str], str]:
    def shape(place: str) -> str:
        return unicodedata.normalize(form, place)

    return shape


def _quoted_by(quote: Callable[[str], str]) -> Shape:
    """As the activation scripts have it, without the quotes around it."""

    def shape(place: str) -> str | None:
        try:
            word = quote(place)
        except SpecError:  # that shell has no word for it
            return None
        return word.strip("()")[1:-1]

    return shape


def _csh_pattern(place: str) -> str:
    return quote_csh(place, pattern=True)


def _delayed(place: str) -> str:
    return f'"{quote_cmd(place, delayed=True)}"'


_SHELL = " \t\n!\"#$&'()*;<>?[\\]^`{|}"
SHAPES: tuple[tuple[str, Shape], ...] = (
    ("plain", _plain),
    ("slashes", _slashes),
    ("literal", _literal),
    ("literal twice", lambda place: _literal(_literal(place))),
    ("last slash", _last_slash),
    ("last backslash", _last_backslash),
    ("extended", _extended),
    ("extended literal", lambda place: (x := _extended(place)) and _literal(x)),
    ("msys", _unix("")),
    ("cygwin", _unix("/cygdrive")),
    ("wsl", _unix("/mnt")),
    ("url", _url("file://")),
    ("url browser", _url("file://", _BROWSER)),
    ("url lower", _lower_escapes(_url("file://"))),
    ("url browser lower", _lower_escapes(_url("file://", _BROWSER))),
    ("url drive escaped", _url("file://", colon="%3A")),
    ("url drive escaped lower", _lower_escapes(_url("file://", colon="%3A"))),
    ("url localhost", _url("file://localhost")),
    ("url short", _url("file:")),
    ("percent", lambda place: _quoted(_forward(place), "/:")),
    ("percent browser", lambda place: _quoted(_forward(place), _BROWSER)),
    ("percent lower", _lower_escapes(lambda place: _quoted(_forward(place), "/:"))),
    ("percent browser lower", _lower_escapes(lambda place: _quoted(_forward(place), _BROWSER))),
    ("percent all", lambda place: _quoted(_forward(place), "")),
    ("percent all plus", lambda place: _quoted(_forward(place), " ").replace(" ", "+")),
    ("json", _json),
    ("json twice", lambda place: _json(_json(place))),
    ("json upper", lambda place: _hex_upper(_json(place))),
    ("json slashes", lambda place: (x := _slashes(place)) and _json(x)),
    ("json escaped", lambda place: _json(_forward(place)).replace("/", r"\/")),
    ("json escaped raw", lambda place: _literal(_forward(place)).replace("/", r"\/")),
    ("json url escaped", lambda place: (x := _url("file://")(place)) and x.replace("/", r"\/")),
    ("python", _quoted_by(quote_xonsh)),
    ("bytes hex", _bytes_as("\\x{:02x}")),
    ("bytes octal", _bytes_as("\\{:03o}")),
    ("xml", lambda place: html.escape(place, quote=False)),
    ("xml attribute", lambda place: html.escape(place).replace("&#x27;", "&apos;")),
    ("html", html.escape),
    ("sh backslash", _posix(_before(_SHELL, "\\"))),
    ("sh single", lambda place: place.replace("'", "'\"'\"'")),
    ("sh single backslash", _quoted_by(quote_sh)),
    ("sh double", _posix(_before('"$`\\', "\\"))),
    ("csh", _posix(_quoted_by(quote_csh))),
    ("csh pattern", _posix(_quoted_by(_csh_pattern))),
    ("fish", _posix(_quoted_by(quote_fish))),
    ("nushell", _quoted_by(quote_nu)),
    ("powershell", _quoted_by(quote_ps1)),
    ("quote doubled", lambda place: place.replace("'", "''")),
    ("make", _posix(lambda place: _before(" #\\", "\\")(place.replace("$", "$$")))),
    ("batch", lambda place: place.replace("%", "%%")),
    ("batch delayed", if_wide(_quoted_by(_delayed))),
    ("regex", re.escape),
    ("composed", _normal("NFC")),
    ("decomposed", _normal("NFD")),
)
WIDE = ("plain", "slashes", "literal", "last slash", "last backslash", "extended", "url")
"""What is looked for in UTF-16 too."""
CODE_PAGES = ("cp1252", "cp850", "cp437")
"""Of Windows, for western languages: what is written by programs that do not say UTF-8."""
