"""A registry in memory; beside it tests/windows/test_doctor.py has the real one."""

from __future__ import annotations

from collections.abc import Iterator

from sealenv.checkup.registry import Key, Value

__all__ = ["FakeRegistry"]


class FakeRegistry:
    """Values by key and name; some keys refuse."""

    def __init__(self) -> None:
        self.content: dict[Key, dict[str, Value]] = {}
        self.secret: set[Key] = set()
        self.guarded: set[str] = set()
        """Hives that may not be written."""

    def put(self, key: Key, name: str, data: str | int, kind: int = 1) -> None:
        self.content.setdefault(key, {})[name] = Value(kind, data)

    def _key(self, key: Key) -> dict[str, Value]:
        if key in self.secret:
            raise PermissionError(13, "Access is denied", str(key))
        return self.content.get(key, {})

    def value(self, key: Key, name: str) -> Value | None:
        return self._key(key).get(name)

    def values(self, key: Key) -> Iterator[tuple[str, Value]]:
        yield from self._key(key).items()

    def subkeys(self, key: Key) -> Iterator[str]:
        below = {
            k.path[len(key.path) + 1 :].split("\\")[0]
            for k in self.content
            if (k.hive, k.view) == (key.hive, key.view) and k.path.startswith(key.path + "\\")
        }
        yield from sorted(below)

    def write(self, key: Key, name: str, value: Value | None) -> None:
        if key.hive in self.guarded:
            raise PermissionError(13, "Access is denied", str(key))
        if value is None:
            self.content[key].pop(name, None)
        else:
            self.content.setdefault(key, {})[name] = value

    def writable(self, key: Key) -> bool:
        return key.hive not in self.guarded
