"""The checks, by what they look at; every check, in the order in which they are shown."""

from __future__ import annotations

from sealenv.checkup.checks import conda, pip, profiles, registry, shell, target, windows
from sealenv.checkup.finding import Check

__all__ = ["CHECKS", "checks_for"]

CHECKS: tuple[Check, ...] = (
    *shell.CHECKS,
    *profiles.CHECKS,
    *conda.CHECKS,
    *pip.CHECKS,
    *target.CHECKS,
    *registry.CHECKS,
    *windows.CHECKS,
)


def checks_for(*, windows: bool) -> list[Check]:
    """Return the checks of this kind of machine."""
    return [check for check in CHECKS if ("windows" if windows else "posix") in check.platforms]
