"""`verify`: compare an environment with what was sealed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sealenv.fields import AbsolutePath, Count, Texts
from sealenv.progress import QUIET, Reporter
from sealenv.request.arguments import StrPath, prefix_of
from sealenv.seals.findings import Finding, Report
from sealenv.seals.seal import Prints, prints_of
from sealenv.seals.verify import verify as compare

__all__ = ["Verified", "verify"]


class SealedAndNow(msgspec.Struct, frozen=True):
    """Fingerprints, as sealed and as they are."""

    sealed: Prints | None
    now: Prints | None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found.

    Attributes:
        prefix: the environment.
        fast: whether only changed files were read.
        tabled: whether the environment has a file table; without one, files are compared with
            their packages' records.
        packages: how many were looked at.
        files: how many files and links were looked at.
        hashed: how many of them were read.
        damaged: whether any finding is damage.
        findings: what is not as it was made.
        fingerprints: as sealed, and as they are; the second is None with `fast`.
        notes: what else there is to know.
    """

    prefix: AbsolutePath
    fast: bool
    tabled: bool
    packages: Count
    files: Count
    hashed: Count
    damaged: bool
    findings: tuple[Finding, ...]
    fingerprints: SealedAndNow
    notes: Texts

    @property
    def summary(self) -> str:
        """One line for people."""
        what = f"{_counted(self.files, 'file')} of {_counted(self.packages, 'package')}"
        if self.damaged:
            number = sum(finding.damage for finding in self.findings)
            return f"{what}: damaged, {_counted(number, 'finding')}"
        if self.fast and not self.tabled:
            return f"{what}: as their packages promised, by size"
        how = "as sealed" if self.fingerprints.sealed else "as their packages promised"
        return f"{what}: {how}" + (", by size, time and inode" if self.fast else "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def verify(
    env: StrPath, *, fast: bool = False, tree: bool = True, reporter: Reporter = QUIET
) -> Verified:
    """Compare everything in an environment with what was sealed. Nothing is written.

    Args:
        env: a name or a path.
        fast: read only files whose size, time, inode or mode has changed.
        reporter: is told how far it is.

    Returns:
        what was found; `damaged` says whether any of it is damage.

    Raises:
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    prefix = prefix_of(env)
    report = compare(prefix, fast=fast, tree=tree, reporter=reporter)
    return result_of(prefix, report, fast=fast)


def result_of(prefix: Path, report: Report, *, fast: bool) -> Verified:
    """Return what was found as the result of the command."""
    return Verified(
        prefix=prefix,
        fast=fast,
        tabled=report.tabled,
        packages=report.packages,
        files=report.files,
        hashed=report.hashed,
        damaged=report.damaged,
        findings=report.findings,
        fingerprints=SealedAndNow(prints_of(report.sealed), prints_of(report.now)),
        notes=report.notes,
    )
