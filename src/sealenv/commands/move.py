"""Move an environment, any number of times.

On one file system: lock, checks, search, one rename, rewrite, run. A journal says what is going on,
and a move that was killed is finished by the same command, or by `--here`. To another file system:
lock, checks, copy into a pending prefix, rewrite, run, switch; then the old one is marked as
pending and removed. At every instant one of the two is whole, and says so.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

import msgspec

from sealenv.errors import CheckFailedError, NotFoundError, PrefixPendingError, UsageError
from sealenv.layout import State, state_of
from sealenv.locations import find, resolve_env
from sealenv.naming import check_prefix, shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.prefix.removable import refuse_frozen, refuse_in_use
from sealenv.prefix.removal import Contents, remove_copied
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.copy import compare, copy_entries, entries_of, refuse_no_room
from sealenv.relocation.destination import (
    choose_place,
    real_prefix,
    refuse_place,
    refuse_staying,
    rename_prefix,
)
from sealenv.relocation.interrupted import is_unfinished, was_renamed
from sealenv.relocation.next_seal import seal_checked
from sealenv.relocation.outcome import Moved, MoveOptions, with_hint
from sealenv.relocation.prove import prove_running
from sealenv.relocation.relocation import Relocation, open_relocation
from sealenv.relocation.seen import Seen, look_for, look_inside
from sealenv.relocation.settle import Settled, finish_earlier, settle
from sealenv.request.arguments import StrPath, named, prefix_of
from sealenv.seals.seal import timestamp
from sealenv.seals.snapshot import Row, take_snapshot
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
        reporter: is shown the progress.

    Raises:
        NotFoundError: it does not exist.
        PrefixError: it cannot be moved now: pending, in use, frozen, not sealed, it holds others.
        PrefixExistsError, UsageError: it cannot go there.
        LinkError: its binaries have no room for the new path.
        FilesystemError: the file system refuses; the message says where the environment is.
        CheckFailedError: it is there, and does not work.
    """
    options, reporter = options or MoveOptions(), reporter or QUIET
    if was_renamed(prefix, place):
        return move_here(place, options, reporter)
    given, prefix = os.path.abspath(prefix), real_prefix(prefix)
    _refuse(prefix, options)
    with contextlib.ExitStack() as stack:
        fd = stack.enter_context(exclusive(prefix))
        here = finish_earlier(prefix, options, reporter, fd)
        refuse_place(prefix, place, here.seal.platform)
        away = replace(here, new=str(place))
        rows = look_inside(prefix)
        here = _as_copy(here, reporter)
        if here.old != here.new and not options.dry_run:
            # Moved or copied by hand before, or killed: its files may hold two paths.
            settle(here, reporter, options.environ, locked=fd, copied=True)
            here, rows = open_relocation(prefix, str(prefix)), look_inside(prefix)
        if given != str(prefix) and _settle_link(here, given, rows, options, reporter, fd):
            here, rows = open_relocation(prefix, str(prefix)), look_inside(prefix)
        away = replace(here, new=str(place))
        seen = look_for(away, rows, reporter)
        if options.dry_run:
            return _planned(place, away.old, "renamed", seen)
        if not options.copy and state_of(place) is not State.PENDING:
            renamed = _rename(away, place, seen, fd, stack, options, reporter)
            if renamed is not None:
                return renamed
        refuse_staying(prefix)
        contents = Contents.of(prefix)
        moved = _copy(away, place, seen, options, reporter)
        reporter.phase("remove", f"removing {prefix}")
        old = shown(str(prefix))
        hint = (
            f"the environment is at {place} now; take over what you still need from the old one, then: "
            f"sealenv remove {old}"
        )
        with with_hint(prefix, hint):
            remove_copied(contents, place, stack)
        return moved


def move_here(
    prefix: Path, options: MoveOptions | None = None, reporter: Reporter | None = None
) -> Moved:
    """Rewrite an environment for where it lies: moved or copied by hand, or a killed move.

    Args:
        prefix: where it lies.
        options: how.
        reporter: is shown the progress.

    Raises:
        PrefixError, UsageError, LinkError, FilesystemError, CheckFailedError: as for `move`.
    """
    options, reporter = options or MoveOptions(), reporter or QUIET
    prefix = real_prefix(prefix)
    _refuse(prefix, options, patience=_ORPHANS if is_unfinished(prefix) else 0.0)
    with exclusive(prefix) as fd:
        here = finish_earlier(prefix, options, reporter, fd)
        check_prefix(prefix, here.seal.platform)
        if here.old == here.new:
            unproved = not here.seal.checked and here.seal.platform == current_platform()
            if options.dry_run or not unproved:
                return Moved(prefix, here.old, "unchanged", checked=here.seal.checked)
            return _proved(here, Settled(here.seal, {}), "unchanged", options, reporter)
        rows = look_inside(prefix)
        original = here.is_copy
        here = _as_copy(here, reporter)
        seen = look_for(here, rows, reporter)
        if options.dry_run:
            return replace(_planned(prefix, here.old, "mended", seen), original=original)
        hint = f"it is partly rewritten; run again: sealenv move --here {shown(str(prefix))}"
        with with_hint(prefix, hint, interrupted_only=True):
            settled = settle(here, reporter, options.environ, locked=fd, copied=True)
        return _proved(here, settled, "mended", options, reporter, original=original)


def _planned(place: Path, was: str, how: str, seen: Seen) -> Moved:
    """What a move would do."""
    compiled = {path for path in seen.found if path.endswith(".pyc")}
    mended = tuple(path for path in seen.found if path not in compiled)
    return Moved(place, was, how, mended, tuple(sorted(compiled)))


def _as_copy(here: Relocation, reporter: Reporter) -> Relocation:
    """Let a copy that was made by hand become an environment of its own, made now."""
    if here.old == here.new or not here.is_copy:
        return here
    reporter.warn(
        f"{here.old} is still there: this is a copy of it, and becomes an environment of its own"
    )
    return replace(here, seal=msgspec.structs.replace(here.seal, created=timestamp()))


def _settle_link(
    here: Relocation,
    given: str,
    rows: dict[str, Row],
    options: MoveOptions,
    reporter: Reporter,
    fd: int,
) -> bool:
    """Rewrite files that hold a path that leads here through a link, as pip writes it.

    They get the real one, which works as well, and is then moved with all others.
    """
    link = replace(here, old=given)
    try:
        seen = look_for(link, rows, reporter)
    except UsageError:
        return False
    if not seen.found or options.dry_run:
        return False
    settle(link, reporter, options.environ, seen=seen, locked=fd)
    return True


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
    again = f"sealenv move --here {shown(str(place))}"
    hint = f"it is at {place} now, and partly rewritten; fix the problem above, then run: {again}"
    with with_hint(place, hint):
        try:
            settled = settle(there, reporter, options.environ, seen=seen, locked=fd)
        except CheckFailedError:
            # Most likely a file was written while it was searched: once more, as `--here` does.
            settled = settle(there, reporter, options.environ, locked=fd, copied=True)
    hint = f"it is at {place} now, and was not run yet: {again}"
    with with_hint(place, hint, interrupted_only=True):
        return _proved(there, settled, "renamed", options, reporter)


def _copy(
    away: Relocation, place: Path, seen: Seen, options: MoveOptions, reporter: Reporter
) -> Moved:
    """Copy, read back, rewrite, run, and only then commit."""
    entries = entries_of(away.prefix)
    refuse_no_room(place, entries)
    reporter.phase("copy", f"to {place}")
    hint = (
        f"nothing is lost: {away.prefix} is as it was, and {place} is pending; the next move "
        f"replaces it, or: sealenv remove {shown(str(place))}"
    )
    held = PrefixLock.acquire(place)
    with contextlib.closing(held), with_hint(place, hint):
        copy_entries(away.prefix, entries, place, reporter)
        digests = compare(away.prefix, place, entries)
        held.share()
        there, seen = replace(away, prefix=place), replace(seen, rows=take_snapshot(place))
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
    """Run it, if it can run here; only then its seal says that it did."""
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
        there.prefix, there.old, how, tuple(sorted(settled.changes)), settled.deleted, settled.left,
        settled.unsigned, check is not None, check, original,
    )  # fmt: skip
