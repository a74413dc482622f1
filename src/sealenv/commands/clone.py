"""Clone: a second environment like one that there is, in seconds and with little disk.

lock -> checks -> mark -> hard links and copies -> settle -> check -> commit

What nobody writes in place is a hard link, as create makes them: files that have the very bytes of
a package, by the file table and their time, and compiled files without the path. All else is copied.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from sealenv.errors import PrefixError
from sealenv.fields import AbsolutePath, Count, InPrefix, Seconds
from sealenv.install.check import CheckReport
from sealenv.naming import shown
from sealenv.prefix.exclusive import unchanged
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.prefix.removable import refuse_inner
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.changes import Left
from sealenv.relocation.contents import entries_of, refuse_no_room
from sealenv.relocation.fitting import refuse_unfit
from sealenv.relocation.halfway import half_made
from sealenv.relocation.holding import holding
from sealenv.relocation.linking import copy_or_link, rows_there, shareable, shareable_compiled
from sealenv.relocation.owners import Owners
from sealenv.relocation.place import open_relocation
from sealenv.relocation.proving import prove_running
from sealenv.relocation.resealing import seal_checked
from sealenv.relocation.seen import Seen
from sealenv.relocation.settling import settle
from sealenv.relocation.targets import choose_place, real_prefix, refuse_place, refuse_rows
from sealenv.request.arguments import StrPath, named, prefix_of
from sealenv.seals.seal import timestamp, why_moved
from sealenv.seals.tree import rows_of
from sealenv.spec.model import current_platform

__all__ = ["Cloned", "clone", "clone_prefix"]


@dataclass(frozen=True)
class Cloned:
    """What was made.

    Attributes:
        prefix: the new environment.
        of: the other one.
        linked: hard links between the two.
        copied: files that are each one's own.
        mended: of them, those that held the path.
        left: what holds the path of the other one and keeps it.
        checked: whether it was run; false for another platform.
        check: what it said.
        seconds: how long each step took.
    """

    prefix: AbsolutePath
    of: AbsolutePath
    linked: Count
    copied: Count
    mended: tuple[InPrefix, ...]
    left: tuple[Left, ...]
    checked: bool
    check: CheckReport | None
    seconds: Seconds = field(default_factory=dict)


def clone(env: StrPath, new: StrPath, *, copy: bool = False, reporter: Reporter = QUIET) -> Cloned:
    """Make a second environment like one that there is, with hard links where nobody writes in place.

    Args:
        env: a name or a path.
        new: a path, or a name in the folder of environments.
        copy: share no file with the other.
        reporter: is told each step.

    Raises:
        UsageError, PrefixExistsError: it cannot be there.
        PrefixError: the other one is not sealed, not at home, or worked on.
        CheckFailedError: it was made, and does not work: it is pending.
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
        reporter: is told each step.
        copy: no hard links.

    Raises:
        PrefixError, PrefixExistsError, UsageError, LinkError, FilesystemError: as for `move`.
        CheckFailedError: it was made, and does not work: it is pending.
    """
    reporter = reporter or QUIET
    prefix = real_prefix(prefix)
    with unchanged(prefix):
        move = open_relocation(prefix, str(place))
        moved = why_moved(move.seal, prefix)
        if moved:
            raise PrefixError(
                f"this environment is not at home there: {moved}",
                where=str(prefix),
                hint=f"mend it first: sealenv move --here {shown(str(prefix))}",
            )
        refuse_place(prefix, place, move.seal.platform)
        move.refuse_alike()
        entries = entries_of(prefix)
        refuse_inner(prefix, "cloned", "clone", [entry.relative for entry in entries])
        rows = rows_of(entries)
        refuse_rows(rows, place, move.seal.platform)
        reporter.phase("search", f"looking for {move.old}")
        owners = Owners(prefix, rows, move.records)
        shared = set() if copy else shareable(move, rows)
        own = {path: row for path, row in rows.items() if path not in shared}
        found = holding(prefix, own, [move.forth])
        refuse_unfit(move, owners, found)
        links = shared if copy else shared | shareable_compiled(move, own, found)
        refuse_no_room(place, [e for e in entries if e.relative not in links])
        hint = (
            f"{place} is pending; the next clone replaces it, or: sealenv remove "
            f"{shown(str(place))}"
        )
        held = PrefixLock.acquire(place)
        with contextlib.closing(held), half_made(str(place), hint):
            reporter.phase("clone", f"to {place}")
            linked, copied = copy_or_link(prefix, entries, place, links, reporter)
            seen = Seen(found, rows_there(place, rows, linked), owners)
            held.share()
            born = msgspec.structs.replace(move.seal, created=timestamp())
            there = replace(move, prefix=place, seal=born)
            settled = settle(there, reporter, environ, seen=seen, copied=True, proof=False)
            check = None
            if move.seal.platform == current_platform():
                reporter.phase("check", "activating it and running what is in it")
                check = prove_running(
                    there, settled.seal, settled.changes, environ,
                    token=held.token, keep_fd=held.fd,
                )  # fmt: skip
                seal_checked(place, settled.seal, check)
            held.commit()
    return Cloned(
        place, prefix, len(linked), copied, tuple(sorted(settled.changes)), tuple(settled.left),
        check is not None, check,
    )  # fmt: skip
