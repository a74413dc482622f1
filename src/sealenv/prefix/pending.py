"""A pending prefix: its marker and the lock on it, its plan, and how to empty it.

The marker is the first file written into a new prefix and the last one removed. Its first line is the
token that lets our own check pass the activation script. The parent, the engine and link scripts share
the lock: while one of them lives, no other create touches the prefix.

`conda-meta/sealenv.plan` lists every path before it is linked; the steps of create also write to known
paths. Any other file belongs to the user and is moved into the user folder, never deleted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import (
    FilesystemError,
    PrefixExistsError,
    PrefixLockedError,
)
from sealenv.layout import (
    ACTIVATION,
    HISTORY,
    MARKER,
    META,
    PKGS,
    PLAN,
    SEAL,
    USER_FOLDER,
    Entry,
    State,
    is_link,
    state_of,
    walk,
)
from sealenv.naming import shown
from sealenv.system.filelock import open_removable, try_lock, unlock
from sealenv.system.files import final_path, read_regular, write_atomic

_PARENT, _ENGINE = 0, 1
_JOINED: list[int] = []


@dataclass
class PrefixLock:
    """Exclusive use of a prefix, from the first write to the commit.

    Attributes:
        prefix: the prefix.
        fd: the descriptor of its marker, which is locked; -1 if it was released.
        token: the first line of the marker.
    """

    prefix: Path
    fd: int
    token: str

    @classmethod
    def acquire(cls, prefix: Path) -> PrefixLock:
        """Mark the prefix as pending and lock it.

        The target does not exist, is an empty folder, or is pending from an earlier create.

        Raises:
            PrefixExistsError: it holds something else, or is a link.
            PrefixLockedError: another process works on it.
            FilesystemError: it cannot be written.
        """
        refuse_unless_free(prefix)
        try:
            (prefix / META).mkdir(parents=True, exist_ok=True)
            fd = _open_marker(prefix)
        except OSError as error:
            raise FilesystemError(
                f"the environment cannot be started: {error.strerror}",
                where=str(prefix),
                hint="choose a folder that you may write, or make room",
            ) from error
        if not take(fd) or not _same(fd, prefix / MARKER):
            os.close(fd)
            raise PrefixLockedError(
                "another process is creating this environment",
                where=str(prefix),
                hint="wait for it to end, or choose another name; children of a killed process end by "
                "themselves within seconds",
            )
        token = os.urandom(16).hex()
        try:
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, f"{token}\n".encode())
            os.fsync(fd)
        except BaseException:
            os.close(fd)
            raise
        return cls(prefix, fd, token)

    def share(self) -> None:
        """Let the engine join. No other create can: it would need the lock exclusively."""
        # On Windows the engine has a slot of its own.
        if os.name != "nt" and not try_lock(self.fd, shared=True, slot=_PARENT):
            raise PrefixLockedError(
                "another process took this environment over",
                where=str(self.prefix),
                hint="run the same command again when it has ended",
            )

    def holds(self) -> bool:
        """Return whether the marker is still the file that we wrote."""
        return _same(self.fd, self.prefix / MARKER)

    def commit(self) -> None:
        """Remove the marker: the prefix is finished."""
        (self.prefix / PLAN).unlink(missing_ok=True)
        marker = self.prefix / MARKER
        if os.name == "nt":
            # A removed file keeps its name until it is closed; a rename takes effect at once.
            marker = marker.rename(marker.with_name(f".{marker.name}.{self.token}"))
        marker.unlink()
        _sync_folder(self.prefix / META)
        self.close()

    def close(self) -> None:
        """Release the lock; if the marker still exists, the prefix stays pending."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def refuse_unless_free(prefix: Path, advice: str | None = None) -> None:
    """Refuse a target that holds anything but an unfinished create.

    Args:
        prefix: the target.
        advice: what else can be done about a sealed environment, instead of its removal.

    Raises:
        PrefixExistsError: it holds something else, or is a link.
    """
    hint = f"choose another name, or remove it first: sealenv remove {shown(str(prefix))}"
    if is_link(prefix):
        raise PrefixExistsError("the target is a link", where=str(prefix), hint="name its target")
    state = state_of(prefix)
    if state is State.PENDING and _is_bootstraps(prefix):
        raise PrefixExistsError(
            "a standalone script began this environment and did not finish it",
            where=str(prefix),
            hint=f"run that script again, or: sealenv remove {shown(str(prefix))}",
        )
    if state in {State.ABSENT, State.EMPTY, State.PENDING}:
        return
    what = {
        State.SEALED: "the environment already exists",
        State.FOREIGN: "the environment already exists, made by another tool",
        State.OTHER: "the target is not an empty folder",
    }[state]
    if state is State.SEALED and advice:
        hint = f"choose another name, or {advice}"
    if state is State.OTHER:
        hint = "choose another name or folder; sealenv deletes nothing that it did not make"
    raise PrefixExistsError(what, where=str(prefix), hint=hint)


def _is_bootstraps(prefix: Path) -> bool:
    """Return whether a standalone script wrote the marker; it writes no plan of its files."""
    try:
        return read_regular(prefix / MARKER).startswith(b"sealenv-bootstrap ")
    except OSError:  # gone, or held by its script
        return False


def is_locked(prefix: Path) -> bool:
    """Return whether a process works on a pending prefix right now."""
    try:
        fd = open_removable(prefix / MARKER, new=False)
    except OSError:
        return False
    try:
        return not take(fd)
    finally:
        os.close(fd)


def join(prefix: str) -> None:
    """Hold the lock in this process too, until it ends.

    Raises:
        PrefixLockedError: another create holds the marker.
    """
    fd = open_removable(Path(prefix, MARKER), new=False)
    if not try_lock(fd, shared=True, slot=_ENGINE):
        os.close(fd)
        raise PrefixLockedError("another process took this environment over", where=prefix)
    _JOINED.append(fd)


def _open_marker(prefix: Path) -> int:
    """Open the marker; create it if it does not exist.

    Another create may have finished since the prefix was checked. Then the new marker is in a finished
    environment, and is removed again.

    Raises:
        PrefixExistsError: that happened.
    """
    while True:
        if is_link(prefix / MARKER):  # Windows has no O_NOFOLLOW
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(prefix / MARKER))
        with contextlib.suppress(FileNotFoundError):
            return open_removable(prefix / MARKER, new=False)
        try:
            fd = open_removable(prefix / MARKER, new=True)
        except FileExistsError:
            continue
        if not any((prefix / name).exists() for name in (SEAL, HISTORY)):
            return fd
        os.close(fd)
        (prefix / MARKER).unlink(missing_ok=True)
        raise PrefixExistsError(
            "another process has just created this environment",
            where=str(prefix),
            hint="use it, or choose another name",
        )


def take(fd: int) -> bool:
    """Take the lock exclusively: on Windows, where the engine has its own slot, both slots."""
    if not try_lock(fd, slot=_PARENT):
        return False
    if os.name == "nt":
        if not try_lock(fd, slot=_ENGINE):
            unlock(fd, slot=_PARENT)
            return False
        unlock(fd, slot=_ENGINE)
    return True


def _same(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


_KEPT = "kept"
_OURS = re.compile(
    r"conda-meta/.*|etc/sealenv/.*|\.?\.condarc(\.[0-9a-f]{16})?|CACHEDIR\.TAG|"
    rf"\.?({'|'.join(map(re.escape, ACTIVATION))})(\.[0-9a-f]{{16}})?|"
    r"(.*/)?[^/]+\.dist-info/(INSTALLER|REQUESTED|RECORD)[^/]*\.tmp|"  # while pip writes them
    r"\.refprobe-[A-Za-z0-9]{6}/(src|dst)|"  # the engine tests for reflinks
    r"__clobbers__/.*|\.sealenv-scratch/.*|\.messages\.txt|(.*/)?__pycache__/[^/]+\.pyc(\.\d+)?"
)
_PINNED = f"{META}/pinned"
"""conda's file in which the user pins packages."""
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
    kept: dict[str, Path] = {}
    own = frozenset({USER_FOLDER, MARKER, PLAN, META})
    for entry in reversed(list(walk(prefix, skip=own))):
        path = Path(entry.path)
        if entry.is_dir:
            with contextlib.suppress(OSError):  # not empty: it holds files of the user
                path.rmdir()
        elif _is_ours(entry, planned):
            path.unlink()
        else:
            kept[entry.relative] = path
    for child in (prefix / META).iterdir():
        relative = f"{META}/{child.name}"
        if relative == _PINNED:
            kept[relative] = child
        elif relative not in {MARKER, PLAN} and not child.is_dir():
            child.unlink()
    _keep(prefix, kept)
    return sorted(kept)


def _keep(prefix: Path, files: Mapping[str, Path]) -> None:
    """Move files into a new folder in the user folder; remove folders that become empty."""
    number = 1
    while (prefix / USER_FOLDER / f"{_KEPT}-{number}").exists():
        number += 1
    for relative, path in files.items():
        place = prefix / USER_FOLDER / f"{_KEPT}-{number}" / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, place)
        with contextlib.suppress(OSError):
            os.removedirs(path.parent)


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
