"""Verify: is everything in a prefix what it was made, and nothing else there?

What a file must be is told by the file table where the environment was sealed with one and its package
is still the same; otherwise by the package's record: `sha256_in_prefix`, else `sha256` (CEP 32). So
environments of conda, mamba and pixi can be verified too. Nothing is written, no link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sealenv.condameta.records import PrefixRecord, scan_records
from sealenv.errors import FilesystemError, RecordError
from sealenv.layout import FILES, MARKER, META, SCRATCH, SEAL
from sealenv.progress import Quiet, Reporter
from sealenv.seal.compiled import count_unread, has_source, judge_compiled, source_of
from sealenv.seal.drift import find_drift
from sealenv.seal.filetable import read_files
from sealenv.seal.findings import Finding, Report
from sealenv.seal.fingerprint import Payload, is_compiled
from sealenv.seal.judging import judge_claimed, judge_distributed, judge_known
from sealenv.seal.observing import prints_of
from sealenv.seal.scene import Scene
from sealenv.seal.scripts import judge_scripts
from sealenv.seal.seal import Fingerprints, Seal, is_at, read_seal
from sealenv.seal.tree import FILE, FOLDER, Row, hash_rows, look
from sealenv.seal.untracked import group, is_leftover, may_change
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
    return examine(prefix, fast=fast, reporter=reporter)[1]


def examine(
    prefix: Path, *, fast: bool = False, reporter: Reporter | None = None
) -> tuple[Scene, Report]:
    """Verify, and what it was found in: see there."""
    reporter = reporter or Quiet()
    reporter.phase("verify", "comparing files")
    seal, findings = _read_state(prefix)
    sealed, notes = _read_table(prefix, seal, findings)
    rows = _look(prefix)
    if os.path.lexists(prefix / SCRATCH) and not (prefix / MARKER).exists():
        findings.append(Finding("leftover", f"{SCRATCH}/", None, "the next repair deletes it"))
    if fast and sealed is None:
        notes.append("there is no file table: files are compared by their size alone")
    if fast and sealed is not None and _take_over(rows, sealed) and seal and not findings:
        scene = Scene(prefix, seal.platform, seal, sealed, rows, [])
        count = sum(_is_record(path) for path in rows)
        return scene, Report(count, _files(rows), (), sealed=seal.fingerprints)
    read: list[tuple[list[PrefixRecord], list[str]]] = []
    hashed = _hash(
        prefix,
        rows,
        reporter,
        every=not fast or sealed is not None,
        meanwhile=lambda: read.append(scan_records(prefix)),
    )
    records, broken = read[0]
    findings += [_broken(line) for line in broken]
    scene = Scene(prefix, _platform(seal, records), seal, sealed, rows, records)
    pending = any(f.kind == "pending" for f in findings)
    # Pending: nobody said yet what belongs there. Without seal or table nobody does any more.
    lost = any(f.kind == "record" and f.path in (SEAL, FILES) for f in findings)
    found = list(_judge_all(scene, known_only=pending))
    findings += [f for f in found if not (lost and f.kind == "untracked")]
    if lost:
        notes.append("what nobody put there cannot be told: the seal or its file table is damaged")
    unread = 0 if pending else count_unread(scene, {f.path for f in findings})
    if unread:
        notes.append(
            f"{unread} compiled file{'s' * (unread > 1)} with a digest that nobody promised: the header "
            "fits the source, the code behind it is not looked at"
        )
    now = None if fast or pending else _fingerprints(scene)
    if now and not any(f.damage for f in findings):
        findings += _compare(seal, now)
    return scene, Report(
        len(records),
        _files(rows),
        tuple(findings),
        hashed,
        seal.fingerprints if seal else None,
        now,
        tuple(notes),
    )


def _broken(line: str) -> Finding:
    name, _, problem = line.partition(".json: ")
    return Finding("record", f"{META}/{name}.json", None, problem)


def _read_state(prefix: Path) -> tuple[Seal | None, list[Finding]]:
    """The seal; and whether it is pending, moved, or has a seal that cannot be read."""
    if (prefix / MARKER).exists():
        return None, [Finding("pending", MARKER, None, "it was never finished")]
    if not (prefix / SEAL).exists():
        return None, []
    try:
        seal = read_seal(prefix)
    except RecordError as error:
        return None, [Finding("record", SEAL, None, error.what)]
    if is_at(seal, prefix):
        return seal, []
    detail = f"it was made at {seal.prefix} and holds that path"
    return seal, [Finding("moved", SEAL, None, detail)]


def _read_table(
    prefix: Path, seal: Seal | None, findings: list[Finding]
) -> tuple[dict[str, Row] | None, list[str]]:
    if seal is None:
        return None, []
    try:
        return read_files(prefix, seal.files), []
    except RecordError as error:
        findings.append(Finding("record", FILES, None, error.what))
        return None, []


def _look(prefix: Path) -> dict[str, Row]:
    try:
        return look(prefix)
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be read: {error.strerror}", where=str(error.filename or prefix)
        ) from error


def _take_over(rows: dict[str, Row], sealed: dict[str, Row]) -> bool:
    """Take the sealed digest where nothing speaks for a change; True when that is everywhere."""
    missing = len(sealed)
    same = True
    for path, row in rows.items():
        then = sealed.get(path)
        if then is None:
            same = same and row.kind == FOLDER
            continue
        missing -= 1
        if row.kind == FOLDER:
            same = same and then.kind == FOLDER
        elif row.same_stat(then):
            row.digest = then.digest
        else:
            same = False
    return same and missing == 0


def _hash(
    prefix: Path,
    rows: dict[str, Row],
    reporter: Reporter,
    *,
    every: bool,
    meanwhile: Callable[[], None],
) -> int:
    """Hash what has no digest yet; how many that were."""
    wanted = [
        row
        for row in rows.values()
        if row.kind == FILE and not row.digest and (every or row.path.startswith(f"{META}/"))
    ]
    hash_rows(
        prefix,
        wanted,
        lambda done, total: reporter.advance(done, total, "files"),
        meanwhile=meanwhile,
    )
    return len(wanted)


def _files(rows: dict[str, Row]) -> int:
    return sum(row.kind != FOLDER for row in rows.values())


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


def _judge_all(scene: Scene, *, known_only: bool) -> Iterator[Finding]:
    """Every path once, by whoever answers for it; then what nobody answers for."""
    for path, claims in sorted(scene.claims.items()):
        yield from _but_bytes(scene, judge_claimed(scene, path, claims))
    if known_only:
        return
    drift = list(find_drift(scene))
    yield from drift
    for path in sorted(scene.of_distributions):
        yield from _but_bytes(scene, judge_distributed(scene, path))
    yield from judge_scripts(scene)
    answered = {*scene.claims, *scene.of_distributions, *_scripts_of(scene)}
    yield from _judge_rest(scene, answered, replaced=any(f.kind != "installed" for f in drift))
    for path in sorted(path for path in scene.rows if is_compiled(path)):
        known = path in scene.claims or bool(scene.sealed and path in scene.sealed)
        yield from judge_compiled(scene, path, known=known)


def _but_bytes(scene: Scene, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Not the bytes of compiled files: their source answers for them."""
    return (f for f in findings if f.kind != "altered" or not has_source(scene, f.path))


def _judge_rest(scene: Scene, answered: set[str], *, replaced: bool) -> Iterator[Finding]:
    """What the file table alone knows, and what nobody knows.

    Args:
        scene: all that is there.
        answered: paths that somebody else answers for.
        replaced: packages went or were replaced since, and their files with them.
    """
    sealed = scene.sealed or {}
    for path, then in sealed.items():
        row = scene.rows.get(path)
        if path in answered or _is_record(path) or (source_of(path) and _is_plain(row)):
            continue
        if may_change(path) and not (row and row.problem):
            continue
        if row is not None:
            yield from judge_known(scene, row, then)
        elif then.kind != FOLDER and not replaced:
            yield Finding("missing", path, None, "it was there when the environment was sealed")
    unknown = [
        path
        for path, row in scene.rows.items()
        if row.kind != FOLDER
        and path not in answered
        and path not in sealed
        and not (is_leftover(path) and not row.problem)
        and not (source_of(path) and _is_plain(row))
    ]
    yield from group(unknown, (p for p in scene.rows if p in answered or p in sealed))


def _is_plain(row: Row | None) -> bool:
    return row is None or (row.kind == FILE and not row.problem)


def _is_record(path: str) -> bool:
    return path.startswith(f"{META}/") and path.endswith(".json")


def _scripts_of(scene: Scene) -> list[str]:
    return scene.seal.activation if scene.seal else []
