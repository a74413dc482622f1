"""The registry itself."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

from sealenv.checkup.registry import Key, Registry, Value

__all__ = ["ansi_code_page", "this_registry"]

if sys.platform == "win32":
    import winreg

    _HIVES = {"HKCU": winreg.HKEY_CURRENT_USER, "HKLM": winreg.HKEY_LOCAL_MACHINE}
    _VIEWS = {64: winreg.KEY_WOW64_64KEY, 32: winreg.KEY_WOW64_32KEY}

    class _WinRegistry:
        """`winreg`, without expanding or changing anything."""

        def _open(self, key: Key, access: int) -> winreg.HKEYType:
            return winreg.OpenKey(_HIVES[key.hive], key.path, 0, access | _VIEWS[key.view])

        def value(self, key: Key, name: str) -> Value | None:
            try:
                with self._open(key, winreg.KEY_READ) as opened:
                    data, kind = winreg.QueryValueEx(opened, name)
            except FileNotFoundError:
                return None
            return Value(kind, data)

        def values(self, key: Key) -> Iterator[tuple[str, Value]]:
            try:
                with self._open(key, winreg.KEY_READ) as opened:
                    count = winreg.QueryInfoKey(opened)[1]
                    found = [winreg.EnumValue(opened, number) for number in range(count)]
            except FileNotFoundError:
                return
            for name, data, kind in found:
                yield name, Value(kind, data)

        def subkeys(self, key: Key) -> Iterator[str]:
            try:
                with self._open(key, winreg.KEY_READ) as opened:
                    count = winreg.QueryInfoKey(opened)[0]
                    yield from [winreg.EnumKey(opened, number) for number in range(count)]
            except FileNotFoundError:
                return

        def write(self, key: Key, name: str, value: Value | None) -> None:
            with self._open(key, winreg.KEY_SET_VALUE) as opened:
                if value is None:
                    with contextlib.suppress(FileNotFoundError):
                        winreg.DeleteValue(opened, name)
                else:
                    winreg.SetValueEx(opened, name, 0, value.kind, value.data)
            if key.path.lower().endswith("environment"):
                _tell_programs()

        def writable(self, key: Key) -> bool:
            try:
                self._open(key, winreg.KEY_SET_VALUE).Close()
            except OSError:
                return False
            return True

    def _tell_programs() -> None:
        """Explorer hands its environment to what it starts: it is told that the registry's changed."""
        import ctypes

        everybody, setting_changed, give_up_if_hung = 0xFFFF, 0x1A, 0x2
        ctypes.windll.user32.SendMessageTimeoutW(
            everybody, setting_changed, 0, "Environment", give_up_if_hung, 1000, None
        )

    def this_registry() -> Registry | None:
        """The registry of this machine; None where there is none."""
        return _WinRegistry()

    def ansi_code_page() -> int:
        """What programs that know no Unicode take for text; 65001 is UTF-8."""
        import ctypes

        return int(ctypes.windll.kernel32.GetACP())

else:

    def this_registry() -> Registry | None:
        """The registry of this machine; None where there is none."""
        return None

    def ansi_code_page() -> int:
        """What programs that know no Unicode take for text; 65001 is UTF-8."""
        return 65001
