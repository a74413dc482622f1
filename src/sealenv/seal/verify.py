"""Verify: is everything in a prefix what it was made, and nothing else there?

What a file must be is told by the file table where the environment was sealed with one and its package
is still the same; otherwise by the package's record: `sha256_in_prefix`, else `sha256` (CEP 32). So
environments of conda, mamba and pixi can be verified too. Nothing is written, no link is followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.condameta.records import PrefixRecord, scan_records
from sealenv.errors import FilesystemError
from sealenv.host.readers import Readers
from sealenv.layout import META, SEAL
from sealenv.progress import Quiet, Reporter
from sealenv.seal.compiled import count_unread
from sealenv.seal.findings import Finding, Report
from sealenv.seal.fingerprint import Payload
from sealenv.seal.observing import prints_of
from sealenv.seal.scene import Scene
from sealenv.seal.seal import Fingerprints, Seal
from sealenv.seal.sealed import Sealed, read_sealed
from sealenv.seal.tree import FILE, FOLDER, Hashing, Row, look
from sealenv.seal.untouched import is_same, is_untouched
from sealenv.seal.verdict import is_record, judge
from sealenv.spec import current_platform

__all__ = ["Finding", "Report", "examine", "verify"]


def verify(prefix: Path, *, fast: bool = False, reporter: Reporter | None = None) -> Report:
    """Compare everything in a prefix with what it was made.

    Args:
        prefix: of an environment in any state.
        fast: read only those files whose size, time, inode or mode is not the sealed one.
        reporter: is told how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    reporter = reporter or Quiet()
    if not fast:
        return examine(prefix, reporter=reporter)[1]
    reporter.phase("verify", "comparing files")
    then = read_sealed(prefix)
    if then.seal and then.table and not then.findings and is_untouched(prefix, then.table):
        return _untouched(then.seal, then.table.names(), then.table.kinds)
    sealed = then.table.rows() if then.table else None
    rows = _look(prefix)
    unread = _take_over(rows, sealed or {})
    if then.seal and sealed and not then.findings and is_same(rows, sealed):
        return _untouched(then.seal, sealed, (row.kind for row in sealed.values()))
    notes = []
    if sealed is None:
        notes.append("there is no file table: files are compared by their size alone")
        unread = [row for row in unread if row.path.startswith(f"{META}/")]
    with Readers() as readers:
        more = Hashing(readers, prefix, unread)
        records, broken = scan_records(prefix)
        _confirm(rows, more, reporter)
    case = _Case(prefix, then, sealed, rows, records, broken)
    return case.report(case.judge(fast=True), hashed=len(more.rows), notes=notes)


def examine(prefix: Path, *, reporter: Reporter | None = None) -> tuple[Scene, Report]:
    """Verify in full, and what it was found in: see there."""
    reporter = reporter or Quiet()
    reporter.phase("verify", "comparing files")
    then = read_sealed(prefix)
    sealed = then.table.rows() if then.table else None
    with Readers() as readers:
        begun = Hashing(readers, prefix, sealed.values() if sealed else ())
        rows = _look(prefix)
        more = Hashing(readers, prefix, _presume(rows, sealed or {}))
        records, broken = scan_records(prefix)
        case = _Case(prefix, then, sealed, rows, records, broken)
        # Nearly always nothing has changed: it is judged as if, while the helpers read.
        verdict = case.judge() if begun.rows and not more.rows else None
        changed = _confirm(rows, begun, reporter)
        _confirm(rows, more, reporter)
        if verdict is None or changed:
            verdict = case.judge()
    return verdict.scene, case.report(verdict, hashed=len(begun.rows) + len(more.rows))


@dataclass(frozen=True)
class _Verdict:
    scene: Scene
    findings: list[Finding]
    now: Fingerprints | None
    unread: int
    """Compiled files that are told to be right by their header alone."""


@dataclass(frozen=True)
class _Case:
    """What was sealed, what is there, and what the records say."""

    prefix: Path
    then: Sealed
    sealed: Mapping[str, Row] | None
    rows: dict[str, Row]
    records: list[PrefixRecord]
    broken: list[str]

    def judge(self, *, fast: bool = False) -> _Verdict:
        """Everything that is found, with the digests as they are known now."""
        then = self.then
        platform = _platform(then.seal, self.records)
        scene = Scene(self.prefix, platform, then.seal, self.sealed, self.rows, self.records)
        findings = [*then.findings, *map(_broken, self.broken)]
        for finding in judge(scene, known_only=then.pending):
            if not (then.lost and finding.kind == "untracked"):
                findings.append(finding)
        unread = 0 if then.pending else count_unread(scene, {f.path for f in findings})
        now = None if fast or then.pending else _fingerprints(scene)
        if now and not any(f.damage for f in findings):
            findings += _compare(then.seal, now)
        return _Verdict(scene, findings, now, unread)

    def report(self, verdict: _Verdict, *, hashed: int, notes: Iterable[str] = ()) -> Report:
        """For who asked."""
        notes = list(notes)
        if self.then.lost:
            notes.append(
                "what nobody put there cannot be told: the seal or its file table is damaged"
            )
        if verdict.unread:
            notes.append(
                f"{verdict.unread} compiled file{'s' * (verdict.unread > 1)} with a digest that nobody "
                "promised: the header fits the source, the code behind it is not looked at"
            )
        return Report(
            len(self.records),
            sum(row.kind != FOLDER for row in self.rows.values()),
            tuple(verdict.findings),
            hashed,
            self.then.seal.fingerprints if self.then.seal else None,
            verdict.now,
            tuple(notes),
        )


def _untouched(seal: Seal, paths: Iterable[str], kinds: Iterable[str]) -> Report:
    """By size, time and inode all is as it was sealed."""
    return Report(
        sum(map(is_record, paths)),
        sum(kind != FOLDER for kind in kinds),
        (),
        sealed=seal.fingerprints,
    )


def _broken(line: str) -> Finding:
    name, _, problem = line.partition(".json: ")
    return Finding("record", f"{META}/{name}.json", None, problem)


def _look(prefix: Path) -> dict[str, Row]:
    try:
        return look(prefix)
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be read: {error.strerror}", where=str(error.filename or prefix)
        ) from error


def _take_over(rows: dict[str, Row], sealed: Mapping[str, Row]) -> list[Row]:
    """Take the sealed digest where nothing speaks for a change; the files that have none."""
    for path, row in rows.items():
        then = sealed.get(path)
        if then is not None and row.kind == FILE and row.same_stat(then):
            row.digest = then.digest
    return [row for row in rows.values() if row.kind == FILE and not row.digest]


def _presume(rows: dict[str, Row], sealed: Mapping[str, Row]) -> list[Row]:
    """Give each file the digest that it was sealed with, until it is read; the files that have none."""
    unknown = []
    for path, row in rows.items():
        if row.kind != FILE or row.problem:
            continue
        then = sealed.get(path)
        if then is not None and then.kind == FILE:
            row.digest = then.digest
        else:
            unknown.append(row)
    return unknown


def _confirm(rows: dict[str, Row], hashing: Hashing, reporter: Reporter) -> bool:
    """Note what each file's digest really is; whether one is another than was presumed."""
    changed = False
    for read, digest in hashing.finish(lambda done, of: reporter.advance(done, of, "files")):
        row = rows.get(read.path)
        if row is not None and row.kind == FILE and not row.problem and row.digest != digest:
            row.take(digest)
            changed = True
    return changed


def _platform(seal: Seal | None, records: list[PrefixRecord]) -> str:
    subdirs = [r.subdir for r in records if r.subdir not in ("", "noarch")]
    return seal.platform if seal else subdirs[0] if subdirs else current_platform()


def _fingerprints(scene: Scene) -> Fingerprints:
    seal = scene.seal
    return prints_of(
        Payload(
            scene.prefix,
            scene.platform,
            scene.rows,
            scene.records,
            scene.distributions,
            {note.path: note.after for note in seal.patched} if seal else {},
            seal.prefix if seal else None,
        )
    )


def _compare(seal: Seal | None, now: Fingerprints) -> list[Finding]:
    """A difference that no finding explains would be an error of ours, and is not kept quiet."""
    then = seal.fingerprints if seal else None
    if then is None or then.packages == now.packages:
        return []
    detail = f"it is {now.packages[:12]}..., sealed {then.packages[:12]}..."
    return [Finding("fingerprint", SEAL, None, detail)]
