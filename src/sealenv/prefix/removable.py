"""Refuse to remove or move an environment that must stay, before anything is done."""

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
    walk,
)
from sealenv.prefix.prefixlock import is_locked
from sealenv.prefix.records import scan_records
from sealenv.system.files import read_regular
from sealenv.system.processes import programs_in

__all__ = [
    "check_removable",
    "is_leftover",
    "refuse_frozen",
    "refuse_in_use",
    "refuse_inner",
]

_MARKS = frozenset({"history", "sealenv", "sealenv.pending"})
_FROZEN = "conda-meta/frozen"
_STEP = 0.1
"""Seconds between two checks of the running programs."""


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
    if state is State.EMPTY and is_leftover(prefix):
        return
    if state not in {State.PENDING, State.SEALED, State.FOREIGN}:
        raise PrefixError("this is not an environment: nothing is removed", where=str(prefix))
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is removed", where=str(prefix))
    if state is State.FOREIGN and not _is_certain(prefix):
        raise PrefixError(
            "only an empty history says that this is an environment: nothing is removed",
            where=str(prefix),
            hint="check its contents, and delete it by hand",
        )
    refuse_inner(prefix)
    if is_locked(prefix):
        raise PrefixLockedError(
            "a process is creating this environment",
            where=str(prefix),
            hint="wait, or stop it first",
        )
    refuse_in_use(prefix, environ, force=force)
    refuse_frozen(prefix, override=override_frozen)


def is_leftover(prefix: Path) -> bool:
    """Whether only an empty conda-meta is left of a remove or create that was killed."""
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
        done: the refused action as a participle, for the message.
        do: the refused action as a verb.
        paths: every path in it, with `/`, if they are known.

    Raises:
        PrefixError: it holds others, which are listed.
    """
    found = _inner_environments((e.relative for e in walk(prefix)) if paths is None else paths)
    if found:
        raise PrefixError(
            f"this environment holds other environments: nothing is {done}",
            where=str(prefix),
            details=found[:20],
            hint=f"{do} those first, one by one",
        )


def refuse_in_use(
    prefix: Path,
    environ: Mapping[str, str],
    *,
    do: str = "remove",
    force: bool = False,
    forceable: bool = True,
    patience: float = 0.0,
) -> None:
    """Refuse an environment that is active in this shell, or whose programs run.

    Args:
        prefix: the prefix.
        environ: the variables of this shell.
        do: the refused action, for the message.
        force: accept running programs.
        forceable: whether the command has an option for that.
        patience: seconds to wait for them to end, as children of a killed sealenv do.

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
    until = time.monotonic() + patience
    while (running := [] if force else programs_in(prefix)) and time.monotonic() < until:
        time.sleep(_STEP)
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
    frozen = prefix / _FROZEN
    if frozen.is_file() and not override:
        raise PrefixError(
            "this environment is frozen (conda-meta/frozen)",
            where=str(prefix),
            details=[m] if (m := _frozen_message(frozen)) else [],
            hint=f"to {do} it anyway: --override-frozen",
        )


def _inner_environments(paths: Iterable[str]) -> list[str]:
    """List the environments below this one, relative to it (conda's base keeps them in `envs`)."""
    found = set()
    for path in paths:
        inner, is_meta, name = path.rpartition("/conda-meta/")
        if is_meta and name in _MARKS and path.partition("/")[0] not in {PKGS, SCRATCH}:
            found.add(inner)
    return sorted(found)


def _is_certain(prefix: Path) -> bool:
    """Whether a foreign environment has a readable record, or a history that is not empty."""
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
