"""Copy an environment into a folder that is visibly pending, and read it back."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from sealenv.errors import (
    CheckFailedError,
)
from sealenv.layout import (
    PKGS,
    USER_FOLDER,
    Entry,
)
from sealenv.prefix.pending import clear_pending, write_plan
from sealenv.progress import Reporter
from sealenv.relocation.userfolder import clear_user_folder, is_users
from sealenv.seals.path import native, root_of
from sealenv.store.view import link_pkgs
from sealenv.system.copying import copy_file, copy_link, set_owner, set_times
from sealenv.system.processors import processors
from sealenv.system.readers import Readers
from sealenv.system.renaming import rename_new

__all__ = [
    "Twins",
    "copy_one",
    "copy_prefix",
    "end_folders",
    "make_folders",
    "prepare",
]


def copy_prefix(
    source: Path, target: Path, entries: Sequence[Entry], reporter: Reporter
) -> dict[str, bytes]:
    """Copy everything but the seal, as it is: modes, times, links, hard links among themselves.

    Holes stay holes, and as root owners stay owners.

    Args:
        source: the environment; the caller holds its lock.
        target: the caller holds its lock: it is pending.
        entries: what is in the environment.
        reporter: is told.

    Returns:
        the sha256 of each file, as it was read back: path -> digest.

    Raises:
        OSError: something cannot be read or written.
        CheckFailedError: what was read back is not what was there.
        PrefixExistsError: the user folder of the target is a link.
    """
    prepare(target, entries, reporter)
    files = [e for e in entries if not (e.is_dir or e.is_link)]
    make_folders(target, entries)
    twins = Twins()
    for number, entry in enumerate(entries):
        copy_one(entry, target, twins)
        if number % 200 == 0:
            reporter.advance(number, len(entries), "files")
    end_folders(source, target, entries)
    return _compare(source, target, files)


def prepare(target: Path, entries: Sequence[Entry], reporter: Reporter) -> None:
    """Clear what an earlier run left in the target, and write down what is going to be there."""
    kept = clear_user_folder(target, entries) + clear_pending(target)
    if kept:
        reporter.warn(
            f"the pending folder held files that are not the environment's ({len(kept)}); they are "
            f"kept below {target / USER_FOLDER}"
        )
    write_plan(target, [e.relative.replace(os.sep, "/") for e in entries if not e.is_dir])


def make_folders(target: Path, entries: Sequence[Entry]) -> None:
    """Every folder, for us to write into: level by level, those of one by several threads.

    A file system takes longer to make a folder than a link, and lets go of us meanwhile.
    """
    from concurrent.futures import ThreadPoolExecutor

    levels: dict[int, list[str | bytes]] = {}
    for entry in entries:
        if entry.is_dir:
            levels.setdefault(entry.relative.count("/"), []).append(_in(target, entry))
    many = min(processors(), _MANY)
    with ThreadPoolExecutor(many) as pool:
        for depth in sorted(levels):
            folders = levels[depth]
            list(pool.map(_make, (folders[start::many] for start in range(many))))


_MANY = 4


def _make(folders: Sequence[str | bytes]) -> None:
    for folder in folders:
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)


def end_folders(source: Path, target: Path, entries: Sequence[Entry]) -> None:
    """Their owners, modes and times, children first: what was written into them changed these."""
    folders = [(_in(target, e), e.status) for e in entries if e.is_dir]
    for place, status in reversed([(os.fspath(target), os.lstat(source)), *folders]):
        set_owner(place, status)
        os.chmod(place, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
        if os.name == "posix":
            set_times(place, status)


class Twins:
    """Where the first name of a file with several names was copied to."""

    def __init__(self) -> None:
        self._first: dict[tuple[int, int], str | bytes] = {}

    def of(self, entry: Entry, place: str | bytes) -> str | bytes | None:
        """The place of a copy that this file is another name of."""
        if entry.status.st_nlink < 2 or not entry.status.st_ino:
            return None
        first = self._first.setdefault((entry.status.st_dev, entry.status.st_ino), place)
        return None if first == place else first


def copy_one(entry: Entry, target: Path, twins: Twins) -> None:
    """A file or a link; a further name of a file that was copied already becomes that again.

    What is in the user folder already was found to be the same: `prepare` has cleared the rest. A file
    gets its name there when it is whole, so that a killed run leaves nothing that looks like yours.
    """
    place = _in(target, entry)
    if entry.is_dir:
        return
    if is_users(entry.relative) and os.path.lexists(place):
        twins.of(entry, place)
        return
    if entry.is_link:
        _copy_any_link(entry, place, target)
        return
    twin = twins.of(entry, place)
    if twin is not None:
        with contextlib.suppress(OSError):  # a file system without hard links
            os.link(twin, place)
            return
    if not is_users(entry.relative):
        copy_file(_raw(entry), place, entry.status)
        return
    plain = os.fsdecode(place)
    partial = os.path.join(
        os.path.dirname(plain), f".{os.path.basename(plain)}.{os.urandom(8).hex()}.part"
    )
    try:
        copy_file(_raw(entry), partial, entry.status)
        rename_new(Path(partial), Path(plain))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def _copy_any_link(entry: Entry, place: str | bytes, target: Path) -> None:
    """A link; on Windows `pkgs` is a junction."""
    if os.name == "nt" and entry.relative == PKGS:
        link_pkgs(target, Path(os.readlink(entry.path).removeprefix("\\\\?\\")))
        return
    copy_link(_raw(entry), place, entry.status)


def _compare(source: Path, target: Path, files: Sequence[Entry]) -> dict[str, bytes]:
    """Both sides, read and compared by sha256."""
    names = [e.relative.replace(os.sep, "/") for e in files]
    sizes = [e.status.st_size for e in files]
    with Readers() as readers:
        tasks = [readers.sha256(root_of(place), names, sizes) for place in (source, target)]
        there, here = (task.finish() for task in tasks)
    digests = {}
    for name, one, other in zip(names, there, here, strict=True):
        if isinstance(one, OSError) or isinstance(other, OSError) or one != other:
            raise CheckFailedError(
                "what was copied is not what was there",
                where=str(target / name),
                hint="did something write into the environment meanwhile? Run the same command again",
            )
        digests[name] = other[0]
    return digests


def _in(target: Path, entry: Entry) -> str | bytes:
    # An entry's path is in the locale's surrogates: os.fsencode gives its bytes again.
    if os.name == "nt":
        return native(target, entry.relative)
    return os.path.join(os.fsencode(target), os.fsencode(entry.relative))


def _raw(entry: Entry) -> str | bytes:
    return entry.path if os.name == "nt" else os.fsencode(entry.path)
