"""What must not be taken away, or moved: asked before anything is done."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from sealenv.errors import PrefixError, PrefixLockedError
from sealenv.layout import (
    HISTORY,
    META,
    PKGS,
    SCRATCH,
    State,
    is_link,
    state_of,
)
from sealenv.prefix.prefixlock import is_locked
from sealenv.prefix.records import scan_records
from sealenv.system.files import read_regular
from sealenv.system.processes import programs_in

__all__ = [
    "check_removable",
    "inner_among",
    "inner_environments",
    "is_leftover",
    "refuse_frozen",
    "refuse_in_use",
    "refuse_inner",
]

_MARKS = frozenset({"history", "sealenv", "sealenv.pending"})
_FROZEN = "conda-meta/frozen"
_STEP = 0.1
"""Seconds between two looks at what runs."""


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
    if state is State.EMPTY and is_leftover(prefix):
        return
    if state not in {State.PENDING, State.SEALED, State.FOREIGN}:
        raise PrefixError("this is not an environment: nothing is removed", where=str(prefix))
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is removed", where=str(prefix))
    if state is State.FOREIGN and not _is_certain(prefix):
        raise PrefixError(
            "nothing but an empty history says that this is an environment: nothing is removed",
            where=str(prefix),
            hint="look into it, and delete it by hand if it is to go",
        )
    refuse_inner(prefix)
    if is_locked(prefix):
        raise PrefixLockedError(
            "a process is making this environment", where=str(prefix), hint="wait, or stop it first"
        )
    refuse_in_use(prefix, environ, force=force)
    refuse_frozen(prefix, override=override_frozen)


def is_leftover(prefix: Path) -> bool:
    """Whether nothing but an empty conda-meta is there: a remove or a create was killed."""
    return not is_link(prefix) and state_of(prefix) is State.EMPTY and (prefix / META).is_dir()


def refuse_inner(
    prefix: Path,
    done: str = "removed",
    do: str = "remove",
    paths: Iterable[str] | None = None,
) -> None:
    """Refuse an environment that holds others (conda's base).

    Args:
        prefix: the prefix.
        done: what is not going to happen to it, for the message.
        do: the same as a command.
        paths: all that is in it, with `/`, if that is known.

    Raises:
        PrefixError: with what it holds.
    """
    found = inner_environments(prefix) if paths is None else inner_among(paths)
    if found:
        raise PrefixError(
            f"this environment holds other environments: nothing is {done}",
            where=str(prefix),
            details=found[:20],
            hint=f"{do} those first, one by one, if they are to go",
        )


def refuse_in_use(
    prefix: Path,
    environ: Mapping[str, str],
    *,
    do: str = "remove",
    force: bool = False,
    patience: float = 0.0,
) -> None:
    """Refuse an environment that is active in this shell, or whose programs run.

    Args:
        prefix: the prefix.
        environ: the variables of this shell.
        do: what was asked for, for the message.
        force: even if programs run from it.
        patience: for so many seconds they may go on: what a killed sealenv had started ends by itself.

    Raises:
        PrefixError: with what runs.
    """
    for name in ("CONDA_PREFIX", "SEALENV_PREFIX", "VIRTUAL_ENV"):
        active = environ.get(name)
        if active and _same(active, prefix):
            raise PrefixError(
                "this environment is active in this shell",
                where=str(prefix),
                hint=f"{do} it from a clean shell",
            )
    until = time.monotonic() + patience
    while (running := [] if force else programs_in(prefix)) and time.monotonic() < until:
        time.sleep(_STEP)
    if running:
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint=f"end them first, or {do} it under them with --force",
        )


def refuse_frozen(prefix: Path, *, do: str = "remove", override: bool = False) -> None:
    """Refuse a frozen environment (CEP 22).

    Raises:
        PrefixError: with what its file says.
    """
    frozen = prefix / _FROZEN
    if frozen.is_file() and not override:
        raise PrefixError(
            "this environment is frozen (conda-meta/frozen)",
            where=str(prefix),
            details=[m] if (m := _frozen_message(frozen)) else [],
            hint=f"--override-frozen {do}s it all the same",
        )


def inner_environments(prefix: Path) -> list[str]:
    """The environments below this one, as paths relative to it (conda's base keeps them in `envs`)."""
    found = set()
    pending = [(os.fspath(prefix), "")]
    while pending:
        folder, relative = pending.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = relative + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if path in {PKGS, SCRATCH} or is_link(Path(entry.path)):
                        continue
                    pending.append((entry.path, f"{path}/"))
                elif entry.name in _MARKS and relative.endswith("/conda-meta/"):
                    found.add(relative.removesuffix("/conda-meta/"))
    return sorted(found)


def inner_among(paths: Iterable[str]) -> list[str]:
    """The same, of paths in it that are known."""
    found = set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        inner, is_meta, rest = folder.rpartition("/conda-meta")
        if (
            name in _MARKS
            and is_meta
            and not rest
            and path.partition("/")[0] not in {PKGS, SCRATCH}
        ):
            found.add(inner)
    return sorted(found)


def _is_certain(prefix: Path) -> bool:
    """A foreign one needs a record that can be read, or a history that says something."""
    return bool(scan_records(prefix)[0]) or (prefix / HISTORY).stat().st_size > 0


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
