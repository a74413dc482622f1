"""Refresh: the activation scripts again, from what the prefix holds now."""

from __future__ import annotations

from sealenv.activation.scripts import write_scripts
from sealenv.environments import Environment
from sealenv.spec import current_platform

__all__ = ["refresh"]


def refresh(environment: Environment) -> list[str]:
    """Write them anew; returns the relative paths."""
    platform = environment.platform or current_platform()
    return sorted(write_scripts(environment.prefix, platform=platform))
