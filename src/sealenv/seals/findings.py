"""The findings of verify: what each kind means, and how serious it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sealenv.errors import PrefixError
from sealenv.fields import InPrefix, one_of
from sealenv.naming import shown

__all__ = ["CHANGES", "CONDITIONS", "KINDS", "STATES", "Finding", "condition_of", "refuse_moved"]

KINDS = {
    "missing": "a file of an unchanged package is missing",
    "altered": "a file does not have the sealed bytes, or those that its package's record lists",
    "wrong-type": "the path is not the kind it was: file, link or folder",
    "wrong-link": "a link has another target, or leads out of the environment",
    "wrong-mode": "the permission bits are not the sealed ones",
    "unreadable": "the path cannot be read",
    "untracked": "a file that no package installed: harmless",
    "untracked-code": "an untracked file in a place where Python, conda or a shell would use it",
    "stale-pyc": "a compiled file does not match its source",
    "orphaned-pyc": "a compiled file without a source: harmless",
    "unpatched": "a relocatable file contains an absolute path again",
    "activation": "an activation script is not what `sealenv repair` would write",
    "added": "a package was added after sealing",
    "removed": "a package was removed after sealing",
    "changed": "a package was updated, downgraded or reinstalled after sealing",
    "leftover": "an interrupted `sealenv repair` left its folder behind",
    "record": "a record, the seal or the file table cannot be read, or names a path outside",
    "pending": "the environment was never finished",
    "moved": "the environment is not where it was made, or a move of it was interrupted",
    "fingerprint": "the fingerprint `packages` is not the expected one",
}
"""Every kind of finding (docs/how-to/verify.md)."""

CHANGES = ("added", "removed", "changed")
"""Kinds that make an environment modified: conda, mamba or pip changed a package."""
_HARMLESS = frozenset({*CHANGES, "untracked", "orphaned-pyc"})
STATES = ("sealed", "pending", "foreign", "moved", "unreadable")
"""Unreadable: its seal or its folder cannot be read."""
CONDITIONS = ("as made", "modified", "damaged")
"""Of a sealed or foreign environment."""


@dataclass(frozen=True)
class Finding:
    """One difference from the environment as it was made."""

    kind: Annotated[str, one_of(KINDS)]
    path: InPrefix
    """Relative to the prefix; an untracked folder ends with `/`."""
    package: str | None
    detail: str = ""

    @property
    def damage(self) -> bool:
        """Tell whether it makes the environment damaged."""
        return self.kind not in _HARMLESS

    @property
    def change(self) -> bool:
        """Tell whether it is a change of a package."""
        return self.kind in CHANGES


def condition_of(findings: Iterable[Finding]) -> str:
    """Return one of `CONDITIONS`."""
    findings = list(findings)
    if any(finding.damage for finding in findings):
        return "damaged"
    return "modified" if any(finding.change for finding in findings) else "as made"


def refuse_moved(prefix: Path, findings: Iterable[Finding]) -> None:
    """Refuse to write into an environment that was moved: its files contain the other path.

    Raises:
        PrefixError: a finding says that it was moved.
    """
    for finding in findings:
        if finding.kind == "moved":
            raise PrefixError(
                "this environment is not where it was made: its files contain the other path",
                where=str(prefix),
                details=[finding.detail],
                hint=f"fix it with: sealenv move --here {shown(str(prefix))}; or move it back",
            )
