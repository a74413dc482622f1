"""The registry of Windows. Other systems have none."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Key:
    """A key, and the view through which it is read.

    Attributes:
        hive: `HKCU` or `HKLM`.
        path: below it.
        view: 64, or 32: what 32-bit programs see (WOW6432Node).
    """

    hive: str
    path: str
    view: int = 64

    def __str__(self) -> str:
        return f"{self.hive}\\{self.path}{' (32-bit)' if self.view == 32 else ''}"


@dataclass(frozen=True)
class Value:
    """A value: the number of its type, and its data."""

    kind: int
    data: str | int | bytes | list[str] | None

    @property
    def text(self) -> str:
        """The data as one line."""
        return "" if self.data is None else str(self.data)


class Registry(Protocol):
    """The operations that checks and fixes use. Every method raises OSError if the system refuses."""

    def value(self, key: Key, name: str) -> Value | None:
        """Return a value; None if the key or the value does not exist."""

    def values(self, key: Key) -> Iterable[tuple[str, Value]]:
        """Return the names and values of a key, if it exists."""

    def subkeys(self, key: Key) -> list[str]:
        """Return the names of the keys in an existing key."""

    def write(self, key: Key, name: str, value: Value | None) -> None:
        """Set a value of an existing key, or delete it (None)."""

    def writable(self, key: Key) -> bool:
        """Return whether this user may write to the key."""


if sys.platform == "win32":
    import ctypes
    import winreg

    _HIVES = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
    _VIEWS = {64: winreg.KEY_WOW64_64KEY, 32: winreg.KEY_WOW64_32KEY}

    class _WinRegistry:
        """Wraps `winreg`; expands nothing."""

        def _open(self, key: Key, access: int = winreg.KEY_READ) -> winreg.HKEYType:
            return winreg.OpenKey(_HIVES[key.hive], key.path, 0, access | _VIEWS[key.view])

        def value(self, key: Key, name: str) -> Value | None:
            try:
                with self._open(key) as opened:
                    data, kind = winreg.QueryValueEx(opened, name)
            except FileNotFoundError:
                return None
            return Value(kind, data)

        def values(self, key: Key) -> Iterator[tuple[str, Value]]:
            with contextlib.suppress(FileNotFoundError), self._open(key) as opened:
                for number in range(winreg.QueryInfoKey(opened)[1]):
                    name, data, kind = winreg.EnumValue(opened, number)
                    yield name, Value(kind, data)

        def subkeys(self, key: Key) -> list[str]:
            with self._open(key) as opened:
                return [winreg.EnumKey(opened, i) for i in range(winreg.QueryInfoKey(opened)[0])]

        def write(self, key: Key, name: str, value: Value | None) -> None:
            with self._open(key, winreg.KEY_SET_VALUE) as opened:
                if value is None:
                    with contextlib.suppress(FileNotFoundError):
                        winreg.DeleteValue(opened, name)
                else:
                    winreg.SetValueEx(opened, name, 0, value.kind, value.data)
            if key.path.lower().endswith("environment"):
                _announce()

        def writable(self, key: Key) -> bool:
            try:
                self._open(key, winreg.KEY_SET_VALUE).Close()
            except OSError:
                return False
            return True

    def _announce() -> None:
        """Make Explorer read the variables again, for the programs that it starts."""
        everybody, setting_changed, give_up_if_hung = 0xFFFF, 0x1A, 0x2
        ctypes.windll.user32.SendMessageTimeoutW(
            everybody, setting_changed, 0, "Environment", give_up_if_hung, 1000, None
        )

    def this_registry() -> Registry | None:
        """Return the registry of this machine."""
        return _WinRegistry()
else:

    def this_registry() -> Registry | None:
        """Return None: this system has no registry."""
        return None


FILE_SYSTEM = Key("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem")


def long_paths_enabled(registry: Registry) -> bool:
    """Return whether LongPathsEnabled is set."""
    value = registry.value(FILE_SYSTEM, "LongPathsEnabled")
    return value is not None and value.data == 1
