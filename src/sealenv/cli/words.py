"""Small texts of commands; nothing is imported that takes long."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.gates.findings import Finding
    from sealenv.seals.findings import Report

__all__ = ["counted", "verdict", "warnings_of"]


def counted(number: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def verdict(report: Report, fast: bool) -> str:
    """The last line of `verify`."""
    what = f"{counted(report.files, 'file')} of {counted(report.packages, 'package')}"
    if report.damaged:
        count = sum(f.damage for f in report.findings)
        return f"{what}: damaged, {count} finding{'s' * (count != 1)}"
    if fast and not report.tabled:
        return f"{what}: as their packages promised, by size"
    how = "as sealed" if report.sealed else "as their packages promised"
    return f"{what}: {how}" + (", by size, time and inode" if fast else "")


def warnings_of(found: Sequence[Finding]) -> list[str]:
    """Return a warning for each finding of the gate: child processes do not see it."""
    return [f"not passed on: {finding}" for finding in found]
