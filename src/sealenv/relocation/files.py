"""One file after the other gets the new place, each at one instant, and what was done is noted."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from sealenv.errors import FilesystemError
from sealenv.portability.rewriting.change import Hints, Rewriting
from sealenv.portability.rewriting.metadata import Mark, Rewritten
from sealenv.relocation.changes import Hashed, Left, mark_of
from sealenv.relocation.fitting import does_not_fit
from sealenv.relocation.holding import link_text, placed
from sealenv.relocation.mender import Mender, UnmendableError
from sealenv.relocation.owners import SHIPPED
from sealenv.relocation.place import Relocation
from sealenv.relocation.signing import sign
from sealenv.seals.path import native
from sealenv.system.files import keep_owner, read_regular, replace_like
from sealenv.system.tempname import temporary_path

__all__ = ["Bytes", "Files", "Write"]

Bytes = Callable[[bytes], bytes]
Write = Callable[[bytes, os.stat_result], None]


@dataclass
class Files:
    """What writes into the files of one relocation.

    Attributes:
        move: from where to where.
        resumed: somebody may have begun: what holds the new place, and gives the bytes that were
            vouched for when it is written back, counts as mended by us.
        environ: where `codesign` is looked for.
        changes: what was done, by path.
        left: what holds the old place and keeps it.
        unsigned: programs of macOS that are to be signed there.
    """

    move: Relocation
    resumed: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    changes: dict[str, Rewritten] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    _twins: dict[tuple[int, int], tuple[str, Rewritten]] = field(default_factory=dict)
    """A file with several names stays one: the name that was written first, and what became of it."""

    @functools.cached_property
    def forth(self) -> Mender:
        """From the old place to the new one."""
        return self.move.forth

    @functools.cached_property
    def back(self) -> Mender:
        """From the new place to the old one."""
        return self.move.back

    def any(self, path: str, hints: Hints) -> None:
        """A file of any kind; a program of macOS is signed again."""
        self.replace(
            path,
            lambda data: self._signed(path, data, self.forth.look(path, data, hints)),
            lambda data: self.back(path, data, hints),
        )

    def text(self, path: str, write: Write | None = None) -> None:
        """A file of which no package says anything."""
        self.replace(
            path, lambda data: self.forth(path, data), lambda data: self.back(path, data), write
        )

    def large(self, path: str, hints: Hints, is_shipped: Callable[[str, bytes], bool]) -> None:
        """A file that is not read into memory."""
        name = native(self.move.prefix, path)
        with self._told(path), open(name, "rb") as file:
            rewriting = self.forth.look(path, file, hints)
            if rewriting.edits:
                before = mark_of(name)
                if is_shipped(path, before.sha256):
                    self.left.append(Left(path, SHIPPED))
                    return
                if rewriting.unsigned:
                    self.unsigned.append(path)
                status = os.fstat(file.fileno())
                file.seek(0)
                if (done := self._as_twin(path, status, before)) is None:
                    replace_like(name, lambda target: rewriting.apply_to(file, target), status)
                    done = self._written(path, status, Rewritten(before, mark_of(name)))
                self.changes[path] = done
            elif self.resumed:
                back = self.back.look(path, file, hints)
                file.seek(0)
                hashing = Hashed()
                back.apply_to(file, cast("BinaryIO", hashing))
                if back.edits:
                    self.changes[path] = Rewritten(hashing.mark, mark_of(name))

    def link(self, path: str) -> None:
        """A link that leads into the old place."""
        text = link_text(self.move.prefix, path)
        try:
            new = placed(path, text, self.forth, self.move.prefix)
            old = placed(path, text, self.back, self.move.prefix) if new is None else None
        except UnmendableError as error:
            self.left.append(Left(path, error.refusal.what))
            return
        if new is not None:
            _replace_link(self.move.prefix, path, new)
            self.changes[path] = Rewritten(_link_mark(text), _link_mark(new))
        elif old is not None:
            self.changes[path] = Rewritten(_link_mark(old), _link_mark(text))

    def replace(self, path: str, forth: Bytes, back: Bytes, write: Write | None = None) -> None:
        """What a function makes of a file, and another would make back of it; `write` puts it there."""
        name = native(self.move.prefix, path)
        data = self.read(path)
        with self._told(path):
            after = forth(data)
            if after != data:
                status = os.lstat(name)
                done = Rewritten(Mark.of(data), Mark.of(after))
                if write is not None:
                    write(after, status)
                elif self._as_twin(path, status, done.before, done.after) is None:
                    replace_like(name, after, status)
                    self._written(path, status, done)
                self.changes[path] = done
            elif self.resumed and (before := back(data)) != data:
                self.changes[path] = Rewritten(Mark.of(before), Mark.of(data))

    def read(self, path: str) -> bytes:
        """The bytes of a file, as they are."""
        try:
            return read_regular(native(self.move.prefix, path))
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be read: {error.strerror}", where=str(self.move.prefix / path)
            ) from error

    def _written(self, path: str, status: os.stat_result, done: Rewritten) -> Rewritten:
        """Remember a file that has further names."""
        if status.st_nlink > 1 and status.st_ino:
            self._twins.setdefault((status.st_dev, status.st_ino), (path, done))
        return done

    def _as_twin(
        self, path: str, status: os.stat_result, before: Mark, after: Mark | None = None
    ) -> Rewritten | None:
        """Make it a further name of the file that was written, if that is what it was; else nothing."""
        twin, done = self._twins.get((status.st_dev, status.st_ino), (None, None))
        if twin is None or done is None or before != done.before or after not in (None, done.after):
            return None
        name = os.fsdecode(native(self.move.prefix, path))
        partial = temporary_path(name)
        try:
            os.link(native(self.move.prefix, twin), os.fsencode(partial))
        except OSError:  # a file system without hard links
            return None
        os.replace(partial, name)
        return done

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

    def _signed(self, path: str, data: bytes, rewriting: Rewriting) -> bytes:
        after = rewriting.apply(data)
        if not rewriting.unsigned:
            return after
        signed = sign(after, path.rpartition("/")[2], self.environ)
        if signed is None:
            self.unsigned.append(path)
        return signed or after


def _replace_link(prefix: Path, path: str, text: str) -> None:
    name = os.fsdecode(native(prefix, path))
    partial = temporary_path(name)
    status = os.lstat(name)
    os.symlink(text, partial, target_is_directory=os.path.isdir(text))
    keep_owner(partial, status)
    if os.utime in os.supports_follow_symlinks:
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(partial, ns=times, follow_symlinks=False)
    os.replace(partial, name)


def _link_mark(text: str) -> Mark:
    """As `tree.look` has it."""
    if os.name == "nt":
        data = text.replace("\\", "/").encode("utf-8", "surrogatepass")
    else:
        data = os.fsencode(text)
    return Mark(hashlib.sha256(data).digest(), 0)
