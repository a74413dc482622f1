"""Every file that holds the old place gets the new one, in the order in which they vouch for each other.

What was mended is not mended again: a relocation that was killed is done once more from the beginning,
and finds by itself what is left.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sealenv.activation.scripts import activation_files
from sealenv.errors import SealenvError
from sealenv.layout import HISTORY, META
from sealenv.portability.rewriting.metadata import (
    Mark,
    Rewritten,
    redigest_record,
    redigest_wheel,
)
from sealenv.relocation.changes import Left, reversed_changes
from sealenv.relocation.compiled import mend_header
from sealenv.relocation.files import Files, Write
from sealenv.relocation.holding import holding
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.place import Relocation
from sealenv.seals.compiled import source_of
from sealenv.seals.path import FILE, LINK
from sealenv.seals.row import Row

__all__ = ["Mending"]

_LARGE = 32 << 20


@dataclass
class Mending:
    """The files of one relocation, in the order in which they vouch for each other.

    Attributes:
        move: from where to where.
        rows: what lies in the prefix.
        owners: of what lies there.
        files: what writes into them, and notes what was done.
        on_file: is told how many of how many are done.
    """

    move: Relocation
    rows: Mapping[str, Row]
    owners: Owners
    files: Files
    on_file: Callable[[int, int], None] = lambda done, total: None

    def run(self, found: Iterable[str] | None = None) -> None:
        """Mend all but the history, the table and the seal.

        Args:
            found: the files that hold the old place, where that is known.

        Raises:
            FilesystemError: one cannot be read or replaced.
            LinkError: a binary has no room for the new place.
        """
        move = self.move
        files = self.files
        if found is None:
            both = [files.forth, files.back] if files.resumed else [files.forth]
            found = holding(move.prefix, self.rows, both)
        found = [path for path in found if path != HISTORY]
        links = {path for path in found if self.rows[path].kind == LINK}  # whatever their name says
        scripts = self._scripts()
        compiled = [path for path in found if path.endswith(".pyc") and path not in links]
        records = {f"{META}/{record.dist}.json" for record in move.records}
        records = {p for p in records & self.rows.keys() if self.rows[p].kind == FILE}
        vouching = {*compiled, *records, *scripts, *self.owners.wheel_records}
        plain = links | ({*found} - vouching)
        for number, path in enumerate(sorted(plain)):
            self._plain(path)
            self.on_file(number + 1, len(found))
        for path in sorted({*compiled, *self._compiled_of_changed()}):
            self._compiled(path)
        for path in sorted(self.owners.wheel_records - links):
            if path in found or self.owners.vouches(path, self.files.changes):
                self._wheel_record(path)
        for path in sorted(records):
            changed = self.owners.of_package(path, self.files.changes)
            if path in found or changed:
                self._record(path, changed)
        # The last of what runs: as long as one is not mended, it refuses.
        for path, (old, new) in scripts.items():
            self._script(path, old, new)

    def history(self, write: Write) -> None:
        """The history, which is locked: `write` replaces it without letting go."""
        row = self.rows.get(HISTORY)
        if row is not None and row.kind == FILE:
            self.files.text(HISTORY, write)

    def _plain(self, path: str) -> None:
        row = self.rows[path]
        if row.kind == LINK:
            self.files.link(path)
        elif row.size > _LARGE:
            self.files.large(path, self.owners.hints(path), self.owners.is_digest_shipped)
        elif self.owners.is_shipped(path, self.files.read(path)):
            self.files.left.append(Left(path, SHIPPED))
        else:
            self.files.any(path, self.owners.hints(path))

    def _compiled(self, path: str) -> None:
        source = source_of(path)
        change = self.files.changes.get(source) if source else None
        after = self.files.read(source) if change and source else b""
        before = self.files.back(source, after) if change and source else b""
        known = change is not None and Mark.of(before) == change.before

        def forth(data: bytes) -> bytes:
            mended = self.files.forth(path, data)
            return mend_header(mended, before, after) if known else mended

        def back(data: bytes) -> bytes:
            mended = self.files.back(path, data)
            return mend_header(mended, after, before) if known else mended

        self.files.replace(path, forth, back)

    def _script(self, path: str, old: bytes, new: bytes) -> None:
        """An activation script, made for the new place if it was as it is made for the old one."""
        data = self.files.read(path)
        if data in (old, new):
            self.files.replace(path, lambda _: new, lambda _: old)
        else:
            self.files.text(path)

    def _wheel_record(self, path: str) -> None:
        backwards = reversed_changes(self.files.changes)
        self.files.replace(
            path,
            lambda data: redigest_wheel(self.files.forth(path, data), path, self.files.changes),
            lambda data: redigest_wheel(self.files.back(path, data), path, backwards),
        )

    def _record(self, path: str, changed: Mapping[str, Rewritten]) -> None:
        backwards = reversed_changes(changed)
        self.files.replace(
            path,
            lambda data: redigest_record(self.files.forth(path, data), changed),
            lambda data: redigest_record(self.files.back(path, data), backwards),
        )

    def _scripts(self) -> dict[str, tuple[bytes, bytes]]:
        """The activation scripts that are there: as they are for the old place, and for the new one."""
        move = self.move
        platform = move.seal.platform
        try:
            old = activation_files(move.prefix, platform=platform, place=move.old)
            new = activation_files(move.prefix, platform=platform, place=move.new)
        except SealenvError:
            return {}
        return {
            path: (old.get(path, b""), new[path])
            for path in new
            if (row := self.rows.get(path)) is not None
            and row.kind == FILE
            and path in move.seal.activation
        }

    def _compiled_of_changed(self) -> list[str]:
        sources = {path for path in self.files.changes if path.endswith(".py")}
        # Asked first: it takes less time than `source_of`, and most files are elsewhere.
        folders = {posixpath.join(posixpath.dirname(path), "__pycache__") for path in sources}
        return [
            path
            for path, row in self.rows.items()
            if path.endswith(".pyc")
            and path.rpartition("/")[0] in folders
            and row.kind == FILE
            and source_of(path) in sources
        ]
