"""The checks of `sealenv doctor`, in the order in which they are shown.

A check is a function with the decorator `check`, in one of these modules.
"""

from __future__ import annotations

from sealenv.checks import condarc, shell, windows
from sealenv.checks.check import Check

CHECKS: tuple[Check, ...] = tuple(
    found
    for module in (shell, condarc, windows)
    for found in vars(module).values()
    if isinstance(found, Check)
)


def checks_for(*, windows: bool) -> list[Check]:
    """Return the checks for this kind of machine."""
    return [check for check in CHECKS if windows or not check.windows]
