"""Rewrite the files of one relocation, each at one instant, and note what was done."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sealenv.errors import FilesystemError
from sealenv.fields import InPrefix
from sealenv.gates.admission import clean_environ
from sealenv.layout import is_link
from sealenv.relocation.find import link_text, mapped
from sealenv.relocation.journal import Mark, Rewritten, note, read_journal
from sealenv.relocation.owners import NO_SOURCE, SHIPPED, Owners
from sealenv.relocation.relocation import Relocation, does_not_fit
from sealenv.relocation.rewrite import RefusedError, Rewriting, rewrite
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import Row, native, source_of
from sealenv.system.files import keep_owner, read_regular, replace_like, temporary_path

Write = Callable[[bytes, os.stat_result], None]
_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


@dataclass(frozen=True)
class Left:
    """A file that keeps the old path, and why."""

    path: InPrefix
    why: str


@dataclass
class Files:
    """The files of a relocation.

    Attributes:
        move: the relocation.
        rows: the snapshot from before it.
        seal: its seal; the new one as soon as it was written.
        owners: of its files.
        changes: what was rewritten, by path; also by a run that was killed.
        left: the files that keep the old path.
        unsigned: macOS programs that have to be signed.
        deleted: compiled Python that held the path, or whose source was rewritten.
    """

    move: Relocation
    rows: Mapping[str, Row]
    seal: Seal = field(init=False)
    owners: Owners = field(init=False)
    changes: dict[str, Rewritten] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _noting: bool = False
    _twins: dict[tuple[int, int], str] = field(default_factory=dict)
    """By device and inode: the first name of a rewritten file with several names."""

    def __post_init__(self) -> None:
        self.seal = self.move.seal
        self.owners = Owners(self.move.prefix, self.rows, self.move.records)
        journal = read_journal(self.move.prefix)
        if journal is not None:
            self._noting = True
            noted = journal.noted.items()
            self.changes |= {path: done for path, done in noted if self._mark(path) == done.after}

    def rewrite(self, path: str) -> None:
        """Write the new path into a file of any kind and size; delete compiled Python.

        Raises:
            LinkError: a binary has no room for the new path.
            FilesystemError: the file cannot be read or replaced.
        """
        name = self._native(path)
        with self._explained(path):
            with mapped(name) as data:
                rewriting = rewrite(path, data, self.move.change, self.owners.of(path))
                if not rewriting.needed:
                    return
                signed = rewriting.unsigned and sign(rewriting.apply(data), path.rpartition("/")[2])
            before = Mark.of_file(name)
            if self.owners.is_shipped(path, before.sha256):
                self.left.append(Left(path, SHIPPED))
            elif rewriting.delete:
                self.delete(path)
            else:
                if rewriting.unsigned and not signed:
                    self.unsigned.append(path)
                self._put(path, before, [signed] if signed else _pieces(name, rewriting))

    def replace(
        self, path: str, make: Callable[[bytes], bytes], write: Write | None = None
    ) -> None:
        """Replace a file by what `make` returns for its bytes; `write` overrides how.

        Raises:
            FilesystemError: the file cannot be read or replaced.
        """
        with self._explained(path):
            data = read_regular(self._native(path))
            after = make(data)
            if after == data:
                return
            if write is None:
                self._put(path, Mark.of(data), [after])
            else:
                self._note(path, Rewritten(Mark.of(data), Mark.of(after)))
                write(after, os.lstat(self._native(path)))

    def link(self, path: str) -> None:
        """Let a link that holds the old path hold the new one."""
        text = link_text(self.move.prefix, path)
        new = os.fsdecode(self.move.change.apply(os.fsencode(text)))
        if new != text:
            with self._explained(path):
                self._note(path, Rewritten(Mark.of_link(text), Mark.of_link(new)))
                _replace_link(os.fsdecode(self._native(path)), new)

    def delete(self, path: str) -> None:
        """Delete compiled Python if its source exists: Python compiles it again."""
        source = source_of(path)
        if source is None or not os.path.isfile(self._native(source)):
            self.left.append(Left(path, NO_SOURCE))
            return
        with self._explained(path):
            os.unlink(self._native(path))
            self.deleted.append(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            FilesystemError: the file cannot be read.
        """
        with self._explained(path):
            return read_regular(self._native(path))

    def _put(self, path: str, before: Mark, pieces: Iterable[bytes]) -> None:
        """Replace a file; the journal names its new digest before it is in place."""
        name = self._native(path)
        status = os.lstat(name)
        key = (status.st_dev, status.st_ino)
        twin = self._twins.get(key)
        if twin is not None and self.changes[twin].before == before:
            self._note(path, self.changes[twin])
            if _link_again(self._native(twin), name):
                return

        def write(target: BinaryIO) -> None:
            digest = hashlib.sha256()
            for piece in pieces:
                digest.update(piece)
                target.write(piece)
            self._note(path, Rewritten(before, Mark(digest.digest(), target.tell())))

        replace_like(name, write, status)
        if status.st_nlink > 1 and status.st_ino:
            self._twins.setdefault(key, path)

    def _note(self, path: str, done: Rewritten) -> None:
        if self._noting:
            note(self.move.prefix, path, done)
        self.changes[path] = done

    def _mark(self, path: str) -> Mark | None:
        try:
            if is_link(self.move.prefix / path):
                return Mark.of_link(link_text(self.move.prefix, path))
            return Mark.of_file(self._native(path))
        except OSError:
            return None

    def _native(self, path: str) -> str | bytes:
        return native(self.move.prefix, path)

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        """Turn an error with a file into a message, or into an entry of `left`."""
        try:
            yield
        except RefusedError as error:
            if error.over:
                raise does_not_fit(self.move, {path: error.over}) from error
            package = self.owners.distribution(path) or "PACKAGE"
            self.left.append(Left(path, error.what.replace("PACKAGE", package)))
        except OSError as error:
            full = error.errno in _FULL
            raise FilesystemError(
                "the disk is full" if full else f"a file cannot be replaced: {error.strerror}",
                where=str(self.move.prefix / path),
                hint="make room or fix the permissions, then run the same command again",
            ) from error


def sign(data: bytes, name: str) -> bytes | None:
    """Return a changed macOS program with a new signature; None if `codesign` is missing or failed.

    Its kernel on arm64 kills one with a wrong signature. The signature contains the name. conda
    (conda/core/portability.py) and rattler (rattler/src/install/link.rs) run the same command.
    """
    program = shutil.which("codesign")
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="sealenv-") as folder:
        file = Path(folder, name)
        file.write_bytes(data)
        done = subprocess.run(
            [program, "--force", "--sign", "-", os.fspath(file)],
            env=clean_environ(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return file.read_bytes() if done.returncode == 0 else None


def _pieces(name: str | bytes, rewriting: Rewriting) -> Iterator[bytes]:
    """Yield the new bytes of a file. It is closed at the end: Windows replaces no open file."""
    with mapped(name) as data:
        yield from rewriting.pieces(data)


def _link_again(name: str | bytes, other: str | bytes) -> bool:
    """Replace a file by another hard link to the first one; return whether that worked."""
    plain = os.fsdecode(other)
    partial = temporary_path(plain)
    try:
        os.link(name, os.fsencode(partial))
    except OSError:  # a file system without hard links
        return False
    os.replace(partial, plain)
    return True


def _replace_link(name: str, text: str) -> None:
    partial = temporary_path(name)
    status = os.lstat(name)
    os.symlink(text, partial, target_is_directory=os.path.isdir(text))
    keep_owner(partial, status)
    if os.utime in os.supports_follow_symlinks:
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(partial, ns=times, follow_symlinks=False)
    os.replace(partial, name)
