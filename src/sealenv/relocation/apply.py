"""Rewrite an environment for the path where it is now, and seal it again.

journal -> files -> RECORDs -> package records -> activation scripts -> history -> second search ->
table -> seal

If it is killed in between, the environment is `moved`: the journal names the two paths that its files
may hold, nothing runs from it, and the same command finishes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sealenv.activation.scripts import activation_files
from sealenv.errors import from_oserror
from sealenv.fields import InPrefix
from sealenv.gates.admission import clean_environ
from sealenv.layout import HISTORY, State, is_link, state_of
from sealenv.prefix.exclusive import replace_history
from sealenv.progress import Reporter
from sealenv.relocation.find import find, link_text, mapped
from sealenv.relocation.journal import (
    Mark,
    Rewritten,
    begin,
    clear_partials,
    commit,
    finish_commit,
    note,
    read_journal,
)
from sealenv.relocation.owners import (
    NO_SOURCE,
    SHIPPED,
    Owners,
    record_path,
    redigest_record,
    redigest_wheel,
)
from sealenv.relocation.plan import Relocation, does_not_fit, open_relocation
from sealenv.relocation.prove import next_seal, next_table, prove
from sealenv.relocation.rewrite import RefusedError, rewrite
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import FILE, LINK, Row, native, source_of, take_snapshot
from sealenv.system.files import keep_owner, read_regular, replace_like, temporary_path


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
        try:
            with mapped(self._native(path)) as data:
                before = Mark.of(data)
                if self.owners.is_shipped(path, before.sha256):
                    self.left.append(Left(path, SHIPPED))
                    return
                rewriting = rewrite(path, data, self.move.change, self.owners.of(path))
                after = rewriting.apply(data)
        except RefusedError as error:
            if error.over:
                raise does_not_fit(self.move, {path: error.over}) from error
            package = self.owners.distribution(path) or "PACKAGE"
            self.left.append(Left(path, error.what.replace("PACKAGE", package)))
            return
        if rewriting.delete:
            self.delete(path)
        elif rewriting.edits:
            signed = rewriting.unsigned and sign(after, path.rpartition("/")[2])
            if rewriting.unsigned and not signed:
                self.unsigned.append(path)
            self._put(path, before, signed or after)

    def replace(self, path: str, before: bytes, after: bytes) -> None:
        """Replace the bytes of a file by others."""
        if after != before:
            self._put(path, Mark.of(before), after)

    def link(self, path: str) -> None:
        """Let a link that holds the old path hold the new one."""
        text = link_text(self.move.prefix, path)
        new = os.fsdecode(self.move.change.apply(os.fsencode(text)))
        if new != text:
            self.note(path, Rewritten(Mark.of_link(text), Mark.of_link(new)))
            _replace_link(os.fsdecode(self._native(path)), new)

    def delete(self, path: str) -> None:
        """Delete compiled Python if its source exists: Python compiles it again."""
        source = source_of(path)
        if source is None or not os.path.isfile(self._native(source)):
            self.left.append(Left(path, NO_SOURCE))
            return
        os.unlink(self._native(path))
        self.deleted.append(path)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return read_regular(self._native(path))

    def _put(self, path: str, before: Mark, after: bytes) -> None:
        """Replace a file; the journal names its new digest before it is in place."""
        self.note(path, Rewritten(before, Mark.of(after)))
        name = self._native(path)
        replace_like(name, after, os.lstat(name))

    def note(self, path: str, done: Rewritten) -> None:
        """Note a file that is about to be replaced."""
        if self._noting:
            note(self.move.prefix, path, done)
        self.changes[path] = done

    def _mark(self, path: str) -> Mark | None:
        try:
            if is_link(self.move.prefix / path):
                return Mark.of_link(link_text(self.move.prefix, path))
            with mapped(self._native(path)) as data:
                return Mark.of(data)
        except OSError:
            return None

    def _native(self, path: str) -> str | bytes:
        return native(self.move.prefix, path)


def relocate(
    move: Relocation,
    rows: dict[str, Row],
    found: Collection[str],
    reporter: Reporter,
    *,
    locked: int | None = None,
    copied: bool = False,
) -> Files:
    """Rewrite an environment and seal it again; the caller holds its lock.

    Args:
        move: the environment at its new place.
        rows: its snapshot.
        found: the files and links that hold the old path.
        reporter: shows the progress.
        locked: the descriptor of the lock on its history, if that is the lock.
        copied: the files are copies of the sealed ones.

    Raises:
        FilesystemError: a file cannot be read or written. It can be called again.
        LinkError: a binary has no room for the new path.
        CheckFailedError: a file holds the old path that should not.
    """
    reporter.phase("rewrite", "rewriting the paths in files")
    with contextlib.ExitStack() as held:
        try:
            if state_of(move.prefix) is State.SEALED:
                begin(move.prefix, move.seal, move.new, move.olds)
            files = Files(move, rows)
            _rewrite_files(files, found, reporter)
            _rewrite_history(files, locked, held)
            table = next_table(move, files.changes, files.deleted, rows, copied=copied)
            partly = any(item.why != SHIPPED for item in files.left)
            files.seal, encoded = next_seal(move, files.changes, table, partly=partly)
            reporter.phase("proof", "checking that no file has the old path")
            clean = {path: rows[path] for path in rows.keys() - set(found)}
            prove(move, clean, {item.path for item in files.left})
            commit(move.prefix, files.seal, encoded, move.olds)
        except OSError as error:
            raise from_oserror(error) from error
    return files


def finish_earlier(prefix: Path, reporter: Reporter, fd: int, *, dry_run: bool) -> Relocation:
    """Finish a relocation that was killed, and open the environment; `fd` is the lock on it.

    Its files may hold two paths. It is finished for the path that it was moved to, even if it was
    moved by hand since.

    Raises:
        PrefixError: it is not sealed.
        SealenvError: as for `relocate`.
    """
    if not dry_run:
        finish_commit(prefix)
    here = open_relocation(prefix, str(prefix))
    journal = read_journal(prefix)
    if journal is None or journal.is_of_fix:
        return here
    here = replace(here, olds=journal.olds)
    if dry_run:
        return here if journal.new == here.new else here.to(here.new, journal.new)
    rows = take_snapshot(prefix)
    clear_partials(prefix, rows, rows, here.table or {})
    if journal.new == here.new:
        return here
    there = replace(here, new=journal.new)
    found = find(prefix, rows, there.change.old)
    relocate(there, rows, found, reporter, locked=fd, copied=True)
    return open_relocation(prefix, str(prefix))


def _rewrite_files(files: Files, found: Collection[str], reporter: Reporter) -> None:
    """Rewrite everything but the history, the table and the seal, in the order of dependence.

    Files first, then what holds their digests, and last the activation scripts: while one of those
    holds the old path, it refuses.
    """
    rows = files.rows
    links = {path for path in found if rows[path].kind == LINK}
    wheel_records = files.owners.distributions.keys() - links
    records = {record_path(record) for record in files.move.records}
    records = {path for path in records & rows.keys() if rows[path].kind == FILE}
    scripts = [p for p in files.move.seal.activation if p in rows and rows[p].kind == FILE]
    last = {HISTORY, *records, *scripts, *wheel_records}
    for number, path in enumerate(sorted(links | ({*found} - last))):
        if path in links:
            files.link(path)
        else:
            files.rewrite(path)
        reporter.advance(number + 1, len(found), "files")
    sources = {path for path in files.changes if path.endswith(".py")}
    compiled = [path for path in rows if path.endswith(".pyc") and source_of(path) in sources]
    for path in sorted(set(compiled).difference(files.deleted)):
        files.delete(path)
    _rewrite_digests(files, wheel_records, records, found)
    _rewrite_scripts(files, scripts)


def _rewrite_digests(
    files: Files, wheel_records: Iterable[str], records: Iterable[str], found: Collection[str]
) -> None:
    """Rewrite pip's RECORDs, then the package records: both hold the digests of other files."""
    apply = files.move.change.apply
    for path in sorted(wheel_records):
        if path in found or files.owners.lists_changed(path, files.changes):
            data = files.read(path)
            files.replace(path, data, redigest_wheel(apply(data), path, files.changes))
    for path in sorted(records):
        changed = files.owners.changed_of(path, files.changes)
        if path in found or changed:
            data = files.read(path)
            files.replace(path, data, redigest_record(apply(data), changed))


def _rewrite_scripts(files: Files, scripts: Iterable[str]) -> None:
    """Write the activation scripts for the new path; only the path in one that was edited."""
    move = files.move
    old, new = (
        activation_files(move.prefix, platform=move.seal.platform, place=place)
        for place in (move.old, move.new)
    )
    for path in scripts:
        data = files.read(path)
        if path in new and data == old.get(path):
            files.replace(path, data, new[path])
        elif data != new.get(path):
            files.rewrite(path)


def _rewrite_history(files: Files, locked: int | None, held: contextlib.ExitStack) -> None:
    """Replace the history; if the lock is on it, hold that on the new file until `held` is closed."""
    row = files.rows.get(HISTORY)
    if not row or row.kind != FILE:
        return
    data = files.read(HISTORY)
    after = files.move.change.apply(data)
    if locked is None or after == data:
        files.replace(HISTORY, data, after)
        return
    files.note(HISTORY, Rewritten(Mark.of(data), Mark.of(after)))
    status = os.lstat(native(files.move.prefix, HISTORY))
    fd = replace_history(files.move.prefix, locked, after, status)
    if fd != locked:
        held.callback(os.close, fd)


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


def _replace_link(name: str, text: str) -> None:
    partial = temporary_path(name)
    status = os.lstat(name)
    os.symlink(text, partial, target_is_directory=os.path.isdir(text))
    keep_owner(partial, status)
    if os.utime in os.supports_follow_symlinks:
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(partial, ns=times, follow_symlinks=False)
    os.replace(partial, name)
