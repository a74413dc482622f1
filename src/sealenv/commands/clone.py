"""Clone: a second environment like an existing one, in seconds and with little disk.

lock -> checks -> mark -> hard links and copies -> rewrite -> check -> commit

Files that no tool writes into in place are hard links, as create makes them: files that have the
very bytes of a package, by the file table and their time, and compiled files without the path. All
else is copied.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from sealenv.errors import PrefixError
from sealenv.install.check import CheckReport
from sealenv.naming import shown
from sealenv.prefix.exclusive import unchanged
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.prefix.removable import refuse_inner
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.copy import copy_entries, entries_of, refuse_no_room, shareable
from sealenv.relocation.destination import choose_place, real_prefix, refuse_place, refuse_rows
from sealenv.relocation.find import find
from sealenv.relocation.fit import refuse_unfit
from sealenv.relocation.next_seal import seal_checked
from sealenv.relocation.outcome import Cloned, with_hint
from sealenv.relocation.owners import Owners
from sealenv.relocation.prove import prove_running
from sealenv.relocation.relocation import Relocation, open_relocation
from sealenv.relocation.seen import Seen
from sealenv.relocation.settle import Settled, settle
from sealenv.request.arguments import StrPath, named, prefix_of
from sealenv.seals.seal import timestamp, why_moved
from sealenv.seals.snapshot import Row, restat, snapshot_of
from sealenv.spec.model import current_platform

__all__ = ["Cloned", "clone", "clone_prefix"]


def clone(env: StrPath, new: StrPath, *, copy: bool = False, reporter: Reporter = QUIET) -> Cloned:
    """Create a second environment like an existing one, with hard links to files that are never changed.

    Args:
        env: a name or a path.
        new: a path, or a name in the folder of environments.
        copy: share no file with the other.
        reporter: is told each step.

    Raises:
        UsageError, PrefixExistsError: it cannot be there.
        PrefixError: the other one is not sealed, was moved by hand, or is in use.
        CheckFailedError: it was created, and does not work: it is pending.
    """
    place = choose_place(named(new), os.environ)
    watch = Stopwatch(reporter)
    cloned = clone_prefix(prefix_of(env), place, os.environ, watch, copy=copy)
    watch.stop()
    return replace(cloned, seconds=watch.seconds)


def clone_prefix(
    prefix: Path,
    place: Path,
    environ: Mapping[str, str],
    reporter: Reporter | None = None,
    *,
    copy: bool = False,
) -> Cloned:
    """Make an environment like another one.

    Args:
        prefix: the other one: sealed, and where it was made.
        place: where the new one is to be: nothing, an empty folder, or a pending one.
        environ: the variables of this shell.
        reporter: is shown the progress.
        copy: no hard links.

    Raises:
        PrefixError, PrefixExistsError, UsageError, LinkError, FilesystemError: as for `move`.
        CheckFailedError: it was made, and does not work: it is pending.
    """
    reporter = reporter or QUIET
    prefix = real_prefix(prefix)
    with unchanged(prefix):
        move = open_relocation(prefix, str(place))
        _refuse_moved(move)
        refuse_place(prefix, place, move.seal.platform)
        entries = entries_of(prefix)
        refuse_inner(prefix, "cloned", "clone", [entry.relative for entry in entries])
        rows = snapshot_of(entries)
        refuse_rows(rows, place, move.seal.platform)
        reporter.phase("search", f"looking for {move.old}")
        owners = Owners(prefix, rows, move.records)
        packaged = set() if copy else shareable(move, rows)
        own = {path: row for path, row in rows.items() if path not in packaged}
        found = find(prefix, own, move.change)
        refuse_unfit(move, owners, found)
        links = packaged if copy else packaged | shareable(move, own, found)
        refuse_no_room(place, [e for e in entries if e.relative not in links])
        hint = (
            f"{place} is pending; the next clone replaces it, or: sealenv remove "
            f"{shown(str(place))}"
        )
        held = PrefixLock.acquire(place)
        with contextlib.closing(held), with_hint(place, hint):
            reporter.phase("clone", f"to {place}")
            linked, copied = copy_entries(prefix, entries, place, reporter, links)
            seen = Seen(found, _rows_there(place, rows, linked), owners)
            held.share()
            seal = msgspec.structs.replace(move.seal, created=timestamp())
            there = replace(move, prefix=place, seal=seal)
            settled = settle(there, reporter, environ, seen=seen, copied=True, proof=False)
            check = _checked(there, settled, environ, held, reporter)
            held.commit()
    return Cloned(
        place, prefix, len(linked), copied, tuple(sorted(settled.changes)), settled.deleted,
        settled.left, check is not None, check,
    )  # fmt: skip


def _refuse_moved(move: Relocation) -> None:
    moved = why_moved(move.seal, move.prefix)
    if moved:
        raise PrefixError(
            f"this environment is not where its seal says: {moved}",
            where=str(move.prefix),
            hint=f"fix that first: sealenv move --here {shown(str(move.prefix))}",
        )


def _rows_there(target: Path, rows: Mapping[str, Row], linked: set[str]) -> dict[str, Row]:
    """The paths of the clone; those of linked files are the same as in the source."""
    there = {}
    for path, row in rows.items():
        if path not in linked:
            row = row.copy()
            restat(target, row)
        there[path] = row
    return there


def _checked(
    there: Relocation,
    settled: Settled,
    environ: Mapping[str, str],
    held: PrefixLock,
    reporter: Reporter,
) -> CheckReport | None:
    """Run it, if it can run here."""
    if there.seal.platform != current_platform():
        return None
    reporter.phase("check", "activating it and running what is in it")
    check = prove_running(
        there, settled.seal, settled.changes, environ, token=held.token, keep_fd=held.fd
    )
    seal_checked(there.prefix, settled.seal, check)
    return check
