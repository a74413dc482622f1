"""Machines of one's own to look at, without the one that the tests run on."""

from __future__ import annotations

from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Finding
from sealenv.checkup.registry import Registry
from sealenv.commands.doctor import examine

__all__ = ["computer", "ids", "write"]


def computer(
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


def ids(found: Computer, *only: str) -> dict[str, Finding]:
    """Check -> its first finding."""
    result: dict[str, Finding] = {}
    for finding in examine(found, only).findings:
        result.setdefault(finding.check, finding)
    return result
