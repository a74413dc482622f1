"""Delete what is ours, whatever stands in the way for a moment; never through a link."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from sealenv.layout import is_link
from sealenv.system.holders import is_held, while_held

__all__ = ["delete"]


def delete(path: Path) -> None:
    """Remove a file, a link (never what it leads to), or a folder with everything in it.

    Read-only folders of packages are no hindrance; on Windows a file that somebody holds open is
    waited for.

    Raises:
        OSError: as the operating system says; the rest may be gone.
    """
    if is_link(path) or not path.is_dir():
        _unlink(path)
    else:
        shutil.rmtree(path, onerror=_insist)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:
        if os.name != "nt":
            raise
        # A junction is removed as a folder; a read-only file only after its attribute.
        if is_link(path):
            path.rmdir()
            return
        path.chmod(stat.S_IWRITE)
        while_held(path.unlink)


def _insist(function: Any, path: str, info: Any) -> None:
    """Once more, after what stood in the way: permissions on POSIX, an open handle on Windows."""
    error = info[1]
    if os.name == "nt" and is_held(error):
        if os.path.isfile(path):
            os.chmod(path, stat.S_IWRITE)
        while_held(lambda: function(path))
        return
    _make_writable(function, path, error)


def _make_writable(function: Any, path: str, error: Exception) -> None:
    """Read-only folders of packages: give us back the right to empty them, once."""
    if not isinstance(error, PermissionError):
        raise error
    parent = os.path.dirname(path)
    for folder in (parent, path):
        if not os.path.islink(folder):
            os.chmod(folder, stat.S_IRWXU | os.lstat(folder).st_mode)
    if function in {os.open, os.scandir, os.lstat}:
        shutil.rmtree(path)
    else:
        function(path)
