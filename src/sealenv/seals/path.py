"""A path of a prefix as the file table names it: its kind, and what the operating system calls it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["FILE", "FOLDER", "LINK", "TYPES", "native", "raw", "readable", "root_of"]

FILE, LINK, FOLDER = "f", "l", "d"
TYPES = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, FOLDER: stat.S_IFDIR}
"""What a path's mode says besides."""


def raw(path: str) -> bytes:
    """A path, or several with a NUL between two, as UTF-8."""
    return path.encode("utf-8", "surrogateescape")


def readable(path: str) -> str:
    """As text for a seal, which is JSON: bytes that are no UTF-8 as `\\xNN`."""
    return raw(path).decode("utf-8", "backslashreplace")


def native(prefix: Path, path: str) -> str | bytes:
    """A path as the operating system takes it."""
    if os.name == "nt":
        from sealenv.system.volumes import extended

        return f"{extended(prefix)}\\{path.replace('/', os.sep)}"
    return os.path.join(os.fsencode(prefix), raw(path))


def root_of(prefix: Path) -> str:
    """What comes before a path for `host.readers`."""
    root = native(prefix, "")
    return root.decode("utf-8", "surrogateescape") if isinstance(root, bytes) else root
