"""The findings of verify, and its report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from sealenv.errors import PrefixError
from sealenv.fields import InPrefix, one_of
from sealenv.naming import shown

if TYPE_CHECKING:
    from sealenv.seals.seal import Fingerprints

__all__ = ["KINDS", "Finding", "Report", "refuse_moved"]

KINDS = {
    "missing": "a file is not there",
    "altered": "a file's bytes are not those that were sealed, or that the package's record promises",
    "untracked": "nobody put it there: no package, no distribution, not there when it was sealed",
    "leftover": "a `sealenv repair` that was ended left its folder behind",
    "clobbered": "two packages ship the path, and the other one won: no damage",
    "wrong-type": "a link, file or folder where another of them was",
    "wrong-link": "a link leads elsewhere, or out of the environment",
    "broken-link": "a link leads to nothing",
    "wrong-mode": "permission bits are not those that were sealed",
    "unreadable": "it cannot be read",
    "stale-pyc": "a compiled file does not belong to its source as that is now",
    "orphaned-pyc": "a compiled file has no source",
    "unpatched": "a file that was made relative holds an absolute path again",
    "activation": "an activation script is not what `sealenv repair` would write",
    "installed": "a package or distribution was installed since",
    "gone": "a package or distribution was removed since",
    "changed": "a package or distribution was replaced since",
    "wrong-archive": "a package came from an archive that is not the locked one",
    "record": "a record, the seal or the file table cannot be read, or names a path outside",
    "pending": "it was never finished",
    "moved": "it is not where it was made, or a move of it was ended half way",
    "fingerprint": "the fingerprint `packages` differs, and nothing else says why",
}
"""Every kind of finding (docs/how-to/verify.md)."""

_HARMLESS = frozenset({"clobbered"})


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was made."""

    kind: Annotated[str, one_of(KINDS)]
    path: InPrefix
    """Relative to the prefix; a folder of which nothing was known ends with `/`."""
    package: str | None
    detail: str = ""

    @property
    def damage(self) -> bool:
        """Whether it makes verify end with exit code 1."""
        return self.kind not in _HARMLESS


@dataclass(frozen=True)
class Report:
    """The result of verify."""

    packages: int
    files: int
    """Files and links that were looked at."""
    findings: tuple[Finding, ...]
    hashed: int = 0
    """How many of them were read."""
    sealed: Fingerprints | None = None
    """As the seal has them."""
    now: Fingerprints | None = None
    """As they are; not with `fast`. `tree` is empty if an unknown file was not read."""
    notes: tuple[str, ...] = ()
    tabled: bool = True
    """Whether there was a file table to compare with."""

    @property
    def damaged(self) -> bool:
        """Whether anything but clobbers was found."""
        return any(f.damage for f in self.findings)


def refuse_moved(prefix: Path, findings: Iterable[Finding]) -> None:
    """Refuse to write into an environment that was moved: what is written holds its path.

    Raises:
        PrefixError: a finding says that it was moved.
    """
    for finding in findings:
        if finding.kind == "moved":
            raise PrefixError(
                "this environment is not where it was made: its files hold the other path",
                where=str(prefix),
                details=[finding.detail],
                hint=f"mend it: sealenv move --here {shown(str(prefix))}; or move it back",
            )
