"""From what is asked for to the exact packages: what `create` and `lock` have in common."""

from __future__ import annotations

import os

from sealenv.engines.protocol import Engine
from sealenv.lock import Lock
from sealenv.progress import Reporter
from sealenv.spec import EnvironmentSpec

__all__ = ["resolve"]


def resolve(spec: EnvironmentSpec, engine: Engine, reporter: Reporter, *, offline: bool) -> Lock:
    """The lock for a spec, wheels included; warnings go to the reporter.

    With requirements for pip the archives of conda's Python packages are fetched: only they say which
    distributions are there already.

    Raises:
        SolveError, FetchError, SpecError: see `Engine.solve` and `resolve_wheels`.
    """
    reporter.phase("solve", f"solving for {spec.platform}")
    solved = engine.solve(spec, offline=offline)
    for warning in solved.warnings:
        reporter.warn(warning)
    if not spec.requirements:
        return solved.lock
    return _with_wheels(spec, solved.lock, engine, reporter, offline=offline)


def _with_wheels(
    spec: EnvironmentSpec, lock: Lock, engine: Engine, reporter: Reporter, *, offline: bool
) -> Lock:
    from sealenv.pypi.resolve import resolve_wheels

    reporter.phase("pip", f"resolving the 'pip:' section for {spec.platform}")
    installed = engine.distributions(
        lock,
        lambda event: reporter.advance(event.done, event.total, "bytes", event.item),
        offline=offline,
    )
    return resolve_wheels(
        spec,
        lock,
        installed,
        engine.store,
        offline=offline,
        timeout=engine.timeout,
        environ=os.environ,
    )
