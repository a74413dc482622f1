"""Where an environment may go, and the rename to there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixError, PrefixExistsError, SealenvError, UsageError
from sealenv.layout import MARKER, META, State, is_link, state_of
from sealenv.locations import default_envs_dir
from sealenv.naming import check_name, check_prefix, shown
from sealenv.prefix.prefixlock import is_locked
from sealenv.seals.snapshot import Row
from sealenv.store.placing import refuse_long_paths
from sealenv.system.deleting import held_in, while_held
from sealenv.system.files import rename_new
from sealenv.system.volumes import local_place, real_folder

__all__ = [
    "choose_place",
    "real_prefix",
    "refuse_place",
    "refuse_rows",
    "refuse_staying",
    "rename_prefix",
]

_LONGEST_NAME = 255
"""Bytes of one name: NAME_MAX of Linux and macOS; on Windows characters."""


def choose_place(text: str, environ: Mapping[str, str]) -> Path:
    """The folder that DEST means: a path, or a name in the folder where `create` makes environments.

    Raises:
        UsageError: it cannot be meant.
    """
    if not text:
        raise UsageError("an empty destination", hint="give a name, or a folder such as ./env")
    separators = "/\\" if os.name == "nt" else "/"
    if text.startswith((".", "~")) or any(s in text for s in separators) or text[1:2] == ":":
        return local_place(text)
    check_name(text)
    return local_place(os.path.join(default_envs_dir(environ), text))


def real_prefix(prefix: Path) -> Path:
    """The environment's own place, its parents without links.

    Raises:
        PrefixError: it is a link, or its conda-meta is.
    """
    if is_link(prefix):
        raise PrefixError("this is a link", where=str(prefix), hint="name its target")
    if is_link(prefix / META):
        raise PrefixError(f"its {META} is a link: nothing is written through it", where=str(prefix))
    return real_folder(prefix.parent) / prefix.name


def refuse_place(prefix: Path, place: Path, platform: str) -> None:
    """Refuse a destination.

    Args:
        prefix: the environment.
        place: where it is to go.
        platform: its subdir.

    Raises:
        UsageError: a path that `create` would refuse, the same place, or one inside the other.
        PrefixExistsError: something is there.
    """
    check_prefix(place, platform, "choose another destination")
    _refuse_unmakable(place)
    if _same(prefix, place):
        raise UsageError(
            "the environment is there already", where=str(place), hint="choose another place"
        )
    if _inside(place, prefix):
        raise UsageError(
            "the destination is inside the environment",
            where=str(place),
            hint="choose a folder outside of it",
        )
    if is_link(place):
        raise PrefixExistsError(
            "the destination is a link",
            where=str(place),
            hint=f"name its target: {shown(os.path.realpath(place))}",
        )
    for parent in place.parents:
        if any(
            (parent / name).exists()
            for name in ("conda-meta/sealenv", "conda-meta/history", MARKER)
        ):
            raise UsageError(
                "the destination is inside another environment",
                where=str(parent),
                hint="choose a folder outside of it",
            )
    state = state_of(place)
    if state is State.PENDING and is_locked(place):
        raise PrefixExistsError(
            "another process is making an environment at the destination", where=str(place)
        )
    if state not in {State.ABSENT, State.EMPTY, State.PENDING}:
        what = "an environment" if state is not State.OTHER else "something"
        raise PrefixExistsError(
            f"there is {what} at the destination already",
            where=str(place),
            hint="choose another place; an empty folder would do"
            if state is State.OTHER
            else f"choose another place, or remove it first: sealenv remove {shown(str(place))}",
        )


def refuse_staying(prefix: Path) -> None:
    """Refuse to copy what could not be taken away afterwards.

    Raises:
        FilesystemError: the folder, or the one that it is in, may not be written.
    """
    for folder in (prefix, prefix.parent):
        if not os.access(folder, os.W_OK | os.X_OK) and not os.path.ismount(prefix):
            raise FilesystemError(
                "the environment could be copied, and the old one not removed: its folder may not be "
                "written",
                where=str(folder),
                hint=f"fix its permissions; or keep both: sealenv clone {shown(str(prefix))} NEW",
            )


def refuse_rows(rows: Mapping[str, Row], place: Path, platform: str) -> None:
    """Refuse a place where paths would be too long.

    Raises:
        LinkError: see `refuse_long_paths`.
    """
    refuse_long_paths(place, platform, dict.fromkeys(rows, ()))


def rename_prefix(prefix: Path, place: Path) -> bool:
    """Rename a prefix to a place where there is nothing, or an empty folder.

    Returns:
        false where that is another file system, or one is mounted there: nothing was done.

    Raises:
        PrefixExistsError: something is there.
        FilesystemError: the file system refuses; the environment is where it was.
    """
    try:
        if _is_elsewhere(prefix, place):
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        if state_of(place) is State.EMPTY:
            with contextlib.suppress(FileNotFoundError):
                (place / META).rmdir()  # of a create that was killed before its mark
        while_held(lambda: rename_new(prefix, place))
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EBUSY} or getattr(error, "winerror", None) == 17:
            return False
        raise _not_renamed(prefix, place, error) from error
    return True


def _refuse_unmakable(place: Path) -> None:
    """A file where a folder would be, or a name that no file system takes (255 bytes, or characters)."""
    for parent in place.parents:
        if os.path.lexists(parent) and not parent.is_dir():
            raise UsageError(
                "a folder of the destination is a file or a link to nothing",
                where=str(parent),
                hint="choose another destination",
            )
    part = max(place.parts, key=lambda part: len(os.fsencode(part)))
    length = len(part) if os.name == "nt" else len(os.fsencode(part))
    if length > _LONGEST_NAME:
        raise UsageError(
            f"a folder of the destination has a name of {length} bytes; {_LONGEST_NAME} is the most",
            where=str(place),
            hint="choose a shorter name",
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.normcase(one) == os.path.normcase(other)


def _inside(inner: Path, outer: Path) -> bool:
    head = os.path.normcase(os.path.join(outer, ""))
    return os.path.normcase(os.path.join(inner, "")).startswith(head)


def _is_elsewhere(prefix: Path, place: Path) -> bool:
    """Whether no rename leads there; what can be told before a folder is made for it."""
    if os.path.ismount(place):  # no folder can take its place: it is copied into
        return True
    parent = next((folder for folder in place.parents if folder.is_dir()), prefix)
    return os.stat(parent).st_dev != os.stat(prefix).st_dev


def _not_renamed(prefix: Path, place: Path, error: OSError) -> SealenvError:
    if isinstance(error, FileExistsError):
        return PrefixExistsError(
            "something came to the destination meanwhile; the environment is where it was",
            where=str(place),
            hint="choose another place",
        )
    return FilesystemError(
        f"the environment cannot be renamed, and is where it was: {error.strerror}",
        where=str(prefix),
        details=held_in(prefix),
        hint="close what uses it or fix the permissions, then run the same command again",
    )
