"""Where `lock` writes, and what it may write over: a lock of sealenv's, and nothing else unasked."""

from __future__ import annotations

from pathlib import Path

from sealenv.errors import OutputExistsError, SpecError, UsageError
from sealenv.locks import LockFile
from sealenv.locks.explicit import ExplicitList
from sealenv.locks.head import MARK
from sealenv.locks.read import read_file
from sealenv.naming import check_name
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.system.files import check_output

__all__ = ["DEFAULT_FILE", "choose_output", "read_previous"]

DEFAULT_FILE = "sealenv.lock"


def choose_output(
    output: str | None, file: Path | None, read: LockFile | ExplicitList | EnvironmentFile | None
) -> Path | None:
    """The file to write; None for stdout.

    Args:
        output: what the user said, if anything.
        file: what is read, if anything.
        read: its content.

    Raises:
        UsageError: an empty name.
    """
    if output == "-":
        return None
    if output is not None:
        if not output.strip():
            raise UsageError("-o: an empty file name", hint="name the lock to write; - is stdout")
        return Path(output)
    if file is None or read is None:
        return Path(DEFAULT_FILE)
    if isinstance(read, LockFile):
        return file if _is_ours(file) else Path(DEFAULT_FILE)
    name = read.name if isinstance(read, EnvironmentFile) else None
    if name and isinstance(read, EnvironmentFile):
        check_name(name, read.name_place)  # it becomes a file's
    return Path(f"{name or file.stem}.lock")


def read_previous(place: Path | None, *, force: bool) -> LockFile | None:
    """What the file holds that will be written over.

    Raises:
        OutputExistsError: it is there, and is not a lock of ours; or it is a link or a folder.
        NotFoundError: its folder is not there.
    """
    if place is None:
        return None
    check_output(place, force=True)  # now, not after solving
    if not place.exists():
        return None
    if not _is_ours(place):
        if force:
            return None
        raise OutputExistsError(
            "the file is there, and is not a lock that sealenv made",
            where=str(place),
            hint="name another one with -o, or --force",
        )
    try:
        read = read_file(place)
    except SpecError:
        if force:
            return None
        raise
    return read if isinstance(read, LockFile) else None


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(MARK)) == MARK.encode()
    except OSError:
        return False
