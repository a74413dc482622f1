"""Every check, in the order in which they are shown."""

from __future__ import annotations

from sealenv.checkup.checks import (
    configs,
    fish,
    login,
    path,
    pip,
    profiles,
    registry,
    target,
    windows,
)
from sealenv.checkup.finding import Check

__all__ = ["CHECKS", "checks_for"]

CHECKS: tuple[Check, ...] = (
    *profiles.CHECKS,
    *fish.CHECKS,
    *login.CHECKS,
    *configs.CHECKS,
    *pip.CHECKS,
    *configs.LAST,
    *path.CHECKS,
    *target.CHECKS,
    *registry.CHECKS,
    *windows.CHECKS,
)


def checks_for(*, windows: bool) -> list[Check]:
    """The checks of this kind of machine."""
    return [check for check in CHECKS if ("windows" if windows else "posix") in check.platforms]
