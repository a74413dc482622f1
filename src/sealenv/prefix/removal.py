"""Check that an environment may be removed or moved, and remove it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixError
from sealenv.layout import (
    HISTORY,
    MARKER,
    META,
    PKGS,
    PLAN,
    SCRATCH,
    USER_FOLDER,
    State,
    is_link,
    state_of,
    walk,
)
from sealenv.prefix.exclusive import busy, exclusive
from sealenv.prefix.pending import REMOVING, is_locked, take, write_plan
from sealenv.prefix.records import scan_records
from sealenv.system.deleting import delete, holders_of, while_held
from sealenv.system.filelock import open_removable
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.processes import programs_in
from sealenv.system.volumes import extended

_MARKS = frozenset({"history", "sealenv", "sealenv.pending"})


def check_removable(
    prefix: Path, environ: Mapping[str, str], *, override_frozen: bool = False, force: bool = False
) -> None:
    """Refuse to remove anything but an unused environment.

    Args:
        prefix: the prefix.
        environ: the variables of this shell: an active environment is refused.
        override_frozen: accept a frozen environment (CEP 22).
        force: accept running programs.

    Raises:
        PrefixError: it is a link, not certainly an environment, frozen, active here, in use, or it
            holds other environments.
        PrefixLockedError: a process is creating it.
    """
    if is_link(prefix):
        raise PrefixError("this is a link", where=str(prefix), hint="name its target")
    state = state_of(prefix)
    if state not in {State.PENDING, State.SEALED, State.FOREIGN}:
        raise PrefixError("this is not an environment: nothing is removed", where=str(prefix))
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is removed", where=str(prefix))
    empty = state is State.FOREIGN and not (prefix / HISTORY).stat().st_size
    if empty and not scan_records(prefix)[0]:
        raise PrefixError(
            "only an empty history says that this is an environment: nothing is removed",
            where=str(prefix),
            hint="check its contents, and delete it by hand",
        )
    refuse_inner(prefix)
    if is_locked(prefix):
        raise busy(prefix)
    refuse_in_use(prefix, environ, force=force)
    refuse_frozen(prefix, override=override_frozen)


def refuse_inner(prefix: Path, do: str = "remove", paths: Iterable[str] | None = None) -> None:
    """Refuse an environment that holds others, as conda's base does in `envs`.

    Args:
        prefix: the prefix.
        do: what to do with the others, for the message.
        paths: every path in it, with `/`, if they are known.

    Raises:
        PrefixError: it holds others, which are listed.
    """
    found = set()
    for path in (entry.relative for entry in walk(prefix)) if paths is None else paths:
        inner, is_meta, name = path.rpartition("/conda-meta/")
        if is_meta and name in _MARKS and path.partition("/")[0] not in {PKGS, SCRATCH}:
            found.add(inner)
    if found:
        raise PrefixError(
            "this environment holds other environments",
            where=str(prefix),
            details=sorted(found)[:20],
            hint=f"{do} those first, one by one",
        )


def refuse_in_use(
    prefix: Path,
    environ: Mapping[str, str],
    *,
    do: str = "remove",
    force: bool = False,
    forceable: bool = True,
) -> None:
    """Refuse an environment that is active in this shell, or whose programs run.

    Args:
        prefix: the prefix.
        environ: the variables of this shell.
        do: the refused action, for the message.
        force: accept running programs.
        forceable: whether the command has an option for that.

    Raises:
        PrefixError: it is active, or programs run from it, which are listed.
    """
    for name in ("CONDA_PREFIX", "SEALENV_PREFIX", "VIRTUAL_ENV"):
        active = environ.get(name)
        if active and _same(active, prefix):
            raise PrefixError(
                "this environment is active in this shell",
                where=str(prefix),
                hint=f"{do} it from a clean shell",
            )
    running = [] if force else programs_in(prefix)
    if running:
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint=f"end them first{f', or {do} it while they run, with --force' if forceable else ''}",
        )


def refuse_frozen(prefix: Path, *, do: str = "remove", override: bool = False) -> None:
    """Refuse a frozen environment (CEP 22).

    Raises:
        PrefixError: it is frozen; the details have the message of its file.
    """
    frozen = prefix / META / "frozen"
    if override or not frozen.is_file():
        return
    try:
        message = str(json.loads(read_regular(frozen)).get("message") or "")
    except (OSError, ValueError, AttributeError):
        message = ""
    raise PrefixError(
        "this environment is frozen (conda-meta/frozen)",
        where=str(prefix),
        details=[message] if message else [],
        hint=f"to {do} it anyway: --override-frozen",
    )


def _same(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


_STAYS = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})
"""The folder is a mount point, or another user owns its parent: it stays, empty."""


def user_files(prefix: Path) -> int:
    """Count the user's own files, in the user folder."""
    folder = prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return 0
    return sum(not entry.is_dir for entry in walk(folder))


def remove(prefix: Path, locks: contextlib.ExitStack | None = None) -> None:
    """Remove everything in the prefix, and the folder. The caller has checked and asked.

    The marker is written first and removed last: a remove that was killed leaves a pending prefix,
    which another remove or create finishes. Links are removed, their targets are not. The folder
    itself stays, empty, if it is a mount point or its parent is not writable.

    Args:
        prefix: the environment.
        locks: the caller's locks on it, if it has some; they are released.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    with locks or contextlib.ExitStack() as stack:
        # A damaged environment may have no history, and so no lock.
        marked = os.path.lexists(prefix / MARKER)
        lockable = not is_link(prefix / HISTORY) and os.access(prefix / HISTORY, os.W_OK)
        if not (marked or locks) and lockable:
            stack.enter_context(exclusive(prefix))
        paths = None if marked else [e.relative for e in walk(prefix) if not e.is_dir]
        _remove(extended(prefix), paths, stack)


def _remove(prefix: Path, paths: Iterable[str] | None, locks: contextlib.ExitStack) -> None:
    """Mark a prefix, empty it, then remove the marker and the folder.

    Args:
        prefix: an environment, which the caller has locked, or its remains.
        paths: the plan: every path in it; None if it is marked already.
        locks: the caller's locks; released once the marker is locked.
    """
    try:
        if paths is not None:
            for name in (PLAN, MARKER):  # a folder may have that name
                if (prefix / name).is_dir() and not is_link(prefix / name):
                    delete(prefix / name)
            write_plan(prefix, paths)
            write_atomic(prefix / MARKER, REMOVING)
        fd = open_removable(prefix / MARKER, new=False)
        try:
            if not take(fd):
                raise busy(prefix)
            locks.close()  # Windows does not remove an open file
            _empty(prefix)
            (prefix / PLAN).unlink(missing_ok=True)
            if os.name == "posix":
                (prefix / MARKER).unlink(missing_ok=True)
        finally:
            os.close(fd)
        while_held(lambda: (prefix / MARKER).unlink(missing_ok=True))
        while_held((prefix / META).rmdir)
        try:
            while_held(prefix.rmdir)
        except OSError as error:
            if error.errno not in _STAYS or any(prefix.iterdir()):
                raise
    except OSError as error:
        where = str(error.filename or prefix).removeprefix("\\\\?\\")
        raise FilesystemError(
            f"not everything could be removed: {error.strerror}",
            where=where,
            details=[f"open in {holder}" for holder in holders_of(where)],
            hint="close what uses it or fix the permissions, then run the same command again",
        ) from error


def _empty(prefix: Path) -> None:
    """Delete everything but the marker and the plan."""
    if is_link(prefix / PKGS):  # conda's cache is outside
        delete(prefix / PKGS)
    kept = {prefix / META, prefix / MARKER, prefix / PLAN}
    for child in [*sorted(prefix.iterdir()), *sorted((prefix / META).iterdir())]:
        if child not in kept:
            delete(child)
