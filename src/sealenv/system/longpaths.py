"""How long a path may be on this machine."""

from __future__ import annotations

import sys

__all__ = ["longest_path"]

_MAX_PATH = 260

if sys.platform == "win32":
    import winreg

    def longest_path() -> int | None:
        r"""Characters, without the closing NUL; None when there is no limit that matters.

        LongPathsEnabled (read, never written) lets programs that say so in their manifest, such as
        python.exe, go past MAX_PATH.
        """
        place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
                enabled, _ = winreg.QueryValueEx(key, "LongPathsEnabled")
        except OSError:
            enabled = 0
        return None if enabled == 1 else _MAX_PATH - 1

else:

    def longest_path() -> int | None:
        """Characters; None when there is no limit that matters."""
        return None
