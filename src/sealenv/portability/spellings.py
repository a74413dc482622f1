r"""Every form that one path takes in a file (docs/reference/portability.md).

A form is a *shape*, from a path to a text (slashes, escapes, `file:` in front), and an *encoding* from
the text to bytes. Forms that give the same bytes for a place count once: of `/envs/e` there are few,
of `C:\é é` many. What is replaced is written in the form that it was found in.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from sealenv.layout import is_windows

__all__ = ["FORMS", "Form", "Spelling", "Spellings", "spellings"]


@dataclass(frozen=True)
class Form:
    """One way to write a path.

    Attributes:
        name: the shape, and the encoding where it is not UTF-8.
        encoding: of its bytes, as Python calls it.
    """

    name: str
    encoding: str
    _shape: Callable[[str], str | None] = field(repr=False, compare=False)

    def encode(self, place: str) -> bytes | None:
        """The path in this form; None where it has none (a drive's letter, an encoding)."""
        try:
            text = self._shape(place)
            if text is None:
                return None
            errors = "strict" if self.encoding != "utf-8" else "surrogateescape"
            return text.encode(self.encoding, errors)
        except UnicodeError:
            return None

    @property
    def unit(self) -> int:
        """Bytes of the smallest thing that a text in this encoding is made of."""
        return 2 if self.encoding.startswith("utf-16") else 1


@dataclass(frozen=True)
class Spelling:
    """A place in one form.

    Attributes:
        form: which.
        real: it is the place without links in it (`realpath`), not the place as it was given.
        data: the bytes; in lower case where case does not matter.
        exact: the bytes as the form has them.
    """

    form: Form
    real: bool
    data: bytes
    exact: bytes


@dataclass(frozen=True)
class Spellings:
    """All forms of one place.

    Attributes:
        place: the path as given, absolute, without a separator at its end.
        real: the path that it leads to; the same where there is no link in it.
        ignore_case: whether the file system does: ASCII letters are compared without case.
        all: longest first; no two with the same exact bytes.
    """

    place: str
    real: str
    ignore_case: bool
    all: tuple[Spelling, ...] = field(repr=False)

    @cached_property
    def anchors(self) -> tuple[bytes, ...]:
        """Few pieces of which each spelling holds at least one: what `holds` looks for first.

        In lower case where case does not matter: look in `data.lower()` then.
        """
        word = _word(self.place) if self.real == self.place else b""
        word = word.lower() if self.ignore_case else word
        wide = word.decode().encode("utf-16-le")[:-1]  # little and big endian have this in common
        pieces = {
            next(
                (piece for piece in (word, wide) if piece and piece in s.data), s.data.strip(b"\0")
            )
            for s in self.all
        }
        return _least(pieces)

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """More and longer pieces, likewise, that are hardly anywhere else: to be looked for next."""
        return _least({spelling.data.strip(b"\0") for spelling in self.all})

    def holds(self, data: bytes) -> bool:
        """Whether the place may be in there; if not, it is not."""
        folded = data.lower() if self.ignore_case else data
        return any(anchor in folded for anchor in self.anchors) and any(
            needle in folded for needle in self.needles
        )

    def spell(self, form: Form, *, real: bool = False) -> bytes | None:
        """The place in a form, as it is to be written; None where there is no such form."""
        return form.encode(self.real if real else self.place)


def spellings(place: str, platform: str, *, real: str | None = None) -> Spellings:
    r"""All forms of a place.

    Args:
        place: an absolute path, with bytes that are no UTF-8 as surrogates (`os.fsdecode`).
        platform: the subdir of the environment. On one of Windows' case does not matter, and `/` and `\`
            are the same in a place with a drive or a server.
        real: where the place leads to, if there is a link in it.

    Raises:
        ValueError: the place is not absolute, or has no name (`/`, `C:\`).
    """
    place = _checked(place)
    real = place if real is None else _checked(real)
    ignore_case = is_windows(platform)
    found: dict[bytes, Spelling] = {}
    for is_real, path in ((False, place), (True, real))[: 1 + (real != place)]:
        for form in FORMS:
            exact = form.encode(path)
            if exact is not None and exact not in found:
                data = exact.lower() if ignore_case else exact
                found[exact] = Spelling(form, is_real, data, exact)
    ordered = sorted(found.values(), key=lambda s: -len(s.data))
    return Spellings(place, real, ignore_case, tuple(ordered))


def _least(pieces: set[bytes]) -> tuple[bytes, ...]:
    """Those of which none is in another."""
    shortest = sorted(pieces, key=lambda piece: (len(piece), piece))
    return tuple(
        piece for i, piece in enumerate(shortest) if not any(p in piece for p in shortest[:i])
    )


_DRIVE = re.compile(r"([A-Za-z]):[\\/]")
_SERVER = re.compile(r"[\\/]{2}[^\\/?]+[\\/]+[^\\/]+")


def _checked(place: str) -> str:
    drive = bool(_DRIVE.match(place))
    wide = drive or place.startswith("\\\\")
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (drive and len(stripped) < 3):
        raise ValueError(f"no absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped


def _is_wide(place: str) -> bool:
    """Whether it is a path of Windows: with a drive or a server."""
    return bool(_DRIVE.match(place)) or place.startswith("\\\\")


def _plain(place: str) -> str:
    return place


def _slashes(place: str) -> str | None:
    return place.replace("\\", "/") if _is_wide(place) else None


def _forward(place: str) -> str:
    """With `/`, whatever it is."""
    return _slashes(place) or place


def _last_slash(place: str) -> str | None:
    """`C:\\envs/e`: a folder with a name joined to it by somebody else."""
    head, _, name = place.rpartition("\\")
    return f"{head}/{name}" if _is_wide(place) else None


def _last_backslash(place: str) -> str | None:
    head, _, name = _forward(place).rpartition("/")
    return f"{head}\\{name}" if _is_wide(place) else None


def _literal(place: str) -> str:
    """In a string of C, Python, TOML or JSON, with other alphabets as they are."""
    return json.dumps(place, ensure_ascii=False)[1:-1]


def _json(place: str) -> str:
    return json.dumps(place)[1:-1]


def _python(place: str) -> str:
    return ascii(place)[1:-1]


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


def _url(start: str, safe: str = "/", colon: str = ":") -> Callable[[str], str | None]:
    """As a URL: `start` is what comes before the path; `safe` is not escaped."""

    def shape(place: str) -> str | None:
        quoted = _quoted(_forward(place), safe)
        found = _DRIVE.match(place)
        if found:
            rest = _quoted(_forward(place)[2:], safe)
            return f"{start}/{found[1]}{colon}{rest}"
        if _is_wide(place):  # the server is the host
            return start + quoted[2:] if start == "file://" else None
        return start + quoted if colon == ":" else None

    return shape


def _lower_escapes(shape: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def lowered(place: str) -> str | None:
        text = shape(place)
        return text and re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text)

    return lowered


def _unix(start: str) -> Callable[[str], str | None]:
    r"""`C:\e` as cygwin, MSYS and WSL have it."""

    def shape(place: str) -> str | None:
        found = _DRIVE.match(place)
        return f"{start}/{found[1].lower()}{_forward(place)[2:]}" if found else None

    return shape


def _extended(place: str) -> str | None:
    r"""`\\?\C:\e`, `\\?\UNC\server\share\e`."""
    if _DRIVE.match(place):
        return "\\\\?\\" + place
    return "\\\\?\\UNC" + place[1:] if _is_wide(place) else None


def _before(characters: str, what: str) -> Callable[[str], str]:
    """With `what` before each of these."""

    def shape(place: str) -> str:
        return re.sub(f"([{re.escape(characters)}])", lambda found: what + found[1], place)

    return shape


def _normal(form: Literal["NFC", "NFD"]) -> Callable[[str], str]:
    def shape(place: str) -> str:
        return unicodedata.normalize(form, place)

    return shape


_SHELL = " \t\n!\"#$&'()*;<>?[\\]^`{|}"
_SHAPES: tuple[tuple[str, Callable[[str], str | None]], ...] = (
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
    ("percent all", lambda place: _quoted(_forward(place), "")),
    ("json", _json),
    ("json upper", lambda place: _hex_upper(_json(place))),
    ("json slashes", lambda place: (x := _slashes(place)) and _json(x)),
    ("json escaped", lambda place: _json(_forward(place)).replace("/", r"\/")),
    ("json escaped raw", lambda place: _literal(_forward(place)).replace("/", r"\/")),
    ("json url escaped", lambda place: (x := _url("file://")(place)) and x.replace("/", r"\/")),
    ("python", _python),
    ("bytes hex", _bytes_as("\\x{:02x}")),
    ("bytes octal", _bytes_as("\\{:03o}")),
    ("xml", lambda place: html.escape(place, quote=False)),
    ("xml attribute", lambda place: html.escape(place).replace("&#x27;", "&apos;")),
    ("html", html.escape),
    ("sh backslash", lambda p: None if _is_wide(p) else _before(_SHELL, "\\")(p)),
    ("sh single", lambda place: place.replace("'", "'\"'\"'")),
    ("sh single backslash", lambda place: place.replace("'", "'\\''")),
    ("sh double", lambda p: None if _is_wide(p) else _before('"$`\\', "\\")(p)),
    ("quote doubled", lambda place: place.replace("'", "''")),
    ("make", lambda p: None if _is_wide(p) else _before(" #\\", "\\")(p.replace("$", "$$"))),
    ("batch", lambda place: place.replace("%", "%%")),
    ("regex", re.escape),
    ("composed", _normal("NFC")),
    ("decomposed", _normal("NFD")),
)
_WIDE = ("plain", "slashes", "literal", "last slash", "last backslash", "extended", "url")
"""What is looked for in UTF-16 too."""
_CODE_PAGES = ("cp1252", "cp850", "cp437")
"""Of Windows, for western languages: what is written by programs that do not say UTF-8."""


def _if_wide(shape: Callable[[str], str | None]) -> Callable[[str], str | None]:
    return lambda place: shape(place) if _is_wide(place) else None


def _forms() -> Iterator[Form]:
    shapes = dict(_SHAPES)
    for name, shape in _SHAPES:
        yield Form(name, "utf-8", shape)
    for name in _WIDE:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield Form(f"{name} {encoding}", encoding, shapes[name])
    for name in ("plain", "slashes", "literal"):
        for encoding in _CODE_PAGES:
            yield Form(f"{name} {encoding}", encoding, _if_wide(shapes[name]))


FORMS: tuple[Form, ...] = tuple(_forms())
"""All of them; where two give the same bytes, the first stands for both."""

_RARE = 6
_SHORTEST = 4
"""Letters from which on a word of the last name, or of any, is rare enough."""


def _word(place: str) -> bytes:
    """A piece of the path that no form escapes; nothing where it would be found everywhere."""
    names = re.split(r"[\\/]", place)
    for part, shortest in ((names[-1:], _RARE), (names, _SHORTEST)):
        words = re.findall(r"[A-Za-z0-9_]+", " ".join(part), re.ASCII)
        longest = max(words, key=len, default="")
        if len(longest) >= shortest:
            return str(longest).encode()
    return b""
