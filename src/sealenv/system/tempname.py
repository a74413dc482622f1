"""The name that a file has while it is written: `.NAME.<16 hex>` in the same folder, and back."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Iterator

__all__ = ["PART", "final_path", "temporary_path", "told_of"]

PART = ".part"
"""What the name of a large file ends with besides, which may take long."""

_WRITING = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG})
"""What only writing says, without a name."""
_LONGEST = 255 - len("..") - 16
"""Bytes of a name that has room for two dots and 16 digits (NAME_MAX of all usual file systems)."""

_TEMPORARY = re.compile(
    r"(?P<folder>(?:.*/)?)\.(?P<name>[^/]+)\.[0-9a-f]{16}(?P<suffix>\.part)?", re.DOTALL
)


def temporary_path(path: str, suffix: str = "") -> str:
    """A path for a file that is going to replace another one.

    Of a name that has no room for more its beginning is taken: `final_path` does not know it again.

    Args:
        path: of what is to be replaced.
        suffix: `PART` or none.
    """
    folder, name = os.path.split(path)
    while len(os.fsencode(name)) > _LONGEST - len(PART):
        name = name[:-1]  # a character, not a byte: some file systems take UTF-8 alone
    return os.path.join(folder, f".{name}.{os.urandom(8).hex()}{suffix}")


def final_path(path: str, suffix: str = "") -> str | None:
    """What a file was going to replace; None where its name is not a temporary one with that suffix.

    Args:
        path: a name, or a relative path with slashes.
        suffix: `PART` or none.
    """
    found = _TEMPORARY.fullmatch(path)
    if found is None or (found["suffix"] or "") != suffix:
        return None
    return found["folder"] + found["name"]


@contextlib.contextmanager
def told_of(path: str | os.PathLike[str], partial: str | os.PathLike[str]) -> Iterator[None]:
    """Let what the operating system says of the temporary file be said of the one that is meant.

    Args:
        path: the one that is meant.
        partial: its temporary one.

    Raises:
        OSError: the same, with that name.
    """
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None and error.errno in _WRITING
        if unnamed or (error.filename == os.fspath(partial) and error.filename2 is None):
            error.filename = os.fspath(path)
        raise
