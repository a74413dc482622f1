"""Locks for tests: solved by the engine from a channel, as `create` does."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealenv.engine.client import Engine
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.spec.model import build_spec
from sealenv.store.archives import Store
from sealenv.system.hashing import hash_file


@contextmanager
def engine(cache: Path) -> Iterator[Engine]:
    """An engine with a store of its own."""
    store = Store(cache)
    store.prepare()
    found = Engine(store)
    try:
        yield found
    finally:
        found.close()


def lock_of(
    url: str,
    cache: Path,
    *,
    python: str | None = None,
    platform: str | None = None,
    more: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> Lock:
    """What the defaults and `more` are solved to."""
    spec = build_spec(
        python=python, channels=[url], platform=platform, with_packages=more, without=without
    )
    with engine(cache) as solver:
        return solver.solve(spec, offline=False)


def made_up(
    name: str = "prio", version: str = "1.0", build: str = "0", **changed: str
) -> LockedPackage:
    """A package that is in no channel."""
    fn = changed.pop("fn", f"{name}-{version}-{build}.conda")
    url = changed.pop("url", f"https://conda.example.org/main/noarch/{fn}")
    record = {"name": name, "version": version, "build": build, "subdir": "noarch", **changed}
    return LockedPackage(
        url=url,
        channel="https://conda.example.org/main",
        fn=fn,
        sha256=changed.get("sha256", "a" * 64),
        size=1,
        record=record,
    )


def tiny_wheel(folder: Path, url: str) -> LockedWheel:
    """A wheel with one module, in a folder that is served at a URL."""
    fn = "carried-1.0-py3-none-any.whl"
    info = "carried-1.0.dist-info"
    files = {
        "carried.py": "WORD = 'carried'\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: carried\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / fn, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
    sha256, size = hash_file(folder / fn)
    return LockedWheel(name="carried", version="1.0", url=f"{url}/{fn}", sha256=sha256, size=size)
