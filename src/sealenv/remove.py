"""Remove: only a prefix that sealenv made, or that is certainly a conda environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sealenv.condameta.records import scan_records
from sealenv.errors import FilesystemError, PrefixError, PrefixLockedError
from sealenv.host.deleting import delete
from sealenv.host.files import read_regular, write_atomic
from sealenv.host.holders import holders_of, while_held
from sealenv.host.prefixlock import is_locked
from sealenv.host.running import programs_in
from sealenv.host.volumes import extended
from sealenv.layout import (
    HISTORY,
    MARKER,
    META,
    PKGS,
    SCRATCH,
    USER_FOLDER,
    State,
    is_link,
    state_of,
    walk,
)
from sealenv.pending import write_plan

__all__ = ["check_removable", "remove", "user_files"]

_FROZEN = "conda-meta/frozen"


def check_removable(
    prefix: Path, environ: Mapping[str, str], *, override_frozen: bool = False, force: bool = False
) -> None:
    """Refuse what must not be removed.

    Args:
        prefix: the prefix.
        environ: the variables of this shell: an active environment stays.
        override_frozen: a frozen one too (CEP 22).
        force: even if programs run from it.

    Raises:
        PrefixError: it is a link, not certainly an environment, frozen, active here, in use, or it
            holds other environments.
        PrefixLockedError: a process is making it.
    """
    if is_link(prefix):
        raise PrefixError("this is a link", where=str(prefix), hint="name its target")
    state = state_of(prefix)
    if state not in {State.PENDING, State.SEALED, State.FOREIGN}:
        raise PrefixError("this is no environment: nothing is removed", where=str(prefix))
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is removed", where=str(prefix))
    if state is State.FOREIGN and not _is_certain(prefix):
        raise PrefixError(
            "nothing but an empty history says that this is an environment: nothing is removed",
            where=str(prefix),
            hint="look into it, and delete it by hand if it is to go",
        )
    if inner := inner_environments(prefix):
        raise PrefixError(
            "this environment holds other environments: nothing is removed",
            where=str(prefix),
            details=inner[:20],
            hint="remove those first, one by one, if they are to go",
        )
    if is_locked(prefix):
        raise PrefixLockedError(
            "a process is making this environment", where=str(prefix), hint="wait, or stop it first"
        )
    for name in ("CONDA_PREFIX", "SEALENV_PREFIX", "VIRTUAL_ENV"):
        active = environ.get(name)
        if active and _same(active, prefix):
            raise PrefixError(
                "this environment is active in this shell",
                where=str(prefix),
                hint="remove it from a clean shell",
            )
    running = [] if force else programs_in(prefix)
    if running:
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint="end them first, or remove it under them with --force",
        )
    frozen = prefix / _FROZEN
    if frozen.is_file() and not override_frozen:
        raise PrefixError(
            "this environment is frozen (conda-meta/frozen)",
            where=str(prefix),
            details=[m] if (m := _frozen_message(frozen)) else [],
            hint="--override-frozen removes it all the same",
        )


def inner_environments(prefix: Path) -> list[str]:
    """The environments below this one, as paths relative to it (conda's base keeps them in `envs`)."""
    marks = ("/conda-meta/history", "/conda-meta/sealenv", "/conda-meta/sealenv.pending")
    found = {
        entry.relative.rpartition("/conda-meta/")[0]
        for entry in walk(prefix, skip=frozenset({PKGS, SCRATCH}))
        if entry.relative.endswith(marks)
    }
    return sorted(found)


def _is_certain(prefix: Path) -> bool:
    """A foreign one needs a record that can be read, or a history that says something."""
    return bool(scan_records(prefix)[0]) or (prefix / HISTORY).stat().st_size > 0


def user_files(prefix: Path) -> int:
    """How many files of the user's own lie in the user folder."""
    folder = prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return 0
    return sum(not entry.is_dir for entry in walk(folder))


def remove(prefix: Path) -> None:
    """Remove everything in the prefix, and the folder; the caller has checked and asked.

    The marker comes first and goes last: a remove that was stopped half way leaves a pending prefix,
    which another remove or create finishes. Links are removed, what they lead to is not.

    Raises:
        FilesystemError: something could not be removed; the rest may be gone.
    """
    try:
        _empty(extended(prefix))
    except OSError as error:
        where = str(error.filename or prefix).removeprefix("\\\\?\\")
        raise FilesystemError(
            f"not everything could be removed: {error.strerror}",
            where=where,
            details=[f"open in {holder}" for holder in holders_of(where)],
            hint="close what uses it or mend the permissions, then run the same command again",
        ) from error


def _empty(prefix: Path) -> None:
    if not (prefix / MARKER).exists():
        write_plan(prefix, [e.relative for e in walk(prefix) if not e.is_dir])
        write_atomic(prefix / MARKER, b"removing\n")
    if is_link(prefix / PKGS):
        delete(prefix / PKGS)
    for child in sorted(prefix.iterdir()):
        if child.name != META:
            delete(child)
    for child in sorted((prefix / META).iterdir()):
        if child.name not in {"sealenv.plan", "sealenv.pending"}:
            delete(child)
    (prefix / META / "sealenv.plan").unlink(missing_ok=True)
    while_held((prefix / MARKER).unlink)
    while_held((prefix / META).rmdir)
    while_held(prefix.rmdir)


def _frozen_message(frozen: Path) -> str:
    import json

    try:
        return str(json.loads(read_regular(frozen)).get("message") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _same(one: str, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
