"""The checks of `sealenv doctor`, in the order in which they are shown."""

from __future__ import annotations

from sealenv.checks import configuration, shell, target, windows
from sealenv.checks.check import Check

__all__ = ["CHECKS", "checks_for"]

CHECKS: tuple[Check, ...] = (
    *shell.CHECKS,
    *configuration.CHECKS,
    *target.CHECKS,
    *windows.CHECKS,
)


def checks_for(*, windows: bool) -> list[Check]:
    """Return the checks for this kind of machine."""
    return [check for check in CHECKS if ("windows" if windows else "posix") in check.platforms]
