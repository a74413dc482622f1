"""Every file that holds the old place gets the new one, each at one instant.

What was mended is not mended again: a relocation that was killed is done once more from the beginning,
and finds by itself what is left. A file that holds the new place already, and gives the bytes that were
vouched for when it is written back, counts as mended by us.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.activation.scripts import activation_files
from sealenv.errors import FilesystemError, LinkError, SealenvError
from sealenv.host.files import read_regular, replace_like
from sealenv.layout import HISTORY, META
from sealenv.relocation.changes import Change, Left, Mark, reversed_changes
from sealenv.relocation.compiled import mend_header
from sealenv.relocation.holding import holding, link_text, placed
from sealenv.relocation.mender import DoesNotFitError
from sealenv.relocation.metadata import mend_record, mend_wheel_record
from sealenv.relocation.owners import Owners
from sealenv.relocation.place import Relocation
from sealenv.relocation.signing import sign
from sealenv.seal.compiled import source_of
from sealenv.seal.tree import FILE, LINK, Row, native

__all__ = ["Mending", "refuse_unfit"]

Bytes = Callable[[bytes], bytes]


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
        for path, (old, new) in scripts.items():
            self._script(path, old, new)
        for path in sorted(self.owners.wheel_records):
            if path in found or self.owners.vouches(path, self.changes):
                self._wheel_record(path)
        for path in sorted(records & self.rows.keys()):
            changed = self.owners.of_package(path, self.changes)
            if path in found or changed:
                self._record(path, changed)

    def history(self, write: Callable[[bytes, os.stat_result], None]) -> None:
        """The history, which is locked: `write` replaces it without letting go."""
        row = self.rows.get(HISTORY)
        if row is not None and row.kind == FILE:
            self._rewrite(HISTORY, self._text(HISTORY), self._text(HISTORY, back=True), write)

    def _plain(self, path: str) -> None:
        row = self.rows[path]
        if row.kind == LINK:
            self._link(path)
            return
        room = self.owners.room(path)
        if self.owners.is_shipped(path, self._read(path)):
            self.left.append(Left(path, "its package ships it with these bytes"))
            return
        self._rewrite(
            path,
            lambda data: self._signed(path, self._forth(path, data, room), data),
            lambda data: self._back(path, data, None),
        )

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
        before = self._back(source, after, None) if change and source else b""
        known = change is not None and Mark.of(before) == change.before

        def forth(data: bytes) -> bytes:
            mended = self._forth(path, data, None)
            return mend_header(mended, before, after) if known else mended

        def back(data: bytes) -> bytes:
            mended = self._back(path, data, None)
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
            lambda data: mend_wheel_record(self._forth(path, data, None), path, self.changes),
            lambda data: mend_wheel_record(self._back(path, data, None), path, backwards),
        )

    def _record(self, path: str, changed: Mapping[str, Change]) -> None:
        backwards = reversed_changes(changed)
        self._rewrite(
            path,
            lambda data: mend_record(self._forth(path, data, None), changed),
            lambda data: mend_record(self._back(path, data, None), backwards),
        )

    def _rewrite(
        self,
        path: str,
        forth: Bytes,
        back: Bytes,
        write: Callable[[bytes, os.stat_result], None] | None = None,
    ) -> None:
        name = native(self.move.prefix, path)
        data = self._read(path)
        try:
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
        except DoesNotFitError as error:
            raise does_not_fit(self.move, {path: error.room}) from error
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be replaced: {error.strerror}",
                where=os.fsdecode(name),
                hint="make room or mend the permissions; the environment is where it is",
            ) from error

    def _text(self, path: str, *, back: bool = False) -> Bytes:
        mender = self._back if back else self._forth
        return lambda data: mender(path, data, None)

    def _read(self, path: str) -> bytes:
        try:
            return read_regular(native(self.move.prefix, path))
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be read: {error.strerror}", where=str(self.move.prefix / path)
            ) from error

    def _signed(self, path: str, after: bytes, before: bytes) -> bytes:
        if after == before or not self.move.seal.platform.startswith("osx-"):
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


def refuse_unfit(move: Relocation, owners: Owners, found: Iterable[str]) -> None:
    """Refuse a move before it is begun, if a file cannot be mended.

    Args:
        move: from where to where; the environment lies where it was.
        owners: of its files.
        found: what holds the place.

    Raises:
        LinkError: binaries have no room for the new place.
        FilesystemError: a folder cannot be written, or there is no room on the disk.
    """
    import shutil

    forth = move.forth
    unfit: dict[str, int] = {}
    size = 16 << 20
    folders = set()
    for path in found:
        name = native(move.prefix, path)
        folders.add(os.path.dirname(os.fsdecode(name)))
        if os.path.islink(name):
            continue
        data = read_regular(name)
        size += len(data)
        try:
            forth(path, data, owners.room(path))
        except DoesNotFitError as error:
            if not owners.is_shipped(path, data):
                unfit[path] = error.room
    if unfit:
        raise does_not_fit(move, unfit)
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK):
            raise FilesystemError(
                "a folder of the environment cannot be written, and files in it hold its path",
                where=folder,
                hint="mend its permissions, or run this as its owner",
            )
    free = shutil.disk_usage(move.prefix).free
    if free < size:
        raise FilesystemError(
            f"the disk is full: {size >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(move.prefix),
            hint="make room, then run the same command again",
        )


def does_not_fit(move: Relocation, unfit: Mapping[str, int]) -> LinkError:
    """What is said of binaries without room for the new place."""
    longest = min(unfit.values())
    return LinkError(
        f"the new path is {len(os.fsencode(move.new))} bytes long; there is room for {longest} in "
        "binaries of the environment",
        where=move.new,
        details=[f"{path}: {room}" for path, room in sorted(unfit.items())][:20],
        hint="choose a shorter folder",
    )


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
