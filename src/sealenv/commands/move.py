"""Move an environment, any number of times.

On one file system: lock -> checks -> search -> one rename -> settle -> run. A journal says what is
going on, and a move that was killed is finished by the same command, or by `--here`. To another file
system: lock -> checks -> copy into a pending prefix -> settle -> run -> commit -> the old one is
removed. At every instant one of the two is whole, and says so.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from sealenv.errors import CheckFailedError, NotFoundError, PrefixPendingError, UsageError
from sealenv.layout import State, state_of
from sealenv.locations import resolve_env
from sealenv.naming import check_prefix, shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.lookup import find
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.prefix.removable import refuse_frozen, refuse_in_use
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.ahead import forget
from sealenv.relocation.contents import entries_of, refuse_no_room
from sealenv.relocation.copying import copy_prefix
from sealenv.relocation.departing import Departure, depart
from sealenv.relocation.earlier import Begun, begun
from sealenv.relocation.halfway import cut_short, half_made, was_cut_short
from sealenv.relocation.holding import Holding
from sealenv.relocation.opening import mend_given, opened
from sealenv.relocation.outcome import Moved, MoveOptions
from sealenv.relocation.place import Relocation, open_relocation
from sealenv.relocation.proving import prove_running
from sealenv.relocation.renaming import rename_prefix
from sealenv.relocation.resealing import seal_checked
from sealenv.relocation.seen import Seen, look_at, look_for, look_inside, search_begun
from sealenv.relocation.settling import Settled, settle
from sealenv.relocation.targets import choose_place, real_prefix, refuse_place, refuse_staying
from sealenv.request.arguments import StrPath, named, prefix_of
from sealenv.seals.comparison import Comparison
from sealenv.seals.row import Row
from sealenv.seals.seal import timestamp
from sealenv.spec.model import current_platform
from sealenv.system.volumes import local_place

__all__ = ["MoveOptions", "Moved", "move", "move_here", "move_prefix"]

_ORPHANS = 10.0
"""Seconds. The programs that a killed move had asked for their version take less."""


def move(
    env: StrPath,
    dest: StrPath | None = None,
    *,
    here: bool = False,
    copy: bool = False,
    force: bool = False,
    override_frozen: bool = False,
    dry_run: bool = False,
    reporter: Reporter = QUIET,
) -> Moved:
    """Move an environment, or with `here` mend one that was moved or copied by hand.

    Args:
        env: a name or a path.
        dest: a path, or a name in the folder of environments.
        here: it lies where it is to be; there is no `dest` then.
        copy: copy, check, then remove, also on one file system.
        force: even if programs run from it.
        override_frozen: a frozen environment too (CEP 22).
        dry_run: search and check; change nothing.
        reporter: is told each step.

    Raises:
        UsageError, PrefixExistsError: it cannot go there.
        PrefixError: it cannot be moved now.
        LinkError: its binaries have no room for the new path.
        FilesystemError: the file system refuses; the message says where the environment is.
        CheckFailedError: it is there, and does not work.
    """
    options = MoveOptions(copy, force, override_frozen, dry_run, os.environ)
    if here == (dest is not None):
        raise UsageError(
            "--here takes ENV alone" if here else "where to?",
            hint="sealenv move ENV DEST, or sealenv move --here ENV",
        )
    if here and copy:
        raise UsageError("--here copies nothing", hint="leave out --copy")
    watch = Stopwatch(reporter)
    if dest is None:
        moved = move_here(prefix_of(env), options, watch)
    else:
        place = choose_place(named(dest), options.environ)
        moved = move_prefix(_find_or_gone(named(env)), place, options, watch)
    watch.stop()
    return replace(moved, dry_run=dry_run, seconds=watch.seconds)


def _find_or_gone(env: str) -> Path:
    """The environment; or where it would be: a move that was ended may have taken it away."""
    try:
        return find(env)
    except NotFoundError:
        found, looked = resolve_env(env)
        if found is not None and state_of(Path(found)) is not State.EMPTY:
            raise
        return local_place(found or looked[0])


def move_prefix(
    prefix: Path,
    place: Path,
    options: MoveOptions | None = None,
    reporter: Reporter | None = None,
) -> Moved:
    """Move an environment.

    Args:
        prefix: where it is; where it was, to finish a move that was killed.
        place: where it is to be: nothing, or an empty folder.
        options: how.
        reporter: is told each step.

    Raises:
        NotFoundError: there is none.
        PrefixError: it cannot be moved now: pending, in use, frozen, not sealed, it holds others.
        PrefixExistsError, UsageError: it cannot go there.
        LinkError: its binaries have no room for the new path.
        FilesystemError: the file system refuses; the message says where the environment is.
        CheckFailedError: it is there, and does not work.
    """
    options, reporter = options or MoveOptions(), reporter or QUIET
    done = begun(prefix, place)
    if done is Begun.RENAMED:
        return move_here(place, options, reporter)
    if done is Begun.COPIED:
        if not options.dry_run:
            departure = Departure.resume(real_prefix(prefix), place)
            _remove_old(departure, reporter, contextlib.ExitStack())
        return Moved(place, str(prefix), "copied")
    given, prefix = Path(os.path.abspath(prefix)), real_prefix(prefix)
    _refuse(prefix, options)
    with contextlib.ExitStack() as stack:
        fd = stack.enter_context(exclusive(prefix))
        here = opened(prefix, options, reporter, fd)
        refuse_place(prefix, place, here.seal.platform)
        away = replace(here, new=str(place))
        search: Holding | None = None
        comparison: Comparison | None = None
        presumed: Mapping[str, Row] = {}
        if here.old == here.new and given == prefix:
            away.refuse_alike()
            search, comparison = search_begun(away)
            stack.enter_context(search)
            # Each file is read now, and asked for its size and time by the proof: which reads again what
            # is not as it was sealed.
            presumed = away.sealed
        forget()
        rows = look_inside(prefix, presumed, comparison)
        here = _told_of_original(here, reporter)
        if here.old != here.new and not options.dry_run:
            # Moved or copied by hand before, or killed: its files may hold two places.
            settle(here, reporter, options.environ, locked=fd, resumed=True, copied=True)
            here, rows = open_relocation(prefix, str(prefix)), look_inside(prefix)
        if given != prefix and mend_given(here, str(given), rows, options, reporter, fd):
            here, rows = open_relocation(prefix, str(prefix)), look_inside(prefix)
        away = replace(here, new=str(place))
        away.refuse_alike()
        seen = replace(look_for(away, rows, reporter, search), comparison=comparison)
        if options.dry_run:
            return Moved(place, away.old, "renamed", tuple(seen.found))
        if not options.copy and state_of(place) is not State.PENDING:
            renamed = _rename(away, place, seen, fd, stack, options, reporter)
            if renamed is not None:
                return renamed
        refuse_staying(prefix)
        departure = Departure.begin(prefix, place)
        moved = _copy(away, place, seen, options, reporter)
        _remove_old(departure, reporter, stack)
        return moved


def move_here(
    prefix: Path, options: MoveOptions | None = None, reporter: Reporter | None = None
) -> Moved:
    """Let an environment be at home where it lies: moved or copied by hand, or a killed move.

    Args:
        prefix: where it lies.
        options: how.
        reporter: is told each step.

    Raises:
        PrefixError, UsageError, LinkError, FilesystemError, CheckFailedError: as for `move`.
    """
    options, reporter = options or MoveOptions(), reporter or QUIET
    prefix = real_prefix(prefix)
    _refuse(prefix, options, patience=_ORPHANS if was_cut_short(prefix) else 0.0)
    with exclusive(prefix) as fd:
        here = opened(prefix, options, reporter, fd)
        check_prefix(prefix, here.seal.platform)
        if here.old == here.new:
            unproved = not here.seal.checked and here.seal.platform == current_platform()
            if options.dry_run or not unproved:
                return Moved(prefix, here.old, "unchanged", checked=here.seal.checked)
            return _proved(here, Settled(here.seal, {}, [], []), "unchanged", options, reporter)
        here.refuse_alike()
        rows = look_inside(prefix)
        original = here.is_copy
        here = _told_of_original(here, reporter)
        found = look_for(here, rows, reporter).found
        if options.dry_run:
            return Moved(prefix, here.old, "mended", tuple(found), original=original)
        hint = f"it is half mended; run again: sealenv move --here {shown(str(prefix))}"
        with cut_short(str(prefix), hint):
            settled = settle(here, reporter, options.environ, locked=fd, resumed=True, copied=True)
        return _proved(here, settled, "mended", options, reporter, original=original)


def _told_of_original(here: Relocation, reporter: Reporter) -> Relocation:
    """A copy that somebody made by hand becomes an environment of its own, made now."""
    if here.old == here.new or not here.is_copy:
        return here
    reporter.warn(
        f"{here.old} is still there: this is a copy of it, and becomes an environment of its own"
    )
    return replace(here, seal=msgspec.structs.replace(here.seal, created=timestamp()))


def _refuse(prefix: Path, options: MoveOptions, *, patience: float = 0.0) -> None:
    if state_of(prefix) is State.PENDING:
        raise PrefixPendingError(
            "this environment was never finished",
            where=str(prefix),
            hint=f"create it again, or: sealenv remove {shown(str(prefix))}",
        )
    refuse_in_use(prefix, options.environ, do="move", force=options.force, patience=patience)
    refuse_frozen(prefix, do="move", override=options.override_frozen)


def _rename(
    away: Relocation,
    place: Path,
    seen: Seen,
    fd: int,
    stack: contextlib.ExitStack,
    options: MoveOptions,
    reporter: Reporter,
) -> Moved | None:
    """One rename, and what follows it; None where it would be another file system."""
    reporter.phase("rename", f"to {place}")
    if os.name == "nt":
        stack.close()  # no folder is renamed there while a file in it is open
    renamed = rename_prefix(away.prefix, place)
    if os.name == "nt":
        fd = stack.enter_context(exclusive(place if renamed else away.prefix))
    if not renamed:
        return None
    there = replace(away, prefix=place)
    hint = (
        f"it is at {place} now, and half mended; mend what is said above, then run: "
        f"sealenv move --here {shown(str(place))}"
    )
    with half_made(str(place), hint):
        try:
            settled = settle(there, reporter, options.environ, seen=seen, locked=fd)
        except CheckFailedError:
            # Most likely somebody wrote it while it was searched: once more, as `--here` does.
            settled = settle(there, reporter, options.environ, locked=fd, resumed=True, copied=True)
    hint = f"it is at {place} now, and was not run yet: sealenv move --here {shown(str(place))}"
    with cut_short(str(place), hint):
        return _proved(there, settled, "renamed", options, reporter)


def _copy(
    away: Relocation, place: Path, seen: Seen, options: MoveOptions, reporter: Reporter
) -> Moved:
    """Copied, read back, mended, run, and only then committed."""
    entries = entries_of(away.prefix)
    refuse_no_room(place, entries)
    reporter.phase("copy", f"to {place}")
    hint = (
        f"nothing is lost: {away.prefix} is as it was, and {place} is pending; the next move "
        f"replaces it, or: sealenv remove {shown(str(place))}"
    )
    held = PrefixLock.acquire(place)
    with contextlib.closing(held), half_made(str(place), hint):
        digests = copy_prefix(away.prefix, place, entries, reporter)
        held.share()
        there, seen = replace(away, prefix=place), replace(seen, rows=look_at(place))
        settled = settle(there, reporter, options.environ, seen=seen, copied=True, digests=digests)
        moved = _proved(there, settled, "copied", options, reporter, held=held)
        held.commit()
    return moved


def _proved(
    there: Relocation,
    settled: Settled,
    how: str,
    options: MoveOptions,
    reporter: Reporter,
    *,
    original: bool = False,
    held: PrefixLock | None = None,
) -> Moved:
    """It is at home; where it can run it has to, and only then its seal says that it did."""
    check = None
    if settled.seal.platform != current_platform():
        reporter.note(f"{settled.seal.platform} does not run here: the environment is unchecked")
    else:
        reporter.phase("check", "activating it and running what is in it")
        check = prove_running(
            there, settled.seal, settled.changes, options.environ,
            token=held.token if held else "", keep_fd=held.fd if held else None,
        )  # fmt: skip
        seal_checked(there.prefix, settled.seal, check)
    return Moved(
        there.prefix, there.old, how, tuple(sorted(settled.changes)), tuple(settled.left),
        tuple(settled.unsigned), check is not None, check, original,
    )  # fmt: skip


def _remove_old(departure: Departure, reporter: Reporter, stack: contextlib.ExitStack) -> None:
    reporter.phase("remove", f"removing {departure.prefix}")
    hint = (
        f"the environment is at {departure.place} now; the old one is not gone: "
        f"run the same command again, or: sealenv remove {shown(str(departure.prefix))}"
    )
    with cut_short(str(departure.prefix), hint):
        depart(departure, stack)
