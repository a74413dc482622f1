"""Check where an environment may go, rename it, and find what an interrupted move has left."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from sealenv.errors import (
    FilesystemError,
    NotFoundError,
    PrefixError,
    PrefixExistsError,
    SealenvError,
    UsageError,
)
from sealenv.layout import HISTORY, MARKER, META, SEAL, State, is_link, state_of
from sealenv.locations import default_envs_dir
from sealenv.naming import check_name, check_prefix, shown
from sealenv.prefix.pending import is_locked
from sealenv.relocation.journal import read_journal
from sealenv.relocation.plan import same_make
from sealenv.seals.seal import Seal, read_seal
from sealenv.spec.model import current_platform
from sealenv.system.deleting import held_in, while_held
from sealenv.system.files import rename_new
from sealenv.system.volumes import existing_parent, local_place, real_folder


def choose_place(text: str) -> Path:
    """Return the folder that DEST names: a path, or a name in the folder of environments.

    Raises:
        UsageError: it is invalid.
    """
    if not text:
        raise UsageError("an empty destination", hint="give a name, or a folder such as ./env")
    separators = "/\\" if os.name == "nt" else "/"
    if text.startswith((".", "~")) or any(s in text for s in separators) or text[1:2] == ":":
        return local_place(text)
    check_name(text)
    return local_place(os.path.join(default_envs_dir(os.environ), text))


def real_prefix(prefix: Path) -> Path:
    """Return the path of an environment with the links in its parents resolved.

    Raises:
        PrefixError: it is a link, or its conda-meta is.
    """
    if is_link(prefix):
        raise PrefixError("this is a link", where=str(prefix), hint="name its target")
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is written through it", where=str(prefix))
    return real_folder(prefix.parent) / prefix.name


def refuse_place(prefix: Path, place: Path, platform: str) -> None:
    """Refuse an invalid destination.

    Raises:
        UsageError: `create` would refuse the path; it is the same place, or in an environment.
        PrefixExistsError: something is there.
    """
    check_prefix(place, platform, "choose another destination")
    if place.exists() and os.path.samefile(prefix, place):
        raise UsageError(
            "the environment is already at this place",
            where=str(place),
            hint="choose another place",
        )
    if is_link(place):
        raise PrefixExistsError(
            "the destination is a link", where=str(place), hint="choose another place"
        )
    for parent in place.parents:
        if any((parent / name).exists() for name in (SEAL, HISTORY, MARKER)):
            raise UsageError(
                "the destination is inside an environment",
                where=str(parent),
                hint="choose another place",
            )
    state = state_of(place)
    if state is State.PENDING and is_locked(place):
        raise PrefixExistsError(
            "another process is making an environment at the destination", where=str(place)
        )
    if state not in {State.ABSENT, State.EMPTY, State.PENDING}:
        raise PrefixExistsError(
            "the destination exists already",
            where=str(place),
            hint="choose another place; an empty folder would do",
        )


def is_elsewhere(prefix: Path, place: Path) -> bool:
    """Return whether a place is on another file system, so that a rename is impossible."""
    return os.stat(existing_parent(place.parent)).st_dev != os.stat(prefix).st_dev


def rename_prefix(prefix: Path, place: Path) -> bool:
    """Rename a prefix to a place that does not exist, or to an empty folder.

    Returns:
        false if the place is on another file system, or a mount point: nothing was done.

    Raises:
        PrefixExistsError: something is there.
        FilesystemError: the file system refuses; the environment is where it was.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if state_of(place) is State.EMPTY:
            with contextlib.suppress(FileNotFoundError):
                (place / META).rmdir()  # of a create that was killed before its mark
        while_held(lambda: rename_new(prefix, place))
    except FileExistsError as error:
        raise PrefixExistsError(
            "the destination was created in the meantime; the environment is unchanged",
            where=str(place),
            hint="choose another place",
        ) from error
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EBUSY} or getattr(error, "winerror", None) == 17:
            return False
        raise FilesystemError(
            f"the environment cannot be renamed, and is unchanged: {error.strerror}",
            where=str(prefix),
            details=held_in(prefix),
            hint="close what uses it or fix the permissions, then run the same command again",
        ) from error
    return True


def was_renamed(prefix: Path, place: Path) -> bool:
    """Return whether an interrupted move has renamed the environment, and continues at the new place.

    Raises:
        NotFoundError: the old place is empty, and nothing at the new one came from there.
        PrefixError: it was copied, and the old one was not removed, or only partly.
    """
    came, was = _seal_of(place), _seal_of(prefix)
    if state_of(prefix) in {State.ABSENT, State.EMPTY}:
        if came is not None and _came_from(came, prefix, place):
            return True
        raise NotFoundError(
            "no environment to move",
            where=str(prefix),
            hint="sealenv list shows the environments",
        )
    if (
        came is not None
        and was is not None
        and (came.prefix, was.prefix) == (str(place), str(prefix))
        and state_of(place) is State.SEALED
        and same_make(came, was)
        and not os.path.samefile(prefix, place)
    ):
        raise PrefixError(
            "an earlier move copied the environment, but was interrupted before it removed the old one",
            where=str(place),
            details=[f"the environment is at {place}", f"the old one, or its rest: {prefix}"],
            hint=f"remove the old one: sealenv remove {shown(str(prefix))}",
        )
    return False


def _came_from(came: Seal, prefix: Path, place: Path) -> bool:
    """Return whether the environment at the new place came from the old one, or was not run since."""
    journal = read_journal(place)
    if str(prefix) in (came.prefix, *(journal.olds if journal else ())):
        return True
    unproved = not came.checked and came.platform == current_platform()
    return journal is None and came.prefix == str(place) and unproved


def _seal_of(prefix: Path) -> Seal | None:
    try:
        return read_seal(prefix)
    except SealenvError:
        return None
