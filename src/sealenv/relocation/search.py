"""The first look: does a file hold anything that is looked for?"""

from __future__ import annotations

import os
from collections.abc import Sequence

from sealenv.relocation.occurrences import is_blank
from sealenv.relocation.spellings import Spellings
from sealenv.system.hashing import open_once

__all__ = ["Search"]

_WINDOW = 1 << 22


class Search:
    """A search for places, in one file after the other.

    Args:
        places: how each of them is written.
    """

    def __init__(self, places: Sequence[Spellings]) -> None:
        texts = list(dict.fromkeys(text for place in places for text in place.needles))
        self._ignore_case = any(place.ignore_case for place in places)
        self._texts = [text.lower() for text in texts] if self._ignore_case else texts
        self._overlap = max([*map(len, texts), 1]) - 1

    def hits(self, path: str | bytes) -> bool:
        """Tell whether a regular file may hold one of them; `portability.inspect` looks closely.

        A file of any size takes a few MB of memory.

        Raises:
            OSError: the file cannot be read, or is not a regular file.
        """
        fd, status = open_once(path)
        try:
            wanted = min(status.st_size + 1, _WINDOW)
            data = b""
            while True:
                piece = os.read(fd, wanted)
                data = data[max(len(data) - self._overlap, 0) :] + piece
                if self._are_in(data):
                    return True
                if len(piece) < wanted:
                    return False
        finally:
            os.close(fd)

    def _are_in(self, data: bytes) -> bool:
        if is_blank(data):
            return False
        data = data.lower() if self._ignore_case else data
        return any(text in data for text in self._texts)
