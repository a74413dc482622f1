"""Locks for tests: solved by the engine from a channel, as `create` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealenv.engines.rattler import RattlerEngine
from sealenv.lock import Lock, LockedPackage
from sealenv.spec import build_spec
from sealenv.store.archives import Store

__all__ = ["engine", "lock_of", "made_up"]


@contextmanager
def engine(cache: Path) -> Iterator[RattlerEngine]:
    """An engine with a store of its own."""
    store = Store(cache)
    store.prepare()
    found = RattlerEngine(store)
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
        return solver.solve(spec, offline=False).lock


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
