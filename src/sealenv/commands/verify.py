"""`verify`, on one page: snapshot, seal and records are compared; the differences are findings.

A file of an unchanged package is judged by the seal's file table. If there is none, or the package was
changed since, the file is judged by the package's record: `sha256_in_prefix`, else `sha256` (CEP 32). So
environments of conda, mamba and pixi can be verified too. Nothing is written, no link is followed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from sealenv.errors import FilesystemError, UsageError
from sealenv.fields import AbsolutePath, Count, one_of
from sealenv.layout import META, SEAL, is_record
from sealenv.naming import digests_apart
from sealenv.prefix.exclusive import refuse_worked_on
from sealenv.prefix.records import scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, prefix_of
from sealenv.seals.check import check, check_changes, check_promises
from sealenv.seals.compare import Comparison, distribution_changes, package_changes
from sealenv.seals.findings import CONDITIONS, STATES, Finding, condition_of
from sealenv.seals.fingerprint import Payload, fingerprints_of
from sealenv.seals.seal import DistributionNote, Fingerprints, SealedPrefix, read_sealed
from sealenv.seals.snapshot import (
    FILE,
    FOLDER,
    Row,
    Snapshot,
    hash_rows,
    is_compiled,
    is_unchanged,
    take_snapshot,
)

if TYPE_CHECKING:
    from sealenv.locks import Lock


class SealedAndNow(msgspec.Struct, frozen=True):
    """Fingerprints, as sealed and as they are."""

    sealed: Fingerprints | None
    now: Fingerprints | None


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found.

    Attributes:
        prefix: the environment.
        state: of the environment.
        condition: as made, modified (conda, mamba or pip changed packages) or damaged; None if it is
            pending or moved.
        fast: whether only changed files were read.
        tabled: whether the environment has a file table; without one, files are compared with
            their packages' records.
        packages: how many were compared.
        files: how many files and links were compared.
        hashed: how many of them were read.
        damaged: whether any finding is damage.
        findings: the differences.
        fingerprints: as sealed, and as they are; the second is None with `fast`.
    """

    prefix: AbsolutePath
    state: Annotated[str, one_of(STATES)]
    condition: Annotated[str, one_of(CONDITIONS)] | None
    fast: bool
    tabled: bool
    packages: Count
    files: Count
    hashed: Count
    damaged: bool
    findings: tuple[Finding, ...]
    fingerprints: SealedAndNow

    @property
    def modified(self) -> bool:
        """Return whether conda, mamba or pip changed packages or variables."""
        return any(finding.change for finding in self.findings)


def verify(
    env: StrPath,
    *,
    fast: bool = False,
    lock: StrPath | None = None,
    expect: str | None = None,
    tree: bool = True,
    reporter: Reporter = QUIET,
) -> Verified:
    """Compare everything in an environment with its seal. Nothing is written.

    Args:
        env: a name or a path.
        fast: read only files whose size, time, inode or mode has changed.
        lock: a lock file to compare the packages with, instead of the one in the seal; then files of
            packages must also match the packages' records.
        expect: the fingerprint `packages` that the environment must have.
        tree: whether to compute the fingerprint `tree` too; no finding depends on it.
        reporter: shows the progress.

    Returns:
        the findings; `condition` sums them up.

    Raises:
        UsageError: `fast` together with `lock` or `expect`, or `expect` is not a fingerprint.
        NotFoundError: there is no such environment.
        SpecError: the lock cannot be read.
        PrefixLockedError: something differs, and another process works there, or took it away.
        FilesystemError: a folder cannot be read.
    """
    if fast and (lock is not None or expect is not None):
        raise UsageError("--fast does not read every file", hint="leave out --fast")
    if expect is not None and not re.fullmatch("[0-9a-f]{64}", expect):
        raise UsageError(
            f"{expect[:80]!r} is not a fingerprint: 64 lowercase hexadecimal digits",
            hint='sealenv info ENV shows it as "fingerprint"',
        )
    prefix = prefix_of(env)
    locked = _read_lock(lock, prefix) if lock is not None else None
    reporter.phase("verify", "comparing files")
    try:
        then, rows = read_sealed(prefix), take_snapshot(prefix)
        if fast and then.rows and not then.findings and is_unchanged(rows, then.rows):
            return _report(prefix, then, rows, [], packages=sum(map(is_record, rows)), fast=True)
        _, report = _examine(
            prefix, then, rows, locked, expect, fast=fast, tree=tree, reporter=reporter
        )
    except FilesystemError:
        refuse_worked_on(prefix)
        raise
    if report.damaged:
        refuse_worked_on(prefix)
    return report


def _read_lock(path: StrPath, prefix: Path) -> Lock:
    """Read the packages of the environment's platform from a lock."""
    from sealenv.locks.read import read_lock
    from sealenv.spec.model import current_platform

    seal = read_sealed(prefix).seal
    platform = seal.platform if seal else current_platform()
    return read_lock(Path(path), platform).lock_for(platform, str(path))


def examine(prefix: Path, *, reporter: Reporter = QUIET) -> tuple[Comparison, Verified]:
    """Read and compare everything; return the comparison too."""
    reporter.phase("verify", "comparing files")
    return _examine(prefix, read_sealed(prefix), take_snapshot(prefix), reporter=reporter)


def _examine(
    prefix: Path,
    then: SealedPrefix,
    rows: Snapshot,
    lock: Lock | None = None,
    expect: str | None = None,
    *,
    fast: bool = False,
    tree: bool = True,
    reporter: Reporter,
) -> tuple[Comparison, Verified]:
    if fast:
        for path, row in rows.items():
            known = then.rows.get(path) if then.rows else None
            if known is not None and row.kind == FILE and row.same_stat(known):
                row.digest = known.digest
    comparison, findings = _compare(prefix, then, rows)
    packages = len(comparison.records)
    report = functools.partial(_report, prefix, then, rows, packages=packages, fast=fast)
    if then.state == "pending":
        return comparison, report(then.findings)
    unread = [row for row in rows.values() if row.kind == FILE and not row.digest]
    if fast and then.rows is None:
        unread = [row for row in unread if row.path.startswith(f"{META}/")]
    hashed = _hash(comparison, unread, reporter)
    findings += _find(comparison, then, lock)
    if fast:
        return comparison, report(findings, hashed=hashed)
    now = _fingerprints(comparison, tree=tree)
    sealed = then.seal.fingerprints if then.seal else None
    wanted = expect
    if wanted is None and sealed and condition_of(findings) == "as made":
        wanted = sealed.packages
    if wanted is not None and now.packages != wanted:
        actual, other = digests_apart(now.packages, wanted)
        what = "sealed" if expect is None else "expected"
        findings.append(Finding("fingerprint", SEAL, None, f"it is {actual}, {what} {other}"))
    return comparison, report(findings, hashed=hashed, now=now)


def _compare(prefix: Path, then: SealedPrefix, rows: Snapshot) -> tuple[Comparison, list[Finding]]:
    """Put snapshot, seal and records together; return also what is wrong with records."""
    records, problems = scan_records(prefix)
    broken = []
    for line in problems:
        name, _, problem = line.partition(".json: ")
        broken.append(Finding("record", f"{META}/{name}.json", None, problem))
    if then.seal:
        platform = then.seal.platform
    else:
        from sealenv.spec.model import current_platform

        known = (record.subdir for record in records if record.subdir not in ("", "noarch"))
        platform = next(known, current_platform())
    return Comparison(prefix, platform, then.seal, then.rows or {}, rows, records), broken


def _hash(comparison: Comparison, rows: Iterable[Row], reporter: Reporter) -> int:
    """Read files that were sealed or that a record lists; return how many."""
    known = {*comparison.claims, *comparison.of_distributions, *comparison.sealed}
    wanted = [
        row
        for row in rows
        if row.path in known or is_compiled(row.path) or row.path.startswith(f"{META}/")
        if not row.problem
    ]
    return hash_rows(
        comparison.prefix,
        comparison.rows,
        wanted,
        lambda done, total: reporter.advance(done, total, "files"),
    )


def _find(comparison: Comparison, then: SealedPrefix, lock: Lock | None) -> list[Finding]:
    """Find everything but a different fingerprint."""
    found = check(comparison)
    if then.lost:  # untracked files are unknown
        found = [finding for finding in found if not finding.kind.startswith("untracked")]
    if lock is None:
        return [*then.findings, *check_changes(comparison), *found]
    known = {finding.path for finding in found}
    found += [f for f in check_promises(comparison) if f.path not in known]
    return [*then.findings, *_changes_from(lock, comparison), *found]


def _changes_from(lock: Lock, comparison: Comparison) -> Iterator[Finding]:
    """Compare packages and distributions with a lock."""
    locked = {package.name: (package.dist, package.sha256) for package in lock.packages}
    yield from package_changes(locked, comparison.records)
    folder = {found.name: found.record for found in comparison.distributions}
    wheels = [
        DistributionNote(w.name, w.version, folder.get(w.name, f"{w.name}.dist-info/RECORD"), "")
        for w in lock.wheels
    ]
    yield from distribution_changes(wheels, comparison.distributions, comparison.rows.__contains__)


def _fingerprints(comparison: Comparison, *, tree: bool) -> Fingerprints:
    seal, rows = comparison.seal, comparison.rows
    # Untracked files are not read.
    unread = any(r.kind == FILE and not r.digest and not r.problem for r in rows.values())
    payload = Payload(
        comparison.prefix,
        comparison.platform,
        rows,
        comparison.records,
        comparison.distributions,
        {note.path: note.after for note in seal.patched} if seal else {},
        seal.prefix if seal else None,
    )
    return fingerprints_of(payload, tree=tree and not unread)


def _report(
    prefix: Path,
    then: SealedPrefix,
    rows: Snapshot,
    findings: list[Finding],
    *,
    packages: int,
    hashed: int = 0,
    now: Fingerprints | None = None,
    fast: bool = False,
) -> Verified:
    return Verified(
        prefix=prefix,
        state=then.state,
        condition=None if then.state in ("pending", "moved") else condition_of(findings),
        fast=fast,
        tabled=then.rows is not None,
        packages=packages,
        files=sum(row.kind != FOLDER for row in rows.values()),
        hashed=hashed,
        damaged=any(finding.damage for finding in findings),
        findings=tuple(findings),
        fingerprints=SealedAndNow(then.seal.fingerprints if then.seal else None, now),
    )
