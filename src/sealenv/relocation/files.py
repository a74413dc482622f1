"""Rewrite the files of one relocation, each at one instant, and note what was done."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sealenv.errors import FilesystemError
from sealenv.fields import InPrefix
from sealenv.gates.admission import clean_environ
from sealenv.layout import is_link
from sealenv.relocation.digests import Mark, Rewritten
from sealenv.relocation.edits import RefusedError, Rewriting
from sealenv.relocation.find import link_text
from sealenv.relocation.journal import note, read_journal
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.relocation import Relocation, does_not_fit
from sealenv.relocation.rewrite import rewrite, rewrite_link
from sealenv.seals.check_compiled import source_of
from sealenv.seals.snapshot import native
from sealenv.system.files import keep_owner, read_regular, replace_like, temporary_path

__all__ = ["Files", "Left", "Write", "sign"]

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
        owners: of its files.
        changes: what was rewritten, by path; also by a run that was killed.
        left: the files that keep the old path.
        unsigned: macOS programs that have to be signed.
        deleted: compiled Python that held the path, or whose source was rewritten.
    """

    move: Relocation
    owners: Owners
    changes: dict[str, Rewritten] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _noting: bool = False
    _twins: dict[tuple[int, int], tuple[str, Rewritten]] = field(default_factory=dict)
    """By device and inode: the first name of a file with several names, and what it became."""

    def __post_init__(self) -> None:
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
            with open(name, "rb") as file:
                rewriting = rewrite(path, file, self.move.change, self.owners.hints(path))
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
        """Replace a file by what `make` returns for its bytes; `write` overrides how.

        Raises:
            FilesystemError: the file cannot be read or replaced.
        """
        with self._explained(path):
            data = self.read(path)
            after = make(data)
            if after == data:
                return
            status = os.lstat(self._native(path))
            if write is None:
                self._put(path, status, Mark.of(data), lambda target: target.write(after))
            else:
                self._note(path, Rewritten(Mark.of(data), Mark.of(after)))
                write(after, status)

    def link(self, path: str) -> None:
        """Let a link that holds the old path hold the new one."""
        text = link_text(self.move.prefix, path)
        new = rewrite_link(text, self.move.change)
        if new != text:
            with self._explained(path):
                self._note(path, Rewritten(_link_mark(text), _link_mark(new)))
                _replace_link(os.fsdecode(self._native(path)), new)

    def delete(self, path: str) -> None:
        """Delete compiled Python if its source exists: Python compiles it again."""
        source = source_of(path)
        if source is None or not os.path.isfile(self._native(source)):
            self.left.append(
                Left(path, "it is compiled Python without its source: compile it again")
            )
            return
        with self._explained(path):
            os.unlink(self._native(path))
            self.deleted.append(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file.

        Raises:
            FilesystemError: the file cannot be read.
        """
        try:
            return read_regular(self._native(path))
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be read: {error.strerror}", where=str(self.move.prefix / path)
            ) from error

    def _put(
        self, path: str, status: os.stat_result, before: Mark, write: Callable[[BinaryIO], object]
    ) -> None:
        """Replace a file; the journal names its new digest before it is in place."""
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

        replace_like(self._native(path), noted, status)
        if status.st_nlink > 1 and status.st_ino:
            self._twins.setdefault(key, (path, self.changes[path]))

    def _link_twin(self, twin: str, path: str) -> bool:
        """Make a file another hard link to the rewritten one."""
        name = os.fsdecode(self._native(path))
        partial = temporary_path(name)
        try:
            os.link(self._native(twin), os.fsencode(partial))
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
            package = self.owners.distribution(path)
            why = error.what.replace("PACKAGE", package) if package else error.what
            self.left.append(Left(path, why))
        except OSError as error:
            full = error.errno in _FULL
            raise FilesystemError(
                "the disk is full" if full else f"a file cannot be replaced: {error.strerror}",
                where=str(self.move.prefix / path),
                hint="make room or fix the permissions, then run the same command again",
            ) from error

    def _signed(self, path: str, file: BinaryIO, rewriting: Rewriting) -> bytes:
        """Return the new bytes of a macOS program, signed if `codesign` is available."""
        after = io.BytesIO()
        file.seek(0)
        rewriting.apply_to(file, after)
        signed = sign(after.getvalue(), path.rpartition("/")[2])
        if signed is None:
            self.unsigned.append(path)
        return signed or after.getvalue()


def sign(data: bytes, name: str) -> bytes | None:
    """Sign a changed macOS program: its kernel on arm64 kills one with a wrong signature.

    conda (conda/core/portability.py) and rattler (rattler/src/install/link.rs) run the same command.

    Args:
        data: a Mach-O file.
        name: its name, which becomes part of the signature.

    Returns:
        the signed bytes; None if `codesign` is missing or failed.

    Raises:
        OSError: a temporary file cannot be written.
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


class _Hashed:
    """A file that hashes what is written to it."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._sha256, self._size = target, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Write to the file."""
        self._sha256.update(data)
        self._size += len(data)
        return self._target.write(data)

    @property
    def mark(self) -> Mark:
        """The digest and size of everything written."""
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
    """Return the digest of a link, as a snapshot has it."""
    if os.name == "nt":
        data = text.replace("\\", "/").encode("utf-8", "surrogatepass")
    else:
        data = os.fsencode(text)
    return Mark(hashlib.sha256(data).digest(), 0)
