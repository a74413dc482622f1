"""From what is asked for to the exact packages: what `create` and `lock` have in common."""

from __future__ import annotations

from sealenv.engines.protocol import Engine
from sealenv.lock import Lock
from sealenv.progress import Reporter
from sealenv.spec import EnvironmentSpec

__all__ = ["resolve"]


def resolve(spec: EnvironmentSpec, engine: Engine, reporter: Reporter, *, offline: bool) -> Lock:
    """The lock for a spec; warnings go to the reporter.

    Raises:
        SolveError, FetchError, SpecError: see `Engine.solve`.
    """
    reporter.phase("solve", f"solving for {spec.platform}")
    solved = engine.solve(spec, offline=offline)
    for warning in solved.warnings:
        reporter.warn(warning)
    return solved.lock
