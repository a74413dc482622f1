"""Verify: is everything in a prefix what it was made, and nothing else there?

What a file must be is told by the file table where the environment was sealed with one and its package
is still the same; otherwise by the package's record: `sha256_in_prefix`, else `sha256` (CEP 32). So
environments of conda, mamba and pixi can be verified too. Nothing is written, no link is followed.
"""

from __future__ import annotations

from pathlib import Path

from sealenv.errors import FilesystemError
from sealenv.progress import QUIET, Reporter
from sealenv.seals.findings import Finding, Report
from sealenv.seals.reading import Reading, begin

__all__ = ["Finding", "Report", "untouched", "verify"]


def verify(
    prefix: Path, *, fast: bool = False, tree: bool = True, reporter: Reporter | None = None
) -> Report:
    """Compare everything in a prefix with what it was made.

    Args:
        prefix: of an environment in any state.
        fast: read only those files whose size, time, inode or mode is not the sealed one.
        tree: whether the fingerprint `tree` is wanted; no finding depends on it.
        reporter: is told how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
        PrefixLockedError: something is wrong, and another process is at work there, or took it away.
    """
    try:
        report = _compared(prefix, fast=fast, tree=tree, reporter=reporter or QUIET)
    except FilesystemError:
        _refuse_worked_on(prefix)
        raise
    if report.damaged:
        _refuse_worked_on(prefix)
    return report


def _refuse_worked_on(prefix: Path) -> None:
    from sealenv.prefix.exclusive import refuse_worked_on  # most often all is well

    refuse_worked_on(prefix)


def _compared(prefix: Path, *, fast: bool, tree: bool, reporter: Reporter) -> Report:
    if fast:
        reporter.phase("verify", "comparing files")
        with begin(prefix, fast=True) as reading:
            if report := untouched(reading):
                return report
    from sealenv.seals.examining import examine, examine_changed  # `--fast` most often does without

    if fast:
        return examine_changed(prefix, reporter)
    return examine(prefix, tree=tree, reporter=reporter)[1]


def untouched(reading: Reading) -> Report | None:
    """The report where by size, time and inode all is as it was sealed.

    Args:
        reading: begun with `fast`.
    """
    then = reading.then
    if then.seal and then.table and not then.findings and reading.statuses.are_as_sealed():
        records = reading.statuses.count_records()
        return Report(records, then.table.count_files(), (), sealed=then.seal.fingerprints)
    return None
