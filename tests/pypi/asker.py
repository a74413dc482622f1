"""Questions for pip: an index, a store, and a conda lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.pypi.machine import Distribution
from sealenv.pypi.resolve import resolve_wheels
from sealenv.spec.model import EnvironmentSpec
from tests.pypi.index import Index

VIRTUAL = {
    "linux-64": ("__unix=0=0", "__linux=5.10=0", "__glibc=2.28=0"),
    "osx-arm64": ("__unix=0=0", "__osx=13.0=0"),
    "win-64": ("__win=10.0=0",),
}


def conda_lock(platform: str = "linux-64", python: str = "3.12.1", build: str = "0") -> Lock:
    record = {"name": "python", "version": python, "build": build, "subdir": platform}
    package = LockedPackage(
        url="file:///python.conda", channel="", fn="", sha256="", size=0, record=record
    )
    return Lock(
        platform=platform,
        channels=(),
        packages=(package,),
        virtual_packages=VIRTUAL.get(platform, ()),
    )


def installed(name: str, version: str, *lines: str) -> Distribution:
    metadata = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines])
    return Distribution(f"{name}-{version}-conda_0", name, version, metadata + "\n")


class Asker:
    def __init__(self, root: Path) -> None:
        self.index = Index(root / "index")
        self.home = root / "home"

    def ask(
        self,
        *requirements: str,
        lock: Lock | None = None,
        conda: Sequence[Distribution] = (),
        url: str | None = None,
        offline: bool = False,
        exclude_newer: str | None = None,
        secrets: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
        find_links: str | None = None,
        keep: Sequence[LockedWheel] = (),
        warn: Callable[[str], None] = lambda note: None,
    ) -> Lock:
        lock = lock or conda_lock()
        spec = EnvironmentSpec(
            packages=("python",), channels=(), platform=lock.platform, requirements=requirements,
            indexes=(url or self.index.url,), index_secrets=secrets or {},
            exclude_newer=exclude_newer, find_links=(find_links,) if find_links else (),
        )  # fmt: skip
        return resolve_wheels(
            spec,
            lock,
            conda,
            offline=offline,
            timeout=20,
            environ=environ or {"PATH": ""},
            keep=keep,
            warn=warn,
        )

    def names(self, *requirements: str, **options: object) -> list[str]:
        return [w.dist for w in self.ask(*requirements, **options).wheels]  # type: ignore[arg-type]
