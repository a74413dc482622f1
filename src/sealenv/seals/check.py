"""Every path of a prefix once: by package, by distribution, by seal, and what none of them knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from sealenv.activation.scripts import activation_files
from sealenv.errors import SealenvError
from sealenv.layout import CONDARC, HISTORY, META, is_record
from sealenv.seals.check_compiled import check_compiled, has_source, source_of
from sealenv.seals.check_packages import check_packages, takes_files
from sealenv.seals.check_paths import check_claimed, check_distributed, check_known, check_mode
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import is_compiled
from sealenv.seals.seal import is_at
from sealenv.seals.snapshot import FILE, FOLDER, Row
from sealenv.seals.untracked import group, is_leftover, may_change

__all__ = ["check"]

_STAYS = (CONDARC, HISTORY)
"""Other tools write into these, but do not delete them or change their mode."""


def check(comparison: Comparison, *, known_only: bool) -> list[Finding]:
    """Find everything that is not as it was made.

    Args:
        comparison: of the prefix.
        known_only: only paths of packages' records.
    """
    return _outside_closed_folders(comparison, list(_check(comparison, known_only)))


def _check(comparison: Comparison, known_only: bool) -> Iterator[Finding]:
    claims, distributed = comparison.claims, comparison.of_distributions
    for path in sorted((claims.keys() - comparison.steady) | comparison.contested):
        yield from _but_compiled(comparison, check_claimed(comparison, path, claims[path]))
    if known_only:
        return
    changes = check_packages(comparison)
    yield from changes
    for path in sorted(distributed.keys() - comparison.steady):
        yield from _but_compiled(comparison, check_distributed(comparison, path))
    yield from _check_scripts(comparison)
    # A RECORD that was cut does not name itself, and is among the changes.
    scripts = comparison.seal.activation if comparison.seal else ()
    known = {*claims, *distributed, *scripts, *(finding.path for finding in changes)}
    replaced = any(takes_files(comparison, finding) for finding in changes)
    yield from _check_sealed(comparison, known, replaced=replaced)
    yield from _check_unknown(comparison, known)
    for path in sorted(_compiled(comparison)):
        expected = path in claims or bool(comparison.sealed and path in comparison.sealed)
        yield from check_compiled(comparison, path, known=expected)


def _check_scripts(comparison: Comparison) -> Iterator[Finding]:
    """Check activation scripts and includes; those of a moved prefix are to be as sealed."""
    seal = comparison.seal
    if seal is None or not seal.activation:
        return
    here = is_at(seal, comparison.prefix)
    try:
        wanted = activation_files(comparison.prefix, platform=seal.platform) if here else {}
    except SealenvError as error:
        yield Finding("activation", seal.activation[0], None, error.what)
        return
    for path in sorted({*seal.activation, *wanted}):
        yield from _check_script(comparison, path, wanted.get(path))


def _check_script(comparison: Comparison, path: str, content: bytes | None) -> Iterator[Finding]:
    row, then = comparison.rows.get(path), (comparison.sealed or {}).get(path)
    if row is None:
        yield Finding("activation", path, None, "it is not there")
    elif row.kind != FILE:
        yield Finding("wrong-type", path, None, "it was a file and is none")
    elif row.problem:
        yield Finding("activation", path, None, row.problem)
    elif not row.digest:
        return
    elif content is not None and row.digest != hashlib.sha256(content).digest():
        detail = "it is not what sealenv repair would write"
        if then is not None and then.digest == row.digest:
            detail = "it is out of date: sealenv repair writes it again"
        yield Finding("activation", path, None, detail)
    elif content is None and then is not None and row.digest != then.digest:
        yield Finding("altered", path, None, "it is not what was sealed")
    elif then is not None:
        yield from check_mode(comparison, row, then, None)


def _check_sealed(comparison: Comparison, known: set[str], *, replaced: bool) -> Iterator[Finding]:
    """Check what the file table alone knows.

    Args:
        comparison: of the prefix.
        known: paths that were checked already.
        replaced: packages went or were replaced since, and their files with them.
    """
    sealed = comparison.sealed or {}
    for path in sorted(sealed.keys() - comparison.steady - known):
        row, then = comparison.rows.get(path), sealed[path]
        if row is not None and row.kind == then.kind == FOLDER:
            if row.problem or row.mode != then.mode:
                yield from check_known(comparison, row, then)
        elif is_record(path):  # what a record says is compared by package
            if row is not None and row.kind == FILE and row.digest == then.digest:
                yield from check_mode(comparison, row, then, None)
        elif source_of(path) and _is_plain(row):
            continue
        elif row is None:
            # Nothing in conda-meta belongs to a package.
            gone = replaced and not path.startswith(f"{META}/")
            excused = then.kind == FOLDER or gone or may_change(path)
            if path in _STAYS or not excused:
                yield Finding("missing", path, None, "it was there when the environment was sealed")
        elif not may_change(path) or row.problem or row.kind != then.kind:
            yield from check_known(comparison, row, then)
        elif path in _STAYS:
            yield from check_mode(comparison, row, then, None)


def _check_unknown(comparison: Comparison, known: set[str]) -> Iterator[Finding]:
    """Find files and links that nothing names, and unreadable folders."""
    rows, sealed = comparison.rows, comparison.sealed or {}
    plain = []
    for path in comparison.unsteady:
        row = rows[path]
        if path in sealed or path in known:
            continue
        if row.kind == FOLDER:
            yield Finding("unreadable", path, None, row.problem)
            continue
        expected = is_leftover(path) or (source_of(path) and row.kind == FILE)
        if row.problem or not expected:
            plain.append(path)
    if plain:
        yield from group(plain, (path for path in rows if path in sealed or path in known))


def _compiled(comparison: Comparison) -> Iterator[str]:
    """Find compiled files that are not as they were sealed, or whose source is not."""
    yield from filter(is_compiled, comparison.unsteady)
    sources = {path for path in comparison.unsteady if path.endswith(".py")}
    if sources:
        yield from (p for p in comparison.steady if is_compiled(p) and source_of(p) in sources)


def _but_compiled(comparison: Comparison, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leave out other bytes of compiled files: they are compared with their source."""
    return (f for f in findings if f.kind != "altered" or not has_source(comparison, f.path))


def _outside_closed_folders(comparison: Comparison, findings: list[Finding]) -> list[Finding]:
    """Leave out what is missing only because its folder, a finding of its own, cannot be read."""
    closed = tuple(
        f"{finding.path}/"
        for finding in findings
        if finding.kind == "unreadable" and (row := comparison.rows.get(finding.path))
        if row.kind == FOLDER
    )
    return [f for f in findings if not f.path.startswith(closed)] if closed else findings


def _is_plain(row: Row | None) -> bool:
    return row is None or (row.kind == FILE and not row.problem)
