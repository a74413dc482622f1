"""What was sealed, what is there and what the records say: judged, and put into a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.layout import META, SEAL
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord
from sealenv.seals.compiled import count_unread
from sealenv.seals.findings import Finding, Report
from sealenv.seals.fingerprint import Payload, is_compiled
from sealenv.seals.observing import prints_of
from sealenv.seals.path import FILE, FOLDER
from sealenv.seals.row import Row
from sealenv.seals.scene import Scene
from sealenv.seals.seal import Fingerprints, Seal
from sealenv.seals.sealed import Sealed
from sealenv.seals.verdict import but_behind_closed, judge

__all__ = ["Case", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    scene: Scene
    findings: list[Finding]
    now: Fingerprints | None
    unread: int
    """Compiled files that are told to be right by their header alone."""


@dataclass(frozen=True)
class Case:
    """What was sealed, what is there, and what the records say."""

    prefix: Path
    then: Sealed
    sealed: Mapping[str, Row] | None
    rows: dict[str, Row]
    records: list[PrefixRecord]
    broken: list[str]

    def worth_reading(self, rows: Iterable[Row]) -> list[Row]:
        """Those of files without a digest that it takes to judge: sealed, or promised by somebody."""
        rows = list(rows)
        if not rows:
            return rows
        scene = self._scene()
        scripts = scene.seal.activation if scene.seal else ()
        known = {*scene.claims, *scene.of_distributions, *scripts}
        sealed = self.sealed or {}
        return [
            row
            for row in rows
            if row.path in known
            or row.path in sealed
            or is_compiled(row.path)
            or row.path.startswith(f"{META}/")
        ]

    def _scene(self) -> Scene:
        """Anew for each look: it keeps what it derives from the digests."""
        platform = _platform(self.then.seal, self.records)
        return Scene(self.prefix, platform, self.then.seal, self.sealed, self.rows, self.records)

    def judge(self, *, fast: bool = False, tree: bool = True) -> Verdict:
        """Everything that is found, with the digests as they are known now.

        Args:
            fast: most digests are those that were sealed: there are no fingerprints of now.
            tree: whether the fingerprint `tree` is wanted.
        """
        then = self.then
        scene = self._scene()
        findings = [*then.findings, *map(_broken, self.broken)]
        for finding in judge(scene, known_only=then.pending):
            if not (then.lost and finding.kind == "untracked"):
                findings.append(finding)
        findings = but_behind_closed(scene, findings)
        unread = 0 if then.pending else count_unread(scene, {f.path for f in findings})
        now = None if fast or then.pending else _fingerprints(scene, tree=tree)
        if now and any(_is_unread(self.rows[path]) for path in scene.unsteady):
            now.tree = ""  # files that nobody knows were not read
        if now and not any(f.damage for f in findings):
            findings += _compare(then.seal, now)
        return Verdict(scene, findings, now, unread)

    def report(self, verdict: Verdict, *, hashed: int, notes: Iterable[str] = ()) -> Report:
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
            self.sealed is not None,
        )


def _is_unread(row: Row) -> bool:
    return row.kind == FILE and not row.digest and not row.problem


def _broken(line: str) -> Finding:
    name, _, problem = line.partition(".json: ")
    return Finding("record", f"{META}/{name}.json", None, problem)


def _platform(seal: Seal | None, records: list[PrefixRecord]) -> str:
    if seal:
        return seal.platform
    from sealenv.spec.model import current_platform

    return next((r.subdir for r in records if r.subdir not in ("", "noarch")), current_platform())


def _fingerprints(scene: Scene, *, tree: bool) -> Fingerprints:
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
        ),
        tree=tree,
    )


def _compare(seal: Seal | None, now: Fingerprints) -> list[Finding]:
    """A difference that no finding explains would be an error of ours, and is not kept quiet."""
    then = seal.fingerprints if seal else None
    if then is None or then.packages == now.packages:
        return []
    detail = "it is {}, sealed {}".format(*digests_apart(now.packages, then.packages))
    return [Finding("fingerprint", SEAL, None, detail)]
