"""Verify: is everything in a prefix as it was made, and nothing else there?

A file is compared with the file table if the environment was sealed and its package is still the same;
otherwise with the package's record: `sha256_in_prefix`, else `sha256` (CEP 32). So environments of
conda, mamba and pixi can be verified too. Nothing is written, no link is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from sealenv.errors import FilesystemError
from sealenv.layout import META, SEAL, is_record
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.seals.check import check
from sealenv.seals.check_compiled import count_unread
from sealenv.seals.compare import Comparison
from sealenv.seals.contents import fingerprints_of
from sealenv.seals.findings import Finding, Report
from sealenv.seals.fingerprint import Payload, is_compiled
from sealenv.seals.seal import Fingerprints, Seal, Sealed, read_sealed
from sealenv.seals.snapshot import (
    FILE,
    FOLDER,
    Row,
    Snapshot,
    hash_rows,
    is_unchanged,
    take_snapshot,
)

__all__ = ["Finding", "Report", "examine", "verify"]


def verify(
    prefix: Path, *, fast: bool = False, tree: bool = True, reporter: Reporter | None = None
) -> Report:
    """Compare everything in a prefix with what it was made.

    Args:
        prefix: of an environment in any state.
        fast: read only those files whose size, time, inode or mode is not the sealed one.
        tree: whether the fingerprint `tree` is wanted; no finding depends on it.
        reporter: shows how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
        PrefixLockedError: something is wrong, and another process is at work there, or took it away.
    """
    reporter = reporter or QUIET
    try:
        if fast:
            report = _verify_fast(prefix, reporter)
        else:
            _, report = examine(prefix, tree=tree, reporter=reporter)
    except FilesystemError:
        _refuse_worked_on(prefix)
        raise
    if report.damaged:
        _refuse_worked_on(prefix)
    return report


def _refuse_worked_on(prefix: Path) -> None:
    from sealenv.prefix.exclusive import refuse_worked_on  # seldom used

    refuse_worked_on(prefix)


def examine(
    prefix: Path, *, tree: bool = True, reporter: Reporter | None = None
) -> tuple[Comparison, Report]:
    """Verify in full, and return also what was compared."""
    reporter = reporter or QUIET
    reporter.phase("verify", "comparing files")
    then = read_sealed(prefix)
    comparison, broken = _compare(prefix, then, take_snapshot(prefix))
    hashed = _hash(comparison, comparison.rows.values(), reporter)
    findings = _findings(comparison, then, broken)
    now = None
    if not then.pending:
        now = _fingerprints(comparison, tree=tree)
        if not any(finding.damage for finding in findings):
            findings += _unexplained(comparison.seal, now)
    return comparison, _report(comparison, then, findings, hashed, now)


def _verify_fast(prefix: Path, reporter: Reporter) -> Report:
    """Read only files that differ in size, time, inode or mode."""
    reporter.phase("verify", "comparing files")
    then = read_sealed(prefix)
    sealed = then.rows or {}
    rows = take_snapshot(prefix)
    if then.seal and sealed and not then.findings and is_unchanged(rows, sealed):
        records, files = sum(map(is_record, sealed)), _count_files(sealed)
        return Report(records, files, (), sealed=then.seal.fingerprints)
    for path, row in rows.items():
        known = sealed.get(path)
        if known is not None and row.kind == FILE and row.same_stat(known):
            row.digest = known.digest
    unread = [row for row in rows.values() if row.kind == FILE and not row.digest]
    notes = []
    if then.rows is None:
        notes.append("there is no file table: files are compared by their size alone")
        unread = [row for row in unread if row.path.startswith(f"{META}/")]
    comparison, broken = _compare(prefix, then, rows)
    hashed = _hash(comparison, unread, reporter)
    findings = _findings(comparison, then, broken)
    return _report(comparison, then, findings, hashed, None, notes)


def _compare(prefix: Path, then: Sealed, rows: Snapshot) -> tuple[Comparison, list[str]]:
    """Put snapshot, seal and records together; return also what is wrong with records."""
    records, broken = scan_records(prefix)
    platform = then.seal.platform if then.seal else _platform(records)
    return Comparison(prefix, platform, then.seal, then.rows, rows, records), broken


def _platform(records: Iterable[PrefixRecord]) -> str:
    from sealenv.spec.model import current_platform

    return next((r.subdir for r in records if r.subdir not in ("", "noarch")), current_platform())


def _hash(comparison: Comparison, rows: Iterable[Row], reporter: Reporter) -> int:
    """Read files that were sealed or are promised by something; return how many."""
    scripts = comparison.seal.activation if comparison.seal else ()
    known = {*comparison.claims, *comparison.of_distributions, *scripts, *(comparison.sealed or ())}
    wanted = [
        row
        for row in rows
        if row.path in known or is_compiled(row.path) or row.path.startswith(f"{META}/")
        if row.kind == FILE and not row.problem
    ]
    others = max(0, _count_files(comparison.rows) - len(wanted))
    return hash_rows(
        comparison.prefix,
        comparison.rows,
        wanted,
        lambda done, total: reporter.advance(others + done, others + total, "files"),
    )


def _count_files(rows: Mapping[str, Row]) -> int:
    return sum(row.kind != FOLDER for row in rows.values())


def _findings(comparison: Comparison, then: Sealed, broken: Iterable[str]) -> list[Finding]:
    """Return everything that is found, but for fingerprints."""
    found = check(comparison, known_only=then.pending)
    if then.lost:
        found = [finding for finding in found if finding.kind != "untracked"]
    return [*then.findings, *map(_broken, broken), *found]


def _broken(line: str) -> Finding:
    name, _, problem = line.partition(".json: ")
    return Finding("record", f"{META}/{name}.json", None, problem)


def _fingerprints(comparison: Comparison, *, tree: bool) -> Fingerprints:
    seal = comparison.seal
    now = fingerprints_of(
        Payload(
            comparison.prefix,
            comparison.platform,
            comparison.rows,
            comparison.records,
            comparison.distributions,
            {note.path: note.after for note in seal.patched} if seal else {},
            seal.prefix if seal else None,
        ),
        tree=tree,
    )
    rows = comparison.rows
    if any(_is_unread(rows[path]) for path in comparison.unsteady):
        now.tree = ""  # unknown files are not read
    return now


def _is_unread(row: Row) -> bool:
    return row.kind == FILE and not row.digest and not row.problem


def _unexplained(seal: Seal | None, now: Fingerprints) -> list[Finding]:
    """Report a difference that no finding explains: it would be an error of ours."""
    then = seal.fingerprints if seal else None
    if then is None or then.packages == now.packages:
        return []
    detail = "it is {}, sealed {}".format(*digests_apart(now.packages, then.packages))
    return [Finding("fingerprint", SEAL, None, detail)]


def _report(
    comparison: Comparison,
    then: Sealed,
    findings: list[Finding],
    hashed: int,
    now: Fingerprints | None,
    notes: Iterable[str] = (),
) -> Report:
    notes = list(notes)
    if then.lost:
        notes.append("what nobody put there cannot be told: the seal or its file table is damaged")
    unread = 0 if then.pending else count_unread(comparison, {f.path for f in findings})
    if unread:
        notes.append(
            f"{unread} compiled file{'s' * (unread > 1)} with a digest that nobody "
            "promised: the header fits the source, the code behind it is not looked at"
        )
    return Report(
        len(comparison.records),
        _count_files(comparison.rows),
        tuple(findings),
        hashed,
        then.seal.fingerprints if then.seal else None,
        now,
        tuple(notes),
        then.rows is not None,
    )
