"""The keys of the Windows registry that installers, shells and package managers write."""

from __future__ import annotations

import sys
from collections.abc import Iterator

__all__ = ["KEYS", "read_registry"]

KEYS = (
    ("HKCU", "Environment"),
    ("HKCU", r"Software\Microsoft\Command Processor"),
    ("HKCU", r"Software\Python"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\App Paths"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Run"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Uninstall"),
    ("HKCU", r"Software\Classes\.py"),
    ("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"),
    ("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem"),
    ("HKLM", r"Software\Microsoft\Command Processor"),
    ("HKLM", r"Software\Python"),
    ("HKLM", r"Software\Microsoft\Windows\CurrentVersion\App Paths"),
    ("HKLM", r"Software\Microsoft\Windows\CurrentVersion\Run"),
)
"""In full, in the 64-bit and the 32-bit view."""

Values = dict[str, str]
"""`key\\name` -> type and data."""


def read_registry() -> dict[str, Values | None]:
    r"""`HKCU\Environment (64-bit)` -> its values and those of all keys below; None: it is not there.

    Empty where there is no registry.
    """
    found: dict[str, Values | None] = {}
    if sys.platform == "win32":
        import winreg

        for hive, path in KEYS:
            root = winreg.HKEY_CURRENT_USER if hive == "HKCU" else winreg.HKEY_LOCAL_MACHINE
            for bits, view in ((64, winreg.KEY_WOW64_64KEY), (32, winreg.KEY_WOW64_32KEY)):
                found[f"{hive}\\{path} ({bits}-bit)"] = _read(root, path, view)
    return found


if sys.platform == "win32":
    import winreg

    def _read(root: int, path: str, view: int) -> Values | None:
        try:
            with winreg.OpenKey(root, path, access=winreg.KEY_READ | view) as key:
                values = {name: f"{kind}:{data!r}" for name, data, kind in _values(key)}
                names = list(_names(key))
        except OSError:
            return None
        for name in names:
            below = _read(root, f"{path}\\{name}", view)
            values[f"{name}\\"] = ""
            values |= {f"{name}\\{inner}": text for inner, text in (below or {}).items()}
        return values

    def _values(key: winreg.HKEYType) -> Iterator[tuple[str, object, int]]:
        for index in range(winreg.QueryInfoKey(key)[1]):
            yield winreg.EnumValue(key, index)

    def _names(key: winreg.HKEYType) -> Iterator[str]:
        for index in range(winreg.QueryInfoKey(key)[0]):
            yield winreg.EnumKey(key, index)
