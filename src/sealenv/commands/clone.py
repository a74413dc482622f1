"""Clone an environment in seconds and with little disk space.

lock -> check -> mark -> hard links and copies -> rewrite -> run -> commit

Files that no tool writes in place are hard links, as `create` makes them: files with the bytes of their
package, and compiled Python without the path. Everything else is copied.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from sealenv.errors import PrefixError
from sealenv.fields import AbsolutePath, Count, InPrefix, Seconds
from sealenv.install.check import CheckReport
from sealenv.naming import shown
from sealenv.prefix.exclusive import unchanged
from sealenv.prefix.pending import PrefixLock
from sealenv.prefix.removal import refuse_inner
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.apply import Left, relocate
from sealenv.relocation.copy import copy_entries, entries_of, refuse_no_room, shareable
from sealenv.relocation.destination import choose_place, real_prefix, refuse_place
from sealenv.relocation.plan import Relocation, open_relocation, search, with_hint
from sealenv.relocation.prove import prove_running
from sealenv.request import StrPath, named, prefix_of
from sealenv.seals.seal import timestamp, why_moved
from sealenv.seals.snapshot import take_snapshot


@dataclass(frozen=True)
class Cloned:
    """What `clone` made.

    Attributes:
        prefix: the new environment.
        of: the original.
        linked: how many files are hard links between the two.
        copied: how many files were copied.
        rewritten: the copied files that held the path.
        deleted: compiled Python with the path, which the new one does not have.
        left: the files that keep the path of the original.
        checked: whether it was run; false for another platform.
        check: the result of that run.
        seconds: how long each step took.
    """

    prefix: AbsolutePath
    of: AbsolutePath
    linked: Count
    copied: Count
    rewritten: tuple[InPrefix, ...]
    deleted: tuple[InPrefix, ...]
    left: tuple[Left, ...]
    checked: bool
    check: CheckReport | None
    seconds: Seconds = field(default_factory=dict)


def clone(env: StrPath, new: StrPath, *, copy: bool = False, reporter: Reporter = QUIET) -> Cloned:
    """Create a second environment like an existing one, with hard links to files that are never changed.

    Args:
        env: a name or a path.
        new: a path, or a name in the folder of environments.
        copy: share no file with the original.
        reporter: shows each step.

    Raises:
        UsageError, PrefixExistsError: it cannot be there.
        PrefixError: the original is not sealed, was moved by hand, or is in use.
        LinkError: its binaries have no room for the new path.
        FilesystemError: something cannot be read or written.
        CheckFailedError: the clone was created, and does not work: it is pending.
    """
    place = choose_place(named(new))
    watch = Stopwatch(reporter)
    prefix = real_prefix(prefix_of(env))
    with unchanged(prefix):
        move = open_relocation(prefix, str(place))
        _refuse_moved(move)
        refuse_place(prefix, place, move.seal.platform)
        cloned = _clone(move, place, watch, copy=copy)
    watch.stop()
    return replace(cloned, seconds=watch.seconds)


def _clone(move: Relocation, place: Path, reporter: Reporter, *, copy: bool) -> Cloned:
    prefix = move.prefix
    entries = entries_of(prefix)
    refuse_inner(prefix, "clone", [entry.relative for entry in entries])
    rows = take_snapshot(prefix)
    candidates = set() if copy else shareable(move, rows)
    # No path was written into a file with the bytes of its package.
    clean = {path for path in candidates if not path.endswith(".pyc")}
    found = search(move, rows, reporter, clean)
    links = candidates.difference(found)
    refuse_no_room(place, [e for e in entries if e.relative not in links])
    hint = f"{place} is pending; the next clone replaces it, or: sealenv remove {shown(str(place))}"
    held = PrefixLock.acquire(place)
    with contextlib.closing(held), with_hint(place, hint):
        reporter.phase("clone", f"to {place}")
        linked, copied = copy_entries(prefix, entries, place, reporter, links)
        held.share()
        seal = msgspec.structs.replace(move.seal, created=timestamp())
        there = replace(move, prefix=place, seal=seal)
        files = relocate(there, take_snapshot(place), found, reporter, copied=True)
        check = prove_running(there, files.seal, reporter, held)
        held.commit()
    return Cloned(
        place, prefix, len(linked), copied, tuple(sorted(files.changes)), tuple(files.deleted),
        tuple(files.left), check is not None, check,
    )  # fmt: skip


def _refuse_moved(move: Relocation) -> None:
    moved = why_moved(move.seal, move.prefix)
    if moved:
        raise PrefixError(
            f"this environment is not where its seal says: {moved}",
            where=str(move.prefix),
            hint=f"fix that first: sealenv move --here {shown(str(move.prefix))}",
        )
