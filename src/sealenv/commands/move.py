"""Move an environment, any number of times.

On one file system: lock, check, search, rename once, rewrite, run. The journal records the progress,
and the same command, or `--here`, finishes a move that was killed. To another file system: lock, check,
copy into a pending prefix, rewrite, run, switch; then the old one is marked as pending and removed. At
every instant one of the two is whole, and says so.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import msgspec

from sealenv.errors import NotFoundError, PrefixChangedError, PrefixPendingError, UsageError
from sealenv.fields import AbsolutePath, InPrefix, Seconds, one_of
from sealenv.install.check import CheckReport
from sealenv.layout import State, state_of
from sealenv.locations import find, resolve_env
from sealenv.naming import check_prefix, printable, shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.pending import PrefixLock
from sealenv.prefix.removal import refuse_frozen, refuse_in_use, refuse_inner, remove
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.relocation.apply import Files, Left, finish_earlier, relocate
from sealenv.relocation.copy import compare, copy_entries, entries_of, refuse_no_room
from sealenv.relocation.destination import (
    choose_place,
    is_elsewhere,
    real_prefix,
    refuse_place,
    rename_prefix,
    was_renamed,
)
from sealenv.relocation.plan import Relocation, search, with_hint
from sealenv.relocation.prove import prove_running
from sealenv.request import StrPath, named, prefix_of
from sealenv.seals.seal import timestamp
from sealenv.seals.snapshot import Snapshot, differing, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.volumes import local_place

_LISTED = 20
HOW = ("renamed", "copied", "rewritten", "unchanged")


@dataclass(frozen=True)
class Moved:
    """What `move` did.

    Attributes:
        prefix: where the environment is now; with `dry_run`, where it would be.
        was: the path that its files held.
        how: `renamed`, `copied`, `rewritten` (it was at that place already), or `unchanged`.
        rewritten: the files that were rewritten, relative to the prefix.
        deleted: compiled Python with the old path, which Python writes again.
        left: the files that keep the old path.
        unsigned: programs that have to be signed on macOS.
        checked: whether it was run; false for another platform.
        check: the result of that run.
        original: an environment is still at the old place: this one was copied by hand.
        dry_run: whether nothing was changed.
        seconds: how long each step took.
    """

    prefix: AbsolutePath
    was: str
    how: Annotated[str, one_of(HOW)]
    rewritten: tuple[InPrefix, ...] = ()
    deleted: tuple[InPrefix, ...] = ()
    left: tuple[Left, ...] = ()
    unsigned: tuple[InPrefix, ...] = ()
    checked: bool = False
    check: CheckReport | None = None
    original: bool = False
    dry_run: bool = False
    seconds: Seconds = field(default_factory=dict)


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
    """Move an environment, or with `here` fix one that was moved or copied by hand.

    Args:
        env: a name or a path.
        dest: a path, or a name in the folder of environments; None with `here`.
        here: the environment is already at its new place.
        copy: copy, check, then remove, also on one file system.
        force: move it even if programs run from it.
        override_frozen: move a frozen environment too (CEP 22).
        dry_run: search and check; change nothing.
        reporter: shows each step.

    Raises:
        NotFoundError: the environment does not exist.
        UsageError, PrefixExistsError: it cannot go there.
        PrefixError: it cannot be moved now: pending, in use, frozen, not sealed, it holds others.
        LinkError: its binaries have no room for the new path.
        FilesystemError: the file system refuses; the message says where the environment is.
        CheckFailedError: it is there, and does not work.
    """
    if here == (dest is not None):
        raise UsageError(
            "--here takes ENV alone" if here else "the destination is missing",
            hint="sealenv move ENV DEST, or sealenv move --here ENV",
        )
    if here and copy:
        raise UsageError("--here copies nothing", hint="leave out --copy")
    watch = Stopwatch(reporter)
    run = _Move(watch, copy=copy, force=force, override_frozen=override_frozen, dry_run=dry_run)
    if dest is None:
        moved = run.here(real_prefix(prefix_of(env)))
    else:
        moved = run.to(_find_or_gone(named(env)), choose_place(named(dest)))
    watch.stop()
    return replace(moved, dry_run=dry_run, seconds=watch.seconds)


def _find_or_gone(env: str) -> Path:
    """Return the environment, or its former place: an interrupted move may have renamed it."""
    try:
        return find(env)
    except NotFoundError:
        found, looked = resolve_env(env)
        if found is not None and state_of(Path(found)) is not State.EMPTY:
            raise
        return local_place(found or looked[0])


def _look_inside(prefix: Path) -> Snapshot:
    """Take a snapshot; refuse an environment that holds others."""
    refuse_inner(prefix, "move")
    return take_snapshot(prefix)


@dataclass(frozen=True)
class _Move:
    """One call of `move`: its options, and its steps."""

    reporter: Reporter
    copy: bool
    force: bool
    override_frozen: bool
    dry_run: bool

    def to(self, given: Path, place: Path) -> Moved:
        """Move the environment that was given to a place, or finish a move to there."""
        if was_renamed(given, place):
            return self.here(real_prefix(place))
        given, prefix = Path(os.path.abspath(given)), real_prefix(given)
        self._refuse(prefix)
        with contextlib.ExitStack() as stack:
            fd = stack.enter_context(exclusive(prefix))
            here = finish_earlier(prefix, self.reporter, fd, dry_run=self.dry_run)
            refuse_place(prefix, place, here.seal.platform)
            rows = _look_inside(prefix)
            # Its files may hold where it was before it was moved by hand, where it is, and a link to it.
            away = self._as_copy(here).to(str(place), str(prefix), str(given))
            found = search(away, rows, self.reporter)
            if self.dry_run:
                return _planned(place, away.old, "renamed", found)
            if not self.copy and state_of(place) is not State.PENDING:
                renamed = self._rename(away, place, rows, found, fd, stack)
                if renamed is not None:
                    return renamed
            return self._copy_and_remove(away, place, found, stack)

    def here(self, prefix: Path) -> Moved:
        """Rewrite an environment that was moved by hand, or finish a move that was killed."""
        self._refuse(prefix)
        with exclusive(prefix) as fd:
            here = finish_earlier(prefix, self.reporter, fd, dry_run=self.dry_run)
            check_prefix(prefix, here.seal.platform)
            if here.old == here.new:
                unproved = not here.seal.checked and here.seal.platform == current_platform()
                if self.dry_run or not unproved:
                    return Moved(prefix, here.old, "unchanged", checked=here.seal.checked)
                return self._proved(here, Files(here, {}), "unchanged")
            rows = _look_inside(prefix)
            original = here.is_copy
            here = self._as_copy(here)
            found = search(here, rows, self.reporter)
            if self.dry_run:
                planned = _planned(prefix, here.old, "rewritten", found)
                return replace(planned, original=original)
            hint = f"it is partly rewritten; run again: sealenv move --here {shown(str(prefix))}"
            with with_hint(prefix, hint, interrupted_only=True):
                files = relocate(here, rows, found, self.reporter, locked=fd, copied=True)
            return replace(self._proved(here, files, "rewritten"), original=original)

    def _refuse(self, prefix: Path) -> None:
        if state_of(prefix) is State.PENDING:
            raise PrefixPendingError(
                "this environment was never finished",
                where=str(prefix),
                hint=f"create it again, or: sealenv remove {shown(str(prefix))}",
            )
        refuse_in_use(prefix, os.environ, do="move", force=self.force)
        refuse_frozen(prefix, do="move", override=self.override_frozen)

    def _as_copy(self, here: Relocation) -> Relocation:
        """Turn a copy that was made by hand into an environment of its own, made now."""
        if here.old == here.new or not here.is_copy:
            return here
        self.reporter.warn(
            f"{here.old} is still there: this is a copy of it, and becomes an environment of its own"
        )
        return replace(here, seal=msgspec.structs.replace(here.seal, created=timestamp()))

    def _rename(
        self,
        away: Relocation,
        place: Path,
        rows: Snapshot,
        found: list[str],
        fd: int,
        stack: contextlib.ExitStack,
    ) -> Moved | None:
        """Rename the folder and rewrite its files; None if the place is on another file system."""
        if is_elsewhere(away.prefix, place):
            return None
        self.reporter.phase("rename", f"to {place}")
        if os.name == "nt":
            stack.close()  # no folder is renamed there while a file in it is open
        renamed = rename_prefix(away.prefix, place)
        if os.name == "nt":
            fd = stack.enter_context(exclusive(place if renamed else away.prefix))
        if not renamed:
            return None
        there = replace(away, prefix=place)
        again = f"sealenv move --here {shown(str(place))}"
        hint = (
            f"it is at {place} now, and partly rewritten; fix the problem above, then run: {again}"
        )
        with with_hint(place, hint):
            copied = away.seal.prefix != str(away.prefix)
            files = relocate(there, rows, found, self.reporter, locked=fd, copied=copied)
        hint = f"it is at {place} now, and was not run yet: {again}"
        with with_hint(place, hint, interrupted_only=True):
            return self._proved(there, files, "renamed")

    def _copy_and_remove(
        self, away: Relocation, place: Path, found: list[str], stack: contextlib.ExitStack
    ) -> Moved:
        then = take_snapshot(away.prefix, outside=())
        moved = self._copy(away, place, found)
        self.reporter.phase("remove", f"removing {away.prefix}")
        hint = (
            f"the environment is at {place} now; take over what you still need from the old one, then: "
            f"sealenv remove {shown(str(away.prefix))}"
        )
        with with_hint(away.prefix, hint):
            _refuse_changed(away.prefix, then, place)
            remove(away.prefix, stack)
        return moved

    def _copy(self, away: Relocation, place: Path, found: list[str]) -> Moved:
        """Copy, read back, rewrite, run, and only then commit."""
        entries = entries_of(away.prefix)
        refuse_no_room(place, entries)
        self.reporter.phase("copy", f"to {place}")
        hint = (
            f"nothing is lost: {away.prefix} is as it was, and {place} is pending; the next move "
            f"replaces it, or: sealenv remove {shown(str(place))}"
        )
        held = PrefixLock.acquire(place)
        with contextlib.closing(held), with_hint(place, hint):
            copy_entries(away.prefix, entries, place, self.reporter)
            compare(away.prefix, place, entries)
            held.share()
            there = replace(away, prefix=place)
            rows = take_snapshot(place)
            files = relocate(there, rows, found, self.reporter, copied=True)
            moved = self._proved(there, files, "copied", held)
            held.commit()
        return moved

    def _proved(
        self, there: Relocation, files: Files, how: str, held: PrefixLock | None = None
    ) -> Moved:
        """Run the environment, and return what was done."""
        check = prove_running(there, files.seal, self.reporter, held)
        return Moved(
            there.prefix, there.old, how, tuple(sorted(files.changes)), tuple(files.deleted),
            tuple(files.left), tuple(files.unsigned), check is not None, check,
        )  # fmt: skip


def _refuse_changed(prefix: Path, then: Snapshot, place: Path) -> None:
    """Keep an environment that was copied to a place if something was written into it since."""
    changed = sorted(differing(take_snapshot(prefix, outside=()), then))
    if changed:
        more = [f"and {len(changed) - _LISTED} more"] if len(changed) > _LISTED else []
        raise PrefixChangedError(
            "the environment was copied, but the old one was changed meanwhile and is kept",
            where=str(prefix),
            details=[*map(printable, changed[:_LISTED]), *more, f"the environment is at {place}"],
            hint=f"copy what you need, then: sealenv remove {shown(str(prefix))}",
        )


def _planned(place: Path, was: str, how: str, found: list[str]) -> Moved:
    """Return what a move would do."""
    compiled = {path for path in found if path.endswith(".pyc")}
    rewritten = tuple(path for path in found if path not in compiled)
    return Moved(place, was, how, rewritten, tuple(sorted(compiled)))
