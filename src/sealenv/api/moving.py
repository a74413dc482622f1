"""`move`, `clone` and `remove`: where an environment is, and whether."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, named, prefix_of
from sealenv.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from sealenv.commands.clone import Cloned
    from sealenv.commands.move import Moved, MoveOptions
    from sealenv.progress import Reporter

__all__ = ["Removed", "clone", "find_removable", "move", "move_to", "remove"]


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


def move(
    env: StrPath,
    dest: StrPath | None = None,
    *,
    here: bool = False,
    copy: bool = False,
    force: bool = False,
    override_frozen: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
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
        progress: is told each step.

    Raises:
        UsageError, PrefixExistsError: it cannot go there.
        PrefixError: it cannot be moved now.
        LinkError: its binaries have no room for the new path.
        FilesystemError: the file system refuses; the message says where the environment is.
        CheckFailedError: it is there, and does not work.
    """
    from sealenv.commands.move import MoveOptions

    options = MoveOptions(copy, force, override_frozen, dry_run, os.environ)
    where = None if dest is None else named(dest)
    return move_to(named(env), where, options, reporter_for(progress), here=here)


def move_to(
    env: str, dest: str | None, options: MoveOptions, reporter: Reporter, *, here: bool
) -> Moved:
    """Move what is named.

    Raises:
        UsageError: arguments that contradict each other.
        SealenvError: see `move`.
    """
    from sealenv.commands.move import move as depart
    from sealenv.commands.move import move_here
    from sealenv.prefix.lookup import find
    from sealenv.relocation.destination import choose_place

    if here == (dest is not None):
        raise UsageError(
            "--here takes ENV alone" if here else "where to?",
            hint="sealenv move ENV DEST, or sealenv move --here ENV",
        )
    if here and options.copy:
        raise UsageError("--here copies nothing", hint="leave out --copy")
    if dest is None:
        return move_here(find(env), options, reporter)
    place = choose_place(dest, options.environ)
    return depart(_find_or_gone(env), place, options, reporter)


def _find_or_gone(env: str) -> Path:
    """The environment; or where it would be: a move that was ended may have taken it away."""
    from sealenv.layout import State, state_of
    from sealenv.locations import resolve_env
    from sealenv.prefix.lookup import find
    from sealenv.system.volumes import local_place

    try:
        return find(env)
    except NotFoundError:
        found, looked = resolve_env(env)
        if found is not None and state_of(Path(found)) is not State.EMPTY:
            raise
        return local_place(found or looked[0])


def clone(
    env: StrPath, new: StrPath, *, copy: bool = False, progress: Progress | None = None
) -> Cloned:
    """Make a second environment like one that there is, with hard links where nobody writes in place.

    Args:
        env: a name or a path.
        new: a path, or a name in the folder of environments.
        copy: share no file with the other.
        progress: is told each step.

    Raises:
        UsageError, PrefixExistsError: it cannot be there.
        PrefixError: the other one is not sealed, not at home, or worked on.
        CheckFailedError: it was made, and does not work: it is pending.
    """
    from sealenv.commands.clone import clone as make
    from sealenv.relocation.destination import choose_place

    place = choose_place(named(new), os.environ)
    return make(prefix_of(env), place, os.environ, reporter_for(progress), copy=copy)


def remove(env: StrPath, *, force: bool = False, override_frozen: bool = False) -> Removed:
    """Remove an environment and everything in it. There is no question.

    Only what sealenv made, or what is certainly a conda environment; never through a link.

    Args:
        env: a name or a path.
        force: even if programs run from it.
        override_frozen: a frozen environment too (CEP 22).

    Raises:
        NotFoundError: there is no such environment.
        PrefixError: it is not certainly one, active here, in use, frozen, or holds others.
        FilesystemError: something could not be removed; what is left is pending.
    """
    from sealenv.commands.environments import measure
    from sealenv.prefix.removable import check_removable
    from sealenv.prefix.removal import remove as delete

    prefix = find_removable(named(env))
    check_removable(prefix, os.environ, override_frozen=override_frozen, force=force)
    files, size = measure(prefix)
    delete(prefix)
    return Removed(prefix, files, size)


def find_removable(env: str) -> Path:
    """An environment, or the empty folders that are left of one.

    Raises:
        NotFoundError: neither is there.
    """
    from sealenv.prefix.lookup import find
    from sealenv.prefix.removable import is_leftover

    try:
        return find(env)
    except NotFoundError as error:
        if error.where and is_leftover(Path(error.where)):
            return Path(error.where)
        raise
