"""Empty a pending prefix: delete what a create wrote, keep everything else.

`conda-meta/sealenv.plan` lists every path before it is linked; the steps of create also write to known
paths. Any other file belongs to the user and is moved into the user folder, never deleted.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from sealenv.layout import ACTIVATION, MARKER, META, PKGS, PLAN, USER_FOLDER, Entry, walk
from sealenv.system.files import final_path, read_regular, write_atomic

__all__ = ["REMOVING", "clear_pending", "kept_folder", "read_plan", "write_plan"]

_KEPT = "kept-from-pending"
_OURS = re.compile(
    r"conda-meta/.*|etc/sealenv/.*|\.?\.condarc(\.[0-9a-f]{16})?|CACHEDIR\.TAG|"
    rf"\.?({'|'.join(map(re.escape, ACTIVATION))})(\.[0-9a-f]{{16}})?|"
    r"(.*/)?[^/]+\.dist-info/(INSTALLER|REQUESTED|RECORD)[^/]*\.tmp|"  # while pip writes them
    r"\.refprobe-[A-Za-z0-9]{6}/(src|dst)|"  # the engine tests for reflinks
    r"__clobbers__/.*|\.sealenv-scratch/.*|\.messages\.txt|(.*/)?__pycache__/[^/]+\.pyc(\.\d+)?"
)
_SYMLINK_TEST = re.compile(r"symtest_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""py-rattler tests before each package whether the file system has symbolic links."""

REMOVING = b"removing\n"
"""The marker's content while an environment is removed."""


def write_plan(prefix: Path, paths: Iterable[str]) -> None:
    """Write the paths that will be linked, before the first of them is."""
    write_atomic(prefix / PLAN, "\0".join(paths).encode("utf-8", "surrogateescape"))


def clear_pending(prefix: Path) -> list[str]:
    """Empty a pending prefix, except for the marker and the plan.

    The caller holds the lock. After a kill it can be called again.

    Returns:
        the relative paths of other files, which are now below `__home__`.
    """
    planned = read_plan(prefix)
    kept: list[str] = []
    target: Path | None = None
    for entry in reversed(list(walk(prefix, skip=frozenset({USER_FOLDER, MARKER, PLAN, META})))):
        if entry.is_dir:
            with contextlib.suppress(OSError):  # not empty: it holds files of the user
                os.rmdir(entry.path)
        elif _is_ours(entry, planned):
            os.unlink(entry.path)
        else:
            target = target or kept_folder(prefix)
            place = target / entry.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(entry.path, place)
            kept.append(entry.relative)
            with contextlib.suppress(OSError):
                os.rmdir(Path(entry.path).parent)
    for child in (prefix / META).iterdir():
        if f"{META}/{child.name}" not in {MARKER, PLAN} and not child.is_dir():
            child.unlink()
    return sorted(kept)


def _is_ours(entry: Entry, planned: frozenset[str]) -> bool:
    path = entry.relative.replace(os.sep, "/")
    if path == PKGS or _SYMLINK_TEST.fullmatch(path):
        return entry.is_link
    if path in planned or _OURS.fullmatch(path) is not None:
        return True
    return final_path(path) in planned  # a planned file was being replaced (`patch`)


def read_plan(prefix: Path) -> frozenset[str]:
    """Return the planned paths; none if the plan does not exist."""
    try:
        data = read_regular(prefix / PLAN)
    except OSError:
        return frozenset()
    return frozenset(data.decode("utf-8", "surrogateescape").split("\0"))


def kept_folder(prefix: Path) -> Path:
    """Create a new folder in the user folder for files that are kept."""
    number = 1
    while True:
        folder = prefix / USER_FOLDER / f"{_KEPT}-{number}"
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1
