"""`remove`: remove an environment and everything in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from sealenv.commands.environments import inspect, measure
from sealenv.fields import AbsolutePath, Bytes, Count
from sealenv.locations import find
from sealenv.prefix.removal import check_removable, user_files
from sealenv.prefix.removal import remove as delete
from sealenv.request import StrPath, named


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What `remove` is about to remove.

    Attributes:
        prefix: the environment.
        state: its state.
        files: the number of files and links.
        bytes: their size.
        own: the number of the user's files, in `__home__`.
    """

    prefix: Path
    state: str
    files: int
    bytes: int
    own: int


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What `remove` removed.

    Attributes:
        removed: the environment.
        files: the number of files and links.
        bytes: their size.
    """

    removed: AbsolutePath
    files: Count
    bytes: Bytes


def remove(
    env: StrPath,
    *,
    force: bool = False,
    override_frozen: bool = False,
    confirm: Callable[[Removal], None] | None = None,
) -> Removed:
    """Remove an environment and everything in it.

    The folder must certainly be an environment. Links are not followed.

    Args:
        env: a name or a path.
        force: accept running programs.
        override_frozen: accept a frozen environment (CEP 22).
        confirm: called before anything is removed; may raise to stop.

    Raises:
        NotFoundError: no such environment.
        PrefixError: it is not certainly an environment, active, in use, frozen, or holds others.
        FilesystemError: something could not be removed; the rest is pending.
    """
    prefix = find(named(env))
    check_removable(prefix, os.environ, override_frozen=override_frozen, force=force)
    files, size = measure(prefix)
    if confirm:
        state = inspect(prefix).state
        own = user_files(prefix)
        confirm(Removal(prefix=prefix, state=state, files=files, bytes=size, own=own))
    delete(prefix)
    return Removed(removed=prefix, files=files, bytes=size)
