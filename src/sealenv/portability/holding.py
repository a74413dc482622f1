"""What one file holds: a closer look at those in which the search hit something."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sealenv.portability.classify import HEAD, Held, is_launcher
from sealenv.portability.links import below, straight
from sealenv.portability.occurrences import Occurrence, occurrences, occurrences_in
from sealenv.portability.rewriting.marshalled import marks, strings
from sealenv.portability.rewriting.pyc import is_pyc, is_too_large
from sealenv.portability.spellings import Spellings

__all__ = ["Place", "held_by_file", "held_by_link", "needles"]

_MOST = 64 << 20
"""Bytes: what is packed in a launcher is never larger."""


@dataclass(frozen=True)
class Place:
    """The environment's own path, or one that it had."""

    whose: str
    """`own` or `former`."""
    spellings: Spellings


def needles(wanted: Spellings) -> list[bytes]:
    """Few texts one of which is in whatever holds the place.

    Whole spellings are searched for faster than a word of them, which also may be a common one; but of
    some places there are too many.
    """
    found: list[bytes] = []
    for data in sorted({s.data.strip(b"\0") for s in wanted.all}, key=lambda d: (len(d), d)):
        if not any(known in data for known in found):
            found.append(data)
    return found if len(found) <= 6 else list(wanted.anchors)


def held_by_link(path: str, text: str, places: Sequence[Place], here: str) -> list[Held]:
    """What the text of a link holds.

    Args:
        path: of it, relative to the prefix.
        text: what it says.
        places: which are looked for.
        here: where the prefix lies.
    """
    data = os.fsencode(text)
    held = []
    for place in places:
        own = place.spellings.place
        forms = Counter(o.form for o in occurrences(data, place.spellings))
        if not forms and below(own, path, straight(own, path, text, here)) is not None:
            forms["plain" if os.path.isabs(text) else "relative"] = 1
        if forms:
            held.append(Held(path, place.whose, place.spellings.place, dict(forms), link=True))
    return held


def held_by_file(file: BinaryIO, path: str, places: Sequence[Place], *, runs: bool) -> list[Held]:
    """What a file holds; it is read once for each place, by windows.

    Args:
        file: open for reading, from its beginning.
        path: of it, relative to the prefix.
        places: which are looked for.
        runs: see `Held`.

    Raises:
        OSError: it cannot be read.
    """
    head = file.read(HEAD)
    about = _About(head, _is_program(path, head), _interpreter(file, path, head), runs)
    held = []
    for place in places:
        starts, forms = False, Counter[str]()
        for found in _occurrences(file, path, head, place.spellings):
            forms[found.form] += 1
            starts = starts or about.is_interpreter(found.start)
        packed = False
        if about.program:
            for data in _packed(file):
                inside = [o.form for o in occurrences(data, place.spellings)]
                forms.update(inside)
                packed = packed or bool(inside)
        if forms:
            held.append(
                Held(
                    path, place.whose, place.spellings.place, dict(forms), head,
                    packed=packed, runs=runs, interpreter=starts,
                )
            )  # fmt: skip
    return held


def _occurrences(file: BinaryIO, path: str, head: bytes, wanted: Spellings) -> Iterable[Occurrence]:
    """Where a place is; of compiled Python its strings are asked, before which their length is."""
    if is_pyc(path, head) and not is_too_large(file):
        data = file.read()
        try:
            if layout := marks(data):
                texts = [s.data for s in strings(data, layout) if wanted.holds(s.data)]
                return [found for text in texts for found in occurrences(text, wanted)]
        except (ValueError, IndexError):
            pass  # damaged: it is searched as it is
    file.seek(0)
    return occurrences_in(file, wanted)


@dataclass(frozen=True)
class _About:
    """What is known of a file before it is searched."""

    head: bytes
    program: bool
    interpreter: tuple[int, int]
    runs: bool

    def is_interpreter(self, start: int) -> bool:
        """Whether what starts there is in the line that names the interpreter."""
        return self.interpreter[0] <= start < self.interpreter[1]


_LAUNCHED = re.compile(rb"#![^\n]{1,2048}\n(?=PK\x03\x04)")


def _is_program(path: str, head: bytes) -> bool:
    return head.startswith(b"MZ") and is_launcher(path)


def _interpreter(file: BinaryIO, path: str, head: bytes) -> tuple[int, int]:
    """From where to where the interpreter is named: the first line of a script (of two lines of sh, the
    second), in a launcher of Windows that before the archive.
    """
    if head.startswith(b"#!"):
        end = head.find(b"\n", 10 if head.startswith(b"#!/bin/sh\n'''exec'") else 0)
        return 0, end if end >= 0 else len(head)
    if not _is_program(path, head) or file.seek(0, io.SEEK_END) > _MOST:
        return 0, 0
    file.seek(0)
    data = file.read()
    found = _LAUNCHED.search(data)
    return found.span() if found else (0, 0)


def _packed(file: BinaryIO) -> Iterator[bytes]:
    """What is compressed in the archive at the end of a launcher."""
    file.seek(0, io.SEEK_END)
    if file.tell() > _MOST:
        return
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if info.compress_type != zipfile.ZIP_STORED and info.file_size <= _MOST:
                    yield archive.read(info)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, zlib.error, EOFError):
        return  # no archive, or none that anything could start
