"""The registry of Windows as the checks see it; on other systems there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sealenv.masking import masked_value

__all__ = ["EXPAND", "MULTI", "TEXT", "Key", "Registry", "Value"]

TEXT = 1
"""REG_SZ"""
EXPAND = 2
"""REG_EXPAND_SZ: %NAME% in it is expanded."""
MULTI = 7
"""REG_MULTI_SZ"""


@dataclass(frozen=True)
class Key:
    """A key, and through which view it is looked at.

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
    """A value: the number of its type, and what it holds.

    Texts are str, numbers int, anything else bytes or a list of str.
    """

    kind: int
    data: str | int | bytes | list[str] | None

    @property
    def text(self) -> str:
        """What it holds, as one line."""
        if isinstance(self.data, bytes):
            return self.data.hex(" ")
        if isinstance(self.data, list):
            return " | ".join(self.data)
        return "" if self.data is None else str(self.data)

    def shown(self, name: str) -> str:
        """The same without secrets, where it is the value of that name."""
        return masked_value(name, self.text)


class Registry(Protocol):
    """What checks and fixes need of it; every method raises OSError where the system refuses."""

    def value(self, key: Key, name: str) -> Value | None:
        """A value; None where key or value are not there."""

    def values(self, key: Key) -> Iterable[tuple[str, Value]]:
        """The names and values of a key; nothing where it is not there."""

    def subkeys(self, key: Key) -> Iterable[str]:
        """The names of the keys below it; nothing where it is not there."""

    def write(self, key: Key, name: str, value: Value | None) -> None:
        """Set a value of a key that is there, or delete it (None)."""

    def writable(self, key: Key) -> bool:
        """Whether we may write into the key."""
