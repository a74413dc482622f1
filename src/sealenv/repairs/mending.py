"""How to repair."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from sealenv.engine.rattler import Engine
from sealenv.progress import QUIET, Reporter

__all__ = ["Mending"]


@dataclass(frozen=True)
class Mending:
    """How to repair.

    Attributes:
        engine: fetches and links; whoever made it closes it.
        offline: what is not in the cache cannot be put back.
        dry_run: change nothing, say what would be done.
        environ: the variables of this process; children get a clean set.
        reporter: is told each step.
    """

    engine: Engine
    offline: bool = False
    dry_run: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    reporter: Reporter = QUIET
