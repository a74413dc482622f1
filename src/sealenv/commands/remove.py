"""`remove`: an environment and everything in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.commands.environments import Environment, inspect, measure
from sealenv.errors import NotFoundError
from sealenv.prefix.lookup import find
from sealenv.prefix.removable import check_removable, is_leftover
from sealenv.prefix.removal import remove as delete
from sealenv.prefix.removal import user_files
from sealenv.request.arguments import StrPath, named

__all__ = ["Removal", "Removed", "remove"]


@dataclass(frozen=True)
class Removal:
    """What would be removed.

    Attributes:
        environment: what it is.
        files: how many files and links.
        bytes: of them.
        own: how many files of the user's are in `__home__`.
    """

    environment: Environment
    files: int
    bytes: int
    own: int


@dataclass(frozen=True)
class Removed:
    """What `remove` took away.

    Attributes:
        prefix: where it was.
        files: how many files and links.
        bytes: of them.
    """

    prefix: Path
    files: int
    bytes: int


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
        confirm(Removal(inspect(prefix), files, size, user_files(prefix)))
    delete(prefix)
    return Removed(prefix, files, size)


def _find(env: str) -> Path:
    """An environment, or the empty folders that are left of one."""
    try:
        return find(env)
    except NotFoundError as error:
        if error.where and is_leftover(Path(error.where)):
            return Path(error.where)
        raise
