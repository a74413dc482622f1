r"""Every form that one path takes in a file (docs/reference/portability.md).

A form is a *shape*, from a path to a text (slashes, escapes, `file:` in front), and an *encoding* from
the text to bytes. Forms that give the same bytes for a place count once: of `/envs/e` there are few,
of `C:\é é` many. What is replaced is written in the form that it was found in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from sealenv.layout import is_windows
from sealenv.portability.shapes import CODE_PAGES, DRIVE, SHAPES, WIDE, Shape, if_wide

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
    _shape: Shape = field(repr=False, compare=False)

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


def _checked(place: str) -> str:
    drive = bool(DRIVE.match(place))
    wide = drive or place.startswith("\\\\")
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (drive and len(stripped) < 3):
        raise ValueError(f"no absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped


def _forms() -> Iterator[Form]:
    shapes = dict(SHAPES)
    for name, shape in SHAPES:
        yield Form(name, "utf-8", shape)
    for name in WIDE:
        for encoding in ("utf-16-le", "utf-16-be"):
            yield Form(f"{name} {encoding}", encoding, shapes[name])
    for name in ("plain", "slashes", "literal"):
        for encoding in CODE_PAGES:
            yield Form(f"{name} {encoding}", encoding, if_wide(shapes[name]))
    yield Form("plain latin-1", "latin-1", shapes["plain"])


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
