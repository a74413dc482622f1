"""`remove`: an environment and everything in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from sealenv.commands.environments import inspect, measure
from sealenv.errors import NotFoundError
from sealenv.fields import AbsolutePath, Bytes, Count
from sealenv.locations import find
from sealenv.prefix.removable import check_removable, is_leftover
from sealenv.prefix.removal import remove as delete
from sealenv.prefix.removal import user_files
from sealenv.request.arguments import StrPath, named

__all__ = ["Removal", "Removed", "remove"]


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What `remove` is about to remove.

    Attributes:
        prefix: where it is.
        state: of the environment.
        files: how many files and links.
        bytes: of them.
        own: how many files of the user's are in `__home__`.
    """

    prefix: Path
    state: str
    files: int
    bytes: int
    own: int


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """What `remove` removed.

    Attributes:
        removed: where it was.
        files: how many files and links.
        bytes: of them.
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

    Only what sealenv made, or what is certainly a conda environment; never through a link.

    Args:
        env: a name or a path.
        force: even if programs run from it.
        override_frozen: a frozen environment too (CEP 22).
        confirm: is shown what would go, before; may raise to stop. Without it there is no question.

    Raises:
        NotFoundError: there is no such environment.
        PrefixError: it is not certainly one, active here, in use, frozen, or holds others.
        FilesystemError: something could not be removed; what is left is pending.
    """
    prefix = _find(named(env))
    check_removable(prefix, os.environ, override_frozen=override_frozen, force=force)
    files, size = measure(prefix)
    if confirm:
        state = inspect(prefix).state
        own = user_files(prefix)
        confirm(Removal(prefix=prefix, state=state, files=files, bytes=size, own=own))
    delete(prefix)
    return Removed(removed=prefix, files=files, bytes=size)


def _find(env: str) -> Path:
    """An environment, or the empty folders that are left of one."""
    try:
        return find(env)
    except NotFoundError as error:
        if error.where and is_leftover(Path(error.where)):
            return Path(error.where)
        raise
