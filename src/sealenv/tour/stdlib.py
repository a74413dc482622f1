"""The files of a standard library that belong into a package: no tests, no IDLE, no add-ons."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.tour.archive import Payload

__all__ = ["tree"]

_LEAVE_OUT_FOLDERS = frozenset(
    {"__pycache__", "dist-packages", "idle_test", "idlelib", "site-packages", "test", "tests"}
)
_LEAVE_OUT_FILES = frozenset(
    {
        "EXTERNALLY-MANAGED",
        "README.venv",
        "_distutils_system_mod.py",
        "sitecustomize.py",
        "usercustomize.py",
    }
)
_TEST_MODULE = re.compile(r"(_test\w*|_ctypes_test|_xxtestfuzz|xxlimited\w*|xxsubtype)\.")


def tree(root: Path, at: str) -> Iterator[Payload]:
    """Yield the files under `root` as payload under the relative path `at`.

    A link that stays inside `root` remains a link; one that leads outside is replaced by the file
    that it leads to; a dangling one is left out.
    """
    real_root = root.resolve()
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _LEAVE_OUT_FOLDERS)
        here = Path(folder)
        for name in sorted(files):
            if name in _LEAVE_OUT_FILES or name.endswith((".a", ".pyc", ".pyo")):
                continue
            if (
                name.endswith((".so", ".py"))
                and _TEST_MODULE.match(name)
                and "lib-dynload" in folder
            ):
                continue
            source = here / name
            path = f"{at}/{source.relative_to(root).as_posix()}"
            real = source.resolve()
            if not real.is_file():
                continue
            if source.is_symlink() and real.is_relative_to(real_root):
                link = os.path.relpath(real, here.resolve())
                yield Payload(path, symlink_target=link)
                continue
            yield Payload(path, source=real, executable=os.access(real, os.X_OK))
