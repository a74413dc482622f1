"""Rewrite an environment for the path where it is now, and seal it again.

journal -> files -> RECORDs -> package records -> activation scripts -> history -> second search ->
table -> seal

If it is killed in between, the environment is `moved`: the journal names the two paths that its files
may hold, nothing runs from it, and the same command finishes it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import posixpath
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from sealenv.activation.scripts import activation_files
from sealenv.errors import SealenvError, from_oserror
from sealenv.layout import HISTORY, State, state_of
from sealenv.prefix.exclusive import replace_history
from sealenv.progress import Reporter
from sealenv.relocation.files import Files
from sealenv.relocation.find import find
from sealenv.relocation.journal import begin, commit, finish_commit, read_journal
from sealenv.relocation.owners import SHIPPED, record_path, redigest_record, redigest_wheel
from sealenv.relocation.prove import prove
from sealenv.relocation.relocation import Relocation, Searched, open_relocation
from sealenv.seals.contents import adopt_copies
from sealenv.seals.fingerprint import fingerprint, tree_lines
from sealenv.seals.seal import Fingerprints, Seal, encode
from sealenv.seals.snapshot import FILE, LINK, Row, native, row_of, source_of, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.files import final_path, replace_like


def settle(
    move: Relocation,
    reporter: Reporter,
    *,
    searched: Searched | None = None,
    locked: int | None = None,
    copied: bool = False,
    proof: bool = True,
) -> Files:
    """Rewrite an environment and seal it again; the caller holds its lock.

    Args:
        move: the environment at its new place.
        reporter: shows the progress.
        searched: the result of the search, if there was one.
        locked: the descriptor of the lock on its history, if that is the lock.
        copied: the files are copies of the sealed ones.
        proof: search again; files that were searched and not written since are not read again.

    Raises:
        FilesystemError: a file cannot be read or written. It can be called again.
        LinkError: a binary has no room for the new path.
        CheckFailedError: a file holds the old path that should not.
    """
    reporter.phase("rewrite", "rewriting the paths in files")
    again = searched is None
    searched = searched or _search_again(move)
    rows = searched.rows
    if state_of(move.prefix) is State.SEALED:
        begin(move.prefix, move.seal, move.new, move.olds)
    files = Files(move, rows)
    _rewrite_files(files, rows, searched.found, reporter)
    with contextlib.ExitStack() as held:
        if (row := rows.get(HISTORY)) and row.kind == FILE:
            write = functools.partial(_write_history, move.prefix, locked, held)
            files.replace(HISTORY, move.change.apply, write)
        try:
            table = next_table(files, rows, copied=copied)
            files.seal, encoded = next_seal(files, table)
            if proof:
                reporter.phase("proof", "checking that no file has the old path")
                clean = set() if copied or again else rows.keys() - set(searched.found)
                prove(files, {path: rows[path] for path in clean})
            commit(move.prefix, files.seal, encoded, move.olds)
        except OSError as error:
            raise from_oserror(error) from error
    return files


def _search_again(move: Relocation) -> Searched:
    """Search an environment that may be partly rewritten, and delete its temporary files."""
    rows = take_snapshot(move.prefix)
    clear_partials(move.prefix, rows, rows, move.table or {})
    return Searched(find(move.prefix, rows, move.change.old), rows)


def _rewrite_files(
    files: Files, rows: Mapping[str, Row], found: Collection[str], reporter: Reporter
) -> None:
    """Rewrite everything but the history, the table and the seal, in the order of dependence.

    Files first, then what holds their digests, and last the activation scripts: while one of those
    holds the old path, it refuses.
    """
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
    for path in sorted(_compiled_from(files.changes, rows).difference(files.deleted)):
        files.delete(path)
    _rewrite_digests(files, wheel_records, records, found)
    _rewrite_scripts(files, scripts)


def _compiled_from(changed: Iterable[str], rows: Mapping[str, Row]) -> set[str]:
    """Return the compiled files of sources that were rewritten: they are out of date."""
    sources = {path for path in changed if path.endswith(".py")}
    folders = {posixpath.join(posixpath.dirname(path), "__pycache__") for path in sources}
    return {
        path
        for path, row in rows.items()
        if path.endswith(".pyc")
        and path.rpartition("/")[0] in folders
        and row.kind == FILE
        and source_of(path) in sources
    }


def _rewrite_digests(
    files: Files, wheel_records: Iterable[str], records: Iterable[str], found: Collection[str]
) -> None:
    """Rewrite pip's RECORDs, then the package records: both hold the digests of other files."""
    apply = files.move.change.apply
    for path in sorted(wheel_records):
        if path in found or files.owners.lists_changed(path, files.changes):
            redigest = functools.partial(redigest_wheel, record=path, changed=files.changes)
            files.replace(path, lambda data, redigest=redigest: redigest(apply(data)))  # type: ignore[misc]
    for path in sorted(records):
        changed = files.owners.changed_of(path, files.changes)
        if path in found or changed:
            files.replace(path, lambda data, c=changed: redigest_record(apply(data), c))  # type: ignore[misc]


def _rewrite_scripts(files: Files, scripts: Iterable[str]) -> None:
    """Write the activation scripts for the new path; only the path in one that was edited."""
    move = files.move
    try:
        old = activation_files(move.prefix, platform=move.seal.platform, place=move.old)
        new = activation_files(move.prefix, platform=move.seal.platform, place=move.new)
    except SealenvError:
        old = new = {}
    for path in scripts:
        if path in new and files.read(path) == old.get(path):
            files.replace(path, lambda _, path=path: new[path])  # type: ignore[misc]
        elif files.read(path) != new.get(path):
            files.rewrite(path)


def _write_history(
    prefix: Path,
    locked: int | None,
    held: contextlib.ExitStack,
    data: bytes,
    status: os.stat_result,
) -> None:
    """Replace the history; if the lock is on it, hold that on the new file until `held` is closed."""
    if locked is None:
        replace_like(native(prefix, HISTORY), data, status)
        return
    fd = replace_history(prefix, locked, data, status)
    if fd != locked:
        held.callback(os.close, fd)


def next_table(
    files: Files, now: Mapping[str, Row], *, copied: bool = False
) -> dict[str, Row] | None:
    """Return the rows of the new file table; None if the environment has no table.

    A digest is replaced only if it is that of the file before: a file that was altered stays altered.
    Compiled Python that was deleted has no row: Python may write it again.

    `now` is the snapshot from before the rewriting. Copied files have other inodes and times.

    Raises:
        OSError: a file cannot be read.
    """
    move = files.move
    if move.table is None:
        return None
    sealed = {
        path: row
        for path, row in move.table.items()
        if not path.endswith(".pyc") or (path in now and path not in files.deleted)
    }
    for path, change in files.changes.items():
        then = sealed.get(path)
        if then is None or then.digest != change.before.sha256:
            continue
        then = sealed[path] = then.copy()
        status = row_of(path, os.lstat(native(move.prefix, path)))
        # A rewritten file keeps its time. If another program has written to it since, it has another
        # one, and is not sealed.
        is_file = status.kind == FILE and path in now
        then.digest, then.size, then.inode = change.after.sha256, change.after.size, status.inode
        then.mtime_ns = now[path].mtime_ns if is_file else status.mtime_ns
    if copied:
        others = {path: row.copy() for path, row in sealed.items() if path not in files.changes}
        adopt_copies(move.prefix, others, now)
        sealed |= others
    return sealed


def next_seal(files: Files, rows: Mapping[str, Row] | None) -> tuple[Seal, bytes | None]:
    """Return the new seal, and the encoded file table that it names.

    If the environment runs on this machine, it is unchecked until it has run at its new place.
    """
    move, changes = files.move, files.changes
    after = {done.before.sha256.hex(): done.after.sha256.hex() for done in changes.values()}
    patched = [
        msgspec.structs.replace(note, after=after.get(note.after, note.after))
        if note.path in changes
        else note
        for note in move.seal.patched
    ]
    pip = [
        msgspec.structs.replace(note, sha256=after.get(note.sha256, note.sha256))
        if note.record in changes
        else note
        for note in move.seal.pip
    ]
    former = [*move.seal.former]
    if any(item.why != SHIPPED for item in files.left):
        former += move.olds
    seal = msgspec.structs.replace(
        move.seal,
        prefix=move.new,
        checked=move.seal.checked and move.seal.platform != current_platform(),
        patched=patched,
        pip=pip,
        former=[place for place in dict.fromkeys(former) if place != move.new],
    )
    if rows is None:
        return seal, None
    table = encode(rows.values())
    seal.files = hashlib.sha256(table).hexdigest()
    if seal.fingerprints is not None:
        tree = fingerprint(tree_lines(rows.values(), seal.platform))
        seal.fingerprints = Fingerprints(seal.fingerprints.packages, tree)
    return seal, table


def finish_earlier(prefix: Path, reporter: Reporter, fd: int, *, dry_run: bool) -> Relocation:
    """Finish a relocation that was killed, and open the environment; `fd` is the lock on it.

    Its files may hold two paths. It is finished for the path that it was moved to, even if it was
    moved by hand since.

    Raises:
        PrefixError: it is not sealed.
        SealenvError: as for `settle`.
    """
    if not dry_run:
        finish_commit(prefix)
    here = open_relocation(prefix, str(prefix))
    journal = read_journal(prefix)
    if journal is None or journal.olds == (journal.new,):  # the latter is of `audit --fix`
        return here
    here = replace(here, olds=journal.olds)
    if journal.new == here.new:
        return here
    if dry_run:
        return here.to(here.new, journal.new)
    settle(replace(here, new=journal.new), reporter, locked=fd, copied=True)
    return open_relocation(prefix, str(prefix))


def clear_partials(
    prefix: Path, rows: dict[str, Row], replaced: Container[str], sealed: Container[str]
) -> None:
    """Delete temporary files that a killed run left beside the files that it replaced.

    Files that belong to the environment stay. Deleted ones are removed from the snapshot `rows`.
    """
    for path in list(rows):
        final = final_path(path)
        if final is not None and final in replaced and path not in sealed:
            with contextlib.suppress(OSError):
                os.unlink(native(prefix, path))
                del rows[path]
