"""Every file that holds the old place gets the new one, each at one instant.

What was mended is not mended again: a relocation that was killed is done once more from the beginning,
and finds by itself what is left. A file that holds the new place already, and gives the bytes that were
vouched for when it is written back, counts as mended by us.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from sealenv.activation.scripts import activation_files
from sealenv.errors import FilesystemError, SealenvError
from sealenv.host.files import read_regular, replace_like
from sealenv.layout import HISTORY, META
from sealenv.portability.rewriting.change import Rewriting
from sealenv.relocation.changes import Change, Hashed, Left, Mark, mark_of, reversed_changes
from sealenv.relocation.compiled import mend_header
from sealenv.relocation.fitting import does_not_fit
from sealenv.relocation.holding import holding, link_text, placed
from sealenv.relocation.mender import UnmendableError
from sealenv.relocation.metadata import mend_record, mend_wheel_record
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.place import Relocation
from sealenv.relocation.signing import sign
from sealenv.seal.compiled import source_of
from sealenv.seal.tree import FILE, LINK, Row, native

__all__ = ["Mending"]

Bytes = Callable[[bytes], bytes]
Write = Callable[[bytes, os.stat_result], None]
_LARGE = 32 << 20


@dataclass
class Mending:
    """The files of one relocation, in the order in which they vouch for each other.

    Attributes:
        move: from where to where.
        rows: what lies in the prefix.
        resumed: somebody may have begun: what holds the new place is looked at too.
        changes: what was done, by path.
        left: what holds the old place and keeps it.
    """

    move: Relocation
    rows: Mapping[str, Row]
    owners: Owners
    resumed: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    on_file: Callable[[int, int], None] = lambda done, total: None
    changes: dict[str, Change] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    def run(self, found: Iterable[str] | None = None) -> None:
        """Mend all but the history, the table and the seal.

        Args:
            found: the files that hold the old place, where that is known.

        Raises:
            FilesystemError: one cannot be read or replaced.
            LinkError: a binary has no room for the new place.
        """
        move = self.move
        self._forth, self._back = move.forth, move.back
        if found is None:
            both = [self._forth, self._back] if self.resumed else [self._forth]
            found = holding(move.prefix, self.rows, both)
        found = [path for path in found if path != HISTORY]
        scripts = self._scripts()
        compiled = [path for path in found if path.endswith(".pyc")]
        records = {f"{META}/{record.dist}.json" for record in move.records}
        plain = {*found} - {*compiled} - records - scripts.keys() - self.owners.wheel_records
        for number, path in enumerate(sorted(plain)):
            self._plain(path)
            self.on_file(number + 1, len(found))
        for path in sorted({*compiled, *self._compiled_of_changed()}):
            self._compiled(path)
        for path in sorted(self.owners.wheel_records):
            if path in found or self.owners.vouches(path, self.changes):
                self._wheel_record(path)
        for path in sorted(records & self.rows.keys()):
            changed = self.owners.of_package(path, self.changes)
            if path in found or changed:
                self._record(path, changed)
        # The last of what runs: as long as one is not mended, it refuses.
        for path, (old, new) in scripts.items():
            self._script(path, old, new)

    def history(self, write: Write) -> None:
        """The history, which is locked: `write` replaces it without letting go."""
        row = self.rows.get(HISTORY)
        if row is not None and row.kind == FILE:
            self._rewrite(HISTORY, self._text(HISTORY), self._text(HISTORY, back=True), write)

    def _plain(self, path: str) -> None:
        row = self.rows[path]
        if row.kind == LINK:
            self._link(path)
        elif row.size > _LARGE:
            self._large(path)
        elif self.owners.is_shipped(path, self._read(path)):
            self.left.append(Left(path, SHIPPED))
        else:
            hints = self.owners.hints(path)
            self._rewrite(
                path,
                lambda data: self._signed(path, data, self._forth.look(path, data, hints)),
                lambda data: self._back(path, data, hints),
            )

    def _large(self, path: str) -> None:
        """A file that is not read into memory."""
        name, hints = native(self.move.prefix, path), self.owners.hints(path)
        with self._told(path), open(name, "rb") as file:
            rewriting = self._forth.look(path, file, hints)
            if rewriting.edits:
                before = mark_of(name)
                if self.owners.is_digest_shipped(path, before.sha256):
                    self.left.append(Left(path, SHIPPED))
                    return
                if rewriting.unsigned:
                    self.unsigned.append(path)
                status = os.fstat(file.fileno())
                file.seek(0)
                replace_like(name, lambda target: rewriting.apply_to(file, target), status)
                self.changes[path] = Change(before, mark_of(name))
            elif self.resumed:
                back = self._back.look(path, file, hints)
                file.seek(0)
                hashing = Hashed()
                back.apply_to(file, cast("BinaryIO", hashing))
                if back.edits:
                    self.changes[path] = Change(hashing.mark, mark_of(name))

    def _link(self, path: str) -> None:
        text = link_text(self.move.prefix, path)
        new = placed(text, self._forth)
        old = placed(text, self._back) if new is None else None
        if new is not None:
            _replace_link(self.move.prefix, path, new)
            self.changes[path] = Change(_link_mark(text), _link_mark(new))
        elif old is not None:
            self.changes[path] = Change(_link_mark(old), _link_mark(text))

    def _compiled(self, path: str) -> None:
        source = source_of(path)
        change = self.changes.get(source) if source else None
        after = self._read(source) if change and source else b""
        before = self._back(source, after) if change and source else b""
        known = change is not None and Mark.of(before) == change.before

        def forth(data: bytes) -> bytes:
            mended = self._forth(path, data)
            return mend_header(mended, before, after) if known else mended

        def back(data: bytes) -> bytes:
            mended = self._back(path, data)
            return mend_header(mended, after, before) if known else mended

        self._rewrite(path, forth, back)

    def _script(self, path: str, old: bytes, new: bytes) -> None:
        """An activation script, made for the new place if it was as it is made for the old one."""
        data = self._read(path)
        if data in (old, new):
            self._rewrite(path, lambda _: new, lambda _: old)
        else:
            self._rewrite(path, self._text(path), self._text(path, back=True))

    def _wheel_record(self, path: str) -> None:
        backwards = reversed_changes(self.changes)
        self._rewrite(
            path,
            lambda data: mend_wheel_record(self._forth(path, data), path, self.changes),
            lambda data: mend_wheel_record(self._back(path, data), path, backwards),
        )

    def _record(self, path: str, changed: Mapping[str, Change]) -> None:
        backwards = reversed_changes(changed)
        self._rewrite(
            path,
            lambda data: mend_record(self._forth(path, data), changed),
            lambda data: mend_record(self._back(path, data), backwards),
        )

    def _rewrite(self, path: str, forth: Bytes, back: Bytes, write: Write | None = None) -> None:
        name = native(self.move.prefix, path)
        data = self._read(path)
        with self._told(path):
            after = forth(data)
            if after != data:
                status = os.lstat(name)
                if write is None:
                    replace_like(name, after, status)
                else:
                    write(after, status)
                self.changes[path] = Change(Mark.of(data), Mark.of(after))
            elif self.resumed and (before := back(data)) != data:
                self.changes[path] = Change(Mark.of(before), Mark.of(data))

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        """What can go wrong with a file, in words."""
        try:
            yield
        except UnmendableError as error:
            if error.over:
                raise does_not_fit(self.move, {path: error.over}) from error
            self.left.append(Left(path, error.refusal.what))
        except OSError as error:
            raise FilesystemError(
                "the disk is full"
                if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
                else f"a file cannot be replaced: {error.strerror}",
                where=str(self.move.prefix / path),
                hint="make room or mend the permissions, then run the same command again",
            ) from error

    def _text(self, path: str, *, back: bool = False) -> Bytes:
        mender = self._back if back else self._forth
        return lambda data: mender(path, data)

    def _read(self, path: str) -> bytes:
        try:
            return read_regular(native(self.move.prefix, path))
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be read: {error.strerror}", where=str(self.move.prefix / path)
            ) from error

    def _signed(self, path: str, data: bytes, rewriting: Rewriting) -> bytes:
        after = rewriting.apply(data)
        if not rewriting.unsigned:
            return after
        signed = sign(after, path.rpartition("/")[2], self.environ)
        if signed is None:
            self.unsigned.append(path)
        return signed or after

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
        if not any(path.endswith(".py") for path in self.changes):
            return []
        return [
            path
            for path, row in self.rows.items()
            if path.endswith(".pyc") and row.kind == FILE and source_of(path) in self.changes
        ]


def _replace_link(prefix: Path, path: str, text: str) -> None:
    name = os.fsdecode(native(prefix, path))
    partial = os.path.join(
        os.path.dirname(name), f".{os.path.basename(name)}.{os.urandom(8).hex()}"
    )
    os.symlink(text, partial, target_is_directory=os.path.isdir(text))
    os.replace(partial, name)


def _link_mark(text: str) -> Mark:
    """As `tree.look` has it."""
    if os.name == "nt":
        data = text.replace("\\", "/").encode("utf-8", "surrogatepass")
    else:
        data = os.fsencode(text)
    return Mark(hashlib.sha256(data).digest(), 0)
