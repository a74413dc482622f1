"""Rewrite one file after the other, each at one instant, and note what was done."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from sealenv.errors import FilesystemError
from sealenv.layout import is_link
from sealenv.portability.digests import Mark, Rewritten
from sealenv.portability.edits import Change, RefusedError, Rewriting
from sealenv.portability.links import placed
from sealenv.portability.rewrite import rewrite
from sealenv.relocation.find import link_text
from sealenv.relocation.fit import does_not_fit
from sealenv.relocation.journal import note, read_journal
from sealenv.relocation.outcome import Left
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.relocation import Relocation
from sealenv.relocation.signing import sign
from sealenv.seals.check_compiled import source_of
from sealenv.seals.snapshot import native
from sealenv.system.files import keep_owner, read_regular, replace_like
from sealenv.system.temporary import temporary_path

__all__ = ["Files", "Write"]

Write = Callable[[bytes, os.stat_result], None]
_NO_SOURCE = "it is compiled Python without its source: compile it again"


@dataclass
class Files:
    """Writes into the files of one relocation.

    Attributes:
        move: from where to where.
        owners: of its files.
        environ: where `codesign` is looked for.
        changes: what was done, by path; also by a run that was killed.
        left: what holds the old path and keeps it.
        unsigned: programs of macOS that are to be signed there.
        deleted: compiled Python that held the path, or whose source was rewritten.
    """

    move: Relocation
    owners: Owners
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    changes: dict[str, Rewritten] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _noting: bool = False
    _twins: dict[tuple[int, int], tuple[str, Rewritten]] = field(default_factory=dict)
    """A file with several names stays one: the name that was written first, and what became of it."""

    def __post_init__(self) -> None:
        journal = read_journal(self.move.prefix)
        if journal is not None:
            self._noting = True
            noted = journal.noted.items()
            self.changes |= {path: done for path, done in noted if self._mark(path) == done.after}

    @functools.cached_property
    def change(self) -> Change:
        """From the old path to the new one."""
        return self.move.change

    def rewrite(self, path: str) -> None:
        """Put the new path into a file of any kind and size; delete compiled Python.

        Raises:
            LinkError: a binary has no room for the new path.
            FilesystemError: it cannot be read or replaced.
        """
        name = native(self.move.prefix, path)
        with self._explained(path):
            with open(name, "rb") as file:
                rewriting = rewrite(path, file, self.change, self.owners.hints(path))
                if not rewriting.needed:
                    return
                status = os.fstat(file.fileno())
                signed = self._signed(path, file, rewriting) if rewriting.unsigned else None
            before = Mark.of_file(name)
            if self.owners.is_shipped(path, before.sha256):
                self.left.append(Left(path, SHIPPED))
                return
            if rewriting.delete:
                self.delete(path)
                return

            def write(target: BinaryIO) -> None:
                if signed is not None:
                    target.write(signed)
                    return
                with open(name, "rb") as source:  # Windows replaces no file that is open
                    rewriting.apply_to(source, target)

            self._put(path, status, before, write)

    def replace(
        self, path: str, make: Callable[[bytes], bytes], write: Write | None = None
    ) -> None:
        """Replace a file by what a function makes of its bytes; `write` puts them there.

        Raises:
            FilesystemError: it cannot be read or replaced.
        """
        with self._explained(path):
            data = self.read(path)
            after = make(data)
            if after == data:
                return
            status = os.lstat(native(self.move.prefix, path))
            if write is None:
                self._put(path, status, Mark.of(data), lambda target: target.write(after))
            else:
                self._note(path, Rewritten(Mark.of(data), Mark.of(after)))
                write(after, status)

    def link(self, path: str) -> None:
        """Let a link that leads into the old path lead into the new one."""
        text = link_text(self.move.prefix, path)
        new = placed(path, text, self.change)
        if new is not None:
            with self._explained(path):
                self._note(path, Rewritten(_link_mark(text), _link_mark(new)))
                _replace_link(os.fsdecode(native(self.move.prefix, path)), new)

    def delete(self, path: str) -> None:
        """Delete compiled Python whose source is there: Python writes it again when it is imported."""
        source = source_of(path)
        if source is None or not os.path.isfile(native(self.move.prefix, source)):
            self.left.append(Left(path, _NO_SOURCE))
            return
        with self._explained(path):
            os.unlink(native(self.move.prefix, path))
            self.deleted.append(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            FilesystemError: it cannot be read.
        """
        try:
            return read_regular(native(self.move.prefix, path))
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be read: {error.strerror}", where=str(self.move.prefix / path)
            ) from error

    def _put(
        self,
        path: str,
        status: os.stat_result,
        before: Mark,
        write: Callable[[BinaryIO], object],
    ) -> None:
        """Replace a file; what it is to become is noted before it is in place."""
        key = (status.st_dev, status.st_ino)
        twin, done = self._twins.get(key, (None, None))
        if twin is not None and done is not None and before == done.before:
            self._note(path, done)
            if self._link_twin(twin, path):
                return

        def noted(target: BinaryIO) -> None:
            hashed = _Hashed(target)
            write(hashed)  # type: ignore[arg-type]
            self._note(path, Rewritten(before, hashed.mark))

        replace_like(native(self.move.prefix, path), noted, status)
        if status.st_nlink > 1 and status.st_ino:
            self._twins.setdefault(key, (path, self.changes[path]))

    def _link_twin(self, twin: str, path: str) -> bool:
        """Make a file another hard link to the rewritten one."""
        name = os.fsdecode(native(self.move.prefix, path))
        partial = temporary_path(name)
        try:
            os.link(native(self.move.prefix, twin), os.fsencode(partial))
        except OSError:  # a file system without hard links
            return False
        os.replace(partial, name)
        return True

    def _note(self, path: str, done: Rewritten) -> None:
        if self._noting:
            note(self.move.prefix, path, done)
        self.changes[path] = done

    def _mark(self, path: str) -> Mark | None:
        try:
            if is_link(self.move.prefix / path):
                return _link_mark(link_text(self.move.prefix, path))
            return Mark.of_file(native(self.move.prefix, path))
        except OSError:
            return None

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        """Say in words what goes wrong with a file."""
        try:
            yield
        except RefusedError as error:
            if error.over:
                raise does_not_fit(self.move, {path: error.over}) from error
            package = self.owners.distribution(path)
            why = error.what.replace("PACKAGE", package) if package else error.what
            self.left.append(Left(path, why))
        except OSError as error:
            raise FilesystemError(
                "the disk is full"
                if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
                else f"a file cannot be replaced: {error.strerror}",
                where=str(self.move.prefix / path),
                hint="make room or fix the permissions, then run the same command again",
            ) from error

    def _signed(self, path: str, file: BinaryIO, rewriting: Rewriting) -> bytes:
        """The new bytes of a program of macOS, signed if that can be done here."""
        after = io.BytesIO()
        file.seek(0)
        rewriting.apply_to(file, after)
        signed = sign(after.getvalue(), path.rpartition("/")[2], self.environ)
        if signed is None:
            self.unsigned.append(path)
        return signed or after.getvalue()


class _Hashed:
    """Passes on what is written, and hashes it."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._sha256, self._size = target, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Write to the target."""
        self._sha256.update(data)
        self._size += len(data)
        return self._target.write(data)

    @property
    def mark(self) -> Mark:
        """Of all that was written."""
        return Mark(self._sha256.digest(), self._size)


def _replace_link(name: str, text: str) -> None:
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
