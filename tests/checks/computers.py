"""Fake machines to examine, and a fake registry; tests/windows/test_doctor.py has the real one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sealenv.checks.computer import Computer
from sealenv.commands.doctor import Problem, examine
from sealenv.system.registry import Key, Registry, Value


def fake_computer(
    tmp_path: Path, *, system: str = "linux", registry: Registry | None = None, **environ: str
) -> Computer:
    """A machine whose home is `tmp_path/home` and whose `/` is `tmp_path/root`."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (tmp_path / "root").mkdir(exist_ok=True)
    return Computer(
        home=home,
        environ={"PATH": "/usr/bin:/bin", **environ},
        target=home / "envs",
        system=system,
        root=tmp_path / "root",
        registry=registry,
    )


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def ids(found: Computer, *only: str) -> dict[str, Problem]:
    """Check -> its first finding."""
    result: dict[str, Problem] = {}
    for problem in examine(found, only).findings:
        result.setdefault(problem.id, problem)
    return result


class FakeRegistry:
    """Values by key and name. Some keys refuse."""

    def __init__(self) -> None:
        self.content: dict[Key, dict[str, Value]] = {}
        self.secret: set[Key] = set()
        self.guarded: set[str] = set()
        """Hives that refuse to be written."""

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

    def subkeys(self, key: Key) -> list[str]:
        return []

    def write(self, key: Key, name: str, value: Value | None) -> None:
        if key.hive in self.guarded:
            raise PermissionError(13, "Access is denied", str(key))
        if value is None:
            self.content[key].pop(name, None)
        else:
            self.content.setdefault(key, {})[name] = value

    def writable(self, key: Key) -> bool:
        return key.hive not in self.guarded
