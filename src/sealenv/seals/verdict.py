"""Every path of a prefix before its judge: who answers for it, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sealenv.layout import CONDARC, HISTORY, META, is_record
from sealenv.seals.compiled import has_source, judge_compiled, source_of
from sealenv.seals.drift import find_drift, takes_files
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import is_compiled
from sealenv.seals.judging import judge_claimed, judge_distributed, judge_known, judge_mode
from sealenv.seals.path import FILE, FOLDER
from sealenv.seals.row import Row
from sealenv.seals.scene import Scene
from sealenv.seals.scripts import judge_scripts
from sealenv.seals.untracked import group, is_leftover, may_change

__all__ = ["but_behind_closed", "judge"]

_STAYS = (CONDARC, HISTORY)
"""Others write into these, and nobody takes them away or opens them to everybody."""


def judge(scene: Scene, *, known_only: bool) -> Iterator[Finding]:
    """Every path once, by whoever answers for it; then what nobody answers for.

    Args:
        scene: all that is there.
        known_only: only what packages' records name.
    """
    steady = scene.steady
    claimed = (scene.claims.keys() - steady) | scene.contested
    for path in sorted(claimed):
        yield from _but_bytes(scene, judge_claimed(scene, path, scene.claims[path]))
    if known_only:
        return
    drift = find_drift(scene)
    yield from drift
    for path in sorted(scene.of_distributions.keys() - steady):
        yield from _but_bytes(scene, judge_distributed(scene, path))
    yield from judge_scripts(scene)
    # What drifted too: a RECORD that is cut does not name itself.
    others = {*_scripts_of(scene), *(finding.path for finding in drift)}

    def answered(path: str) -> bool:
        return path in scene.claims or path in scene.of_distributions or path in others

    replaced = any(takes_files(scene, finding) for finding in drift)
    yield from _judge_rest(scene, answered, replaced=replaced)
    for path in sorted(_compiled(scene)):
        known = path in scene.claims or bool(scene.sealed and path in scene.sealed)
        yield from judge_compiled(scene, path, known=known)


def _compiled(scene: Scene) -> Iterator[str]:
    """Compiled files that are not as they were sealed, or whose source is not."""
    yield from filter(is_compiled, scene.unsteady)
    sources = {path for path in scene.unsteady if path.endswith(".py")}
    if sources:
        yield from (p for p in scene.steady if is_compiled(p) and source_of(p) in sources)


def _but_bytes(scene: Scene, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Not the bytes of compiled files: their source answers for them."""
    return (f for f in findings if f.kind != "altered" or not has_source(scene, f.path))


def _judge_rest(
    scene: Scene, answered: Callable[[str], bool], *, replaced: bool
) -> Iterator[Finding]:
    """What the file table alone knows, and what nobody knows.

    Args:
        scene: all that is there.
        answered: whether somebody else answers for a path that is not as it was sealed.
        replaced: packages went or were replaced since, and their files with them.
    """
    sealed = scene.sealed or {}
    for path in sorted(p for p in sealed.keys() - scene.steady if not answered(p)):
        row, then = scene.rows.get(path), sealed[path]
        if row is not None and row.kind == then.kind == FOLDER:
            if row.problem or row.mode != then.mode:
                yield from judge_known(scene, row, then)
            continue
        if is_record(path):
            if row is not None and row.kind == FILE and row.digest == then.digest:
                yield from judge_mode(scene, row, then, None)
            continue  # of what it says judges who compares packages
        if source_of(path) and _is_plain(row):
            continue
        if row is None:
            # Nothing in conda-meta belongs to a package.
            gone = replaced and not path.startswith(f"{META}/")
            excused = then.kind == FOLDER or gone or may_change(path)
            if path in _STAYS or not excused:
                yield Finding("missing", path, None, "it was there when the environment was sealed")
        elif not may_change(path) or row.problem or row.kind != then.kind:
            yield from judge_known(scene, row, then)
        elif path in _STAYS:
            yield from judge_mode(scene, row, then, None)
    unknown = [
        path
        for path in scene.unsteady
        if path not in sealed
        and not answered(path)
        and not (is_leftover(path) and not scene.rows[path].problem)
        and not (source_of(path) and _is_plain(scene.rows[path]))
    ]
    if unknown:
        closed = [path for path in unknown if scene.rows[path].kind == FOLDER]
        for path in closed:
            yield Finding("unreadable", path, None, scene.rows[path].problem)
        plain = [path for path in unknown if scene.rows[path].kind != FOLDER]
        yield from group(plain, (p for p in scene.rows if p in sealed or answered(p)))


def but_behind_closed(scene: Scene, findings: list[Finding]) -> list[Finding]:
    """Without what is missing only because its folder cannot be read: that is a finding of its own."""
    closed = tuple(
        f"{finding.path}/"
        for finding in findings
        if finding.kind == "unreadable" and (row := scene.rows.get(finding.path))
        if row.kind == FOLDER
    )
    return [f for f in findings if not f.path.startswith(closed)] if closed else findings


def _is_plain(row: Row | None) -> bool:
    return row is None or (row.kind == FILE and not row.problem)


def _scripts_of(scene: Scene) -> list[str]:
    return scene.seal.activation if scene.seal else []
