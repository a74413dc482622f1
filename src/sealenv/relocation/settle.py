"""Rewrite an environment for the path at which it lies now, and seal it again.

journal -> files -> RECORDs -> package records -> activation scripts -> history -> second search ->
table -> seal

Killed anywhere in between, it is `moved`: the journal names the two paths that files may hold,
nothing runs from it, and the same command finishes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sealenv.errors import PrefixError, from_oserror
from sealenv.layout import HISTORY, PKGS, State, is_link, state_of
from sealenv.naming import shown
from sealenv.portability.digests import Rewritten
from sealenv.portability.links import placed
from sealenv.prefix.exclusive import replace_history
from sealenv.progress import Reporter
from sealenv.relocation.apply import rewrite_files, rewrite_history
from sealenv.relocation.files import Files
from sealenv.relocation.find import find, link_text
from sealenv.relocation.journal import begin, commit, finish_commit, read_journal
from sealenv.relocation.next_seal import carried_over, next_seal
from sealenv.relocation.outcome import Left, MoveOptions
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.prove import prove
from sealenv.relocation.relocation import Relocation, open_relocation
from sealenv.relocation.seen import Seen
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import Row, native, take_snapshot
from sealenv.store.view import link_pkgs
from sealenv.system.files import replace_like
from sealenv.system.temporary import final_path

__all__ = ["Settled", "clear_partials", "finish_earlier", "settle"]


@dataclass(frozen=True)
class Settled:
    """What was done.

    Attributes:
        seal: the new one.
        changes: the files that were rewritten, by path.
        deleted: compiled Python that held the old path.
        left: what holds the old path and keeps it.
        unsigned: programs of macOS that are to be signed there.
    """

    seal: Seal
    changes: Mapping[str, Rewritten]
    deleted: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    unsigned: tuple[str, ...] = ()


def settle(
    move: Relocation,
    reporter: Reporter,
    environ: Mapping[str, str],
    *,
    seen: Seen | None = None,
    locked: int | None = None,
    copied: bool = False,
    digests: Mapping[str, bytes] | None = None,
    proof: bool = True,
) -> Settled:
    """Rewrite an environment and seal it again; the caller holds its lock.

    Args:
        move: the environment at its new place.
        reporter: is shown the progress.
        environ: the variables of this shell.
        seen: its paths and those that hold the old path, if that is known.
        locked: the descriptor of the lock on its history, if that is what the caller holds.
        copied: the files are not those that were sealed, but copies.
        digests: of the files as they were copied, as far as they are known.
        proof: search once more; what was searched and not written since is not read again.

    Raises:
        FilesystemError: a file cannot be read or written: what was done stays; it can be called again.
        LinkError: a binary has no room for the new path.
        CheckFailedError: a file holds the old path that should not.
    """
    reporter.phase("mend", f"writing {move.new} into files that hold {move.old}")
    rows = seen.rows if seen else take_snapshot(move.prefix)
    if seen is None:
        clear_partials(move.prefix, rows, rows, move.sealed)
    if state_of(move.prefix) is State.SEALED:
        begin(move.prefix, move.seal, move.new, move.old)
    owners = seen.owners if seen else Owners(move.prefix, rows, move.records)
    files = Files(move, owners, environ)
    found = seen.found if seen else find(move.prefix, rows, move.change)
    rewrite_files(files, rows, found, lambda done, of: reporter.advance(done, of, "files"))
    with _history(move.prefix, locked) as write:
        rewrite_history(files, rows, write)
        _rewrite_pkgs(move)
        try:
            table = carried_over(
                move, files.changes, rows, deleted=files.deleted, copied=copied, digests=digests
            )
            seal, encoded = next_seal(move, files.changes, table)
            seal.former = _places_left(move, files.left)
            left = [*files.left]
            if proof:
                reporter.phase("proof", f"looking for {move.old} again")
                left += prove(move, seen.without() if seen and not copied else {}, left)
            commit(move.prefix, seal, encoded, move.old)
        except OSError as error:
            raise from_oserror(error) from error
    return Settled(seal, files.changes, tuple(files.deleted), tuple(left), tuple(files.unsigned))


def finish_earlier(prefix: Path, options: MoveOptions, reporter: Reporter, fd: int) -> Relocation:
    """Finish a relocation that was killed, and open the environment.

    Its files may hold two paths. It is finished for the path that it went to, wherever the
    environment was taken since.

    Args:
        prefix: where it lies; the caller holds its lock.
        options: how.
        reporter: is shown the progress.
        fd: the descriptor of the lock.

    Raises:
        PrefixError: it is not sealed; or nothing is to be changed, and what will be found is unknown.
        SealenvError: as for `settle`.
    """
    if not options.dry_run:
        finish_commit(prefix)
    here = open_relocation(prefix, str(prefix))
    journal = read_journal(prefix)
    if journal is None or journal.old == journal.new:  # the latter is of `audit --fix`
        return here
    here = replace(here, old=journal.old)
    if journal.new == here.new:
        return here
    if options.dry_run:
        raise PrefixError(
            "a move of this environment was ended half way, and then it was taken elsewhere",
            where=str(prefix),
            details=[f"from {journal.old}", f"to {journal.new}"],
            hint=f"finish it first: sealenv move --here {shown(str(prefix))}",
        )
    there = replace(here, new=journal.new)
    settle(there, reporter, options.environ, locked=fd, copied=True)
    return open_relocation(prefix, str(prefix))


def clear_partials(
    prefix: Path, rows: dict[str, Row], replaced: Container[str], sealed: Container[str]
) -> None:
    """Delete what a kill left of a file that was going to be replaced; only beside that file.

    Args:
        prefix: the environment, which the caller has locked.
        rows: every path of it; those that are deleted are taken out.
        replaced: files that may have been about to be replaced.
        sealed: files that belong there.
    """
    for path in list(rows):
        final = final_path(path)
        if final is not None and final in replaced and path not in sealed:
            with contextlib.suppress(OSError):
                os.unlink(native(prefix, path))
                del rows[path]


def _places_left(move: Relocation, left: Iterable[Left]) -> list[str]:
    """The paths that files of the environment still hold, for its next seal."""
    places = [*move.seal.former]
    if any(item.why != SHIPPED for item in left):
        places.append(move.old)
    return [place for place in dict.fromkeys(places) if place != move.new]


@contextlib.contextmanager
def _history(prefix: Path, locked: int | None) -> Iterator[Callable[[bytes, os.stat_result], None]]:
    """A function that replaces the history and keeps the lock: it locks the new one too."""
    held: list[int] = []

    def write(data: bytes, status: os.stat_result) -> None:
        if locked is None:
            replace_like(native(prefix, HISTORY), data, status)
        else:
            held.append(replace_history(prefix, locked, data, status))

    try:
        yield write
    finally:
        for fd in held:
            if fd != locked:
                os.close(fd)


def _rewrite_pkgs(move: Relocation) -> None:
    """`pkgs`, where that is a link that led inside."""
    if not is_link(move.prefix / PKGS):
        return
    target = placed(PKGS, link_text(move.prefix, PKGS), move.change)
    if target is None:
        return
    link = move.prefix / PKGS
    if os.name == "nt":
        link.rmdir()
    else:
        link.unlink()
    link_pkgs(move.prefix, Path(target))
