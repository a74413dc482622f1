"""One create: what its steps share."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sealenv.engine.client import Engine
from sealenv.gates.admission import clean_environ
from sealenv.progress import QUIET, Reporter
from sealenv.request.target import Target
from sealenv.spec.model import EnvironmentSpec, current_platform
from sealenv.store.archives import Store


@dataclass(frozen=True, kw_only=True)
class Job:
    """One create: what its steps share.

    Attributes:
        target: what to create, and where.
        engine: solves and links; its owner closes it.
        store: the verified archives.
        view: the package cache of conda in the environment.
        reporter: is shown each step.
        offline: do not use the network.
        replace: replace a sealed environment.
        pyc: compile Python files.
        link_scripts: run post-link scripts.
        post: the user's own script.
        command: the command line for conda-meta/history, without credentials.
    """

    target: Target
    engine: Engine
    store: Store
    view: Path
    reporter: Reporter = QUIET
    offline: bool = False
    replace: bool = False
    pyc: bool = True
    link_scripts: bool = True
    post: Path | None = None
    command: str = "sealenv create"

    @property
    def spec(self) -> EnvironmentSpec:
        """Return the request."""
        return self.target.spec

    @property
    def prefix(self) -> Path:
        """Return the folder to create."""
        return self.target.prefix

    @property
    def runs_here(self) -> bool:
        """Return whether programs of the environment run on this machine."""
        return self.spec.platform == current_platform()

    @property
    def environ(self) -> dict[str, str]:
        """Return a clean environment for child processes."""
        return clean_environ(os.environ)


@dataclass(frozen=True)
class LinkScripts:
    """The packages whose post-link scripts ran or were skipped, and what the scripts printed."""

    ran: list[str]
    skipped: list[str]
    messages: str = ""
