"""How the disk spells a path that a record or the table names."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sealenv.seals.row import Row

__all__ = ["Spelling"]


class Spelling:
    """A record's path as the disk spells it: Windows does not tell upper case from lower."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows = rows
        self.folded = {path.casefold(): path for path in rows} if os.name == "nt" else {}

    def __call__(self, path: str) -> str:
        """The row's spelling where there is one, else the path as it is."""
        if not self.folded or path in self.rows:
            return path
        return self.folded.get(path.casefold(), path)
