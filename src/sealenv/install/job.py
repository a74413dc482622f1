"""One create: what, where, with what, how, and who is told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.engine.rattler import Engine
from sealenv.locks import Lock
from sealenv.progress import QUIET, Reporter
from sealenv.spec.model import EnvironmentSpec, current_platform
from sealenv.store.archives import Store

__all__ = ["CreateOptions", "Job"]


@dataclass(frozen=True)
class CreateOptions:
    """How to create, apart from what (the spec) and where (the prefix)."""

    offline: bool = False
    pyc: bool = True
    link_scripts: bool = True
    post: Path | None = None
    strict: bool = False
    command: str = "sealenv create"
    """How it was asked for: kept in conda-meta/history, without credentials."""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True)
class Job:
    """One create.

    Attributes:
        spec: what is asked for.
        prefix: where, an absolute path.
        engine: what solves and links; whoever made it closes it.
        store: where verified archives lie.
        view: the package cache that conda inside the environment uses.
        options: how.
        lock: the exact packages, where they are known already; they are not solved for then.
        reporter: is told each step.
        carried: the archives lie in the file that the lock is from: nothing has to be fetched.
    """

    spec: EnvironmentSpec
    prefix: Path
    engine: Engine
    store: Store
    view: Path
    options: CreateOptions = field(default_factory=CreateOptions)
    reporter: Reporter = QUIET
    lock: Lock | None = None
    carried: bool = False

    @property
    def runs_here(self) -> bool:
        """Whether programs of the environment can be run on this machine."""
        return self.spec.platform == current_platform()
