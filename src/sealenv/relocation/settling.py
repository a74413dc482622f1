"""The second half of a move: an environment that lies somewhere learns that it is at home there.

journal -> files -> compiled files -> RECORDs -> package records -> activation scripts -> history ->
proof -> table -> seal

Killed anywhere in between it is `moved`: the journal tells which two places files may hold, nothing runs
from it, and the same again finishes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import from_oserror
from sealenv.layout import HISTORY, PKGS, State, is_link, state_of
from sealenv.portability.rewriting.metadata import Rewritten
from sealenv.prefix.exclusive import replace_history
from sealenv.progress import Reporter
from sealenv.relocation.changes import Left
from sealenv.relocation.files import Files
from sealenv.relocation.holding import link_text, placed
from sealenv.relocation.journal import begin, commit
from sealenv.relocation.leftovers import clear_partials, places_left
from sealenv.relocation.mending import Mending
from sealenv.relocation.owners import Owners
from sealenv.relocation.place import Relocation
from sealenv.relocation.proof import Proof
from sealenv.relocation.resealing import carried_over, next_seal
from sealenv.relocation.seen import Seen, look_at
from sealenv.seals.path import native
from sealenv.seals.seal import Seal
from sealenv.store.view import link_pkgs
from sealenv.system.files import replace_like
from sealenv.system.readers import Readers

__all__ = ["Settled", "settle"]


@dataclass(frozen=True)
class Settled:
    """What was done.

    Attributes:
        seal: the new one.
        changes: the files that were mended, by path.
        left: what holds the old place and keeps it.
        unsigned: programs of macOS that are to be signed there.
    """

    seal: Seal
    changes: dict[str, Rewritten]
    left: list[Left]
    unsigned: list[str]


def settle(
    move: Relocation,
    reporter: Reporter,
    environ: Mapping[str, str],
    *,
    seen: Seen | None = None,
    locked: int | None = None,
    resumed: bool = False,
    copied: bool = False,
    digests: Mapping[str, bytes] | None = None,
    proof: bool = True,
) -> Settled:
    """Let the environment be at home in a place, most often where it lies; the caller holds its lock.

    Args:
        move: the environment at its new place.
        reporter: is told each step.
        environ: the variables of this shell.
        seen: what lies there and holds the old place, where that is known.
        locked: the descriptor of the lock on its history, if that is what the caller holds.
        resumed: somebody may have begun this.
        copied: the files are not those that were sealed, but copies.
        digests: of the files as they were copied, as far as they are known.
        proof: search once more; what was searched and not written since is not read again.

    Raises:
        FilesystemError: a file cannot be read or written: what was done stays; it can be called again.
        LinkError: a binary has no room for the new place.
        CheckFailedError: a file holds the old place that should not.
    """
    reporter.phase("mend", f"writing {move.new} into files that hold {move.old}")
    rows = seen.rows if seen else look_at(move.prefix)
    searched = seen.without() if seen and not copied else {}
    if resumed:
        clear_partials(move.prefix, rows, rows, move.sealed)
    if state_of(move.prefix) is State.SEALED:
        begin(move.prefix, move.seal, move.new, move.old)
    owners = seen.owners if seen else Owners(move.prefix, rows, move.records)
    files = Files(move, resumed, environ)
    mending = Mending(
        move, rows, owners, files, lambda done, of: reporter.advance(done, of, "files")
    )
    mending.run(seen.found if seen else None)
    with _history(move.prefix, locked) as write, contextlib.ExitStack() as stack:
        mending.history(write)
        _mend_pkgs(move)
        left, begun = files.left, None
        if proof:
            reporter.phase("proof", f"looking for {move.old} again")
            readers = (seen and seen.readers) or stack.enter_context(Readers())
            begun = Proof(move, searched, readers, seen.comparison if seen else None)
        try:
            table = carried_over(move, files.changes, rows, copied=copied, digests=digests)
            seal, encoded = next_seal(move, files.changes, table)
            seal.former = places_left(move, files.left)
            if begun:
                left = [*left, *begun.finish(left)]
            commit(move.prefix, seal, encoded, move.old)
        except OSError as error:
            raise from_oserror(error) from error
    return Settled(seal, files.changes, left, files.unsigned)


@contextlib.contextmanager
def _history(prefix: Path, locked: int | None) -> Iterator[Callable[[bytes, os.stat_result], None]]:
    """A function that replaces the history; who held its lock holds that of the new one too."""
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


def _mend_pkgs(move: Relocation) -> None:
    """`pkgs`, where that is a link that led inside."""
    if not is_link(move.prefix / PKGS):
        return
    target = placed(PKGS, link_text(move.prefix, PKGS), move.forth, move.prefix)
    if target is None:
        return
    link = move.prefix / PKGS
    if os.name == "nt":
        link.rmdir()
    else:
        link.unlink()
    link_pkgs(move.prefix, Path(target))
