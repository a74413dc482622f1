"""Check every path of a prefix once: against the seal, a package's record or a distribution's RECORD."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator

from sealenv.activation.variables import STATE
from sealenv.layout import CONDARC, HISTORY, META, is_record, is_windows
from sealenv.naming import digests_apart
from sealenv.seals.compare import Comparison, Expected, distribution_changes, package_changes
from sealenv.seals.distributions import is_about_installing
from sealenv.seals.findings import Finding, is_leftover, may_change, untracked
from sealenv.seals.fingerprint import ENTRY_POINTS
from sealenv.seals.snapshot import (
    FILE,
    FOLDER,
    LINK,
    WORDS,
    Row,
    is_compiled,
    native,
    source_of,
)
from sealenv.system.files import open_regular, read_regular

_STAYS = (CONDARC, HISTORY)
"""Other tools write into these, but do not delete them or change their mode."""
_HEADER = 16
"""Bytes of a compiled file: magic, flags, and the hash of the source, or its time and size."""


def check(comparison: Comparison) -> list[Finding]:
    """Find every file that is not as it was made; changes of packages are `check_changes`."""
    rows, sealed = comparison.rows, comparison.sealed
    found: list[Finding] = []
    paths = {*rows, *sealed, *comparison.claims, *comparison.of_distributions}
    unsteady = {path for path in paths if not comparison.is_steady(path)}
    unknown = []
    for path in sorted(unsteady):
        row = rows.get(path)
        if path in sealed or comparison.is_promised(path):
            found += _check_path(comparison, path)
        elif row is None:
            continue
        elif row.kind == FOLDER and row.problem:
            found.append(Finding("unreadable", path, None, row.problem))
        elif row.kind != FOLDER and (row.problem or not _is_expected(comparison, row)):
            unknown.append(path)
    if unknown:
        known = {path for path, row in rows.items() if row.kind != FOLDER or path in sealed}
        found += untracked(unknown, known.difference(unknown), comparison.platform)
    for path in sorted(filter(is_compiled, unsteady)):
        found += check_compiled(comparison, path)
    return found


def check_promises(comparison: Comparison) -> Iterator[Finding]:
    """Check the files of unchanged packages by their records too, for when the seal is not trusted."""
    for path in sorted(comparison.claims):
        row = comparison.rows.get(path)
        if row is None or row.kind != FILE or comparison.patch_note(path) or is_compiled(path):
            continue
        if comparison.as_sealed(path) is not None:
            yield from _difference(comparison, row, comparison.recorded(path))


def check_changes(comparison: Comparison) -> list[Finding]:
    """Find packages that were added, removed or changed since sealing."""
    seal = comparison.seal
    found: list[Finding] = []
    if seal is not None:
        found = list(package_changes(comparison.locked, comparison.records))
        # A record that cannot be read is another finding.
        found = [f for f in found if f.kind != "removed" or f.path not in comparison.rows]
    for package, by in comparison.replaced.items():
        dist = next(record.dist for record in comparison.records if record.name == package)
        if by is None:
            found.append(Finding("removed", f"{META}/{dist}.json", package, f"{dist}, by pip"))
        else:
            detail = f"{dist} -> {by.name} {by.version}, by pip"
            found.append(Finding("changed", by.record, package, detail))
    if seal is None or not comparison.sealed:
        return found
    state, sealed_state = comparison.rows.get(STATE), comparison.sealed.get(STATE)
    if (state.digest if state else None) != (sealed_state.digest if sealed_state else None):
        found.append(Finding("changed", STATE, None, f"the variables of {STATE}"))
    for record in comparison.records:
        path = f"{META}/{record.dist}.json"
        now, then = comparison.rows.get(path), comparison.sealed.get(path)
        same = now is not None and then is not None and now.digest == then.digest
        if record.name not in comparison.changed and not same:
            detail = f"{record.dist}: its record was rewritten"
            found.append(Finding("changed", path, record.name, detail))
    shown = {finding.path for finding in found}
    changes = distribution_changes(seal.pip, comparison.distributions, comparison.rows.__contains__)
    found += [finding for finding in changes if finding.path not in shown]
    return found


def _is_expected(comparison: Comparison, row: Row) -> bool:
    """Return whether ordinary use leaves such a file."""
    path = row.path
    if path == CONDARC and comparison.seal is None:
        return True  # `conda config --env`; sealenv has written none
    if source_of(path):
        return row.kind == FILE
    return is_leftover(path) or is_about_installing(path)


def _check_path(comparison: Comparison, path: str) -> list[Finding]:
    """Check a path that something names."""
    row, then = comparison.rows.get(path), comparison.as_sealed(path)
    if comparison.is_written_by_pip(path):
        return []
    if row is None:
        missing = _is_missing(comparison, path)
        return [Finding("missing", path, comparison.owner(path))] if missing else []
    if is_record(path) and (row.kind != FILE or then is None or row.digest != then.digest):
        return []  # a change of a package, or a record that cannot be read
    if row.problem:
        return [Finding("unreadable", path, comparison.owner(path), row.problem)]
    found = _difference(comparison, row, comparison.expected(path))
    # See `check_compiled`.
    return [f for f in found if f.kind != "altered" or not has_source(comparison, path)]


def _is_missing(comparison: Comparison, path: str) -> bool:
    """Return whether a path that does not exist should."""
    if source_of(path):
        return False  # Python writes it again
    then = comparison.as_sealed(path)
    if then is None or path in comparison.claims or path in comparison.of_distributions:
        return True
    if then.kind == FOLDER or is_record(path):
        return False
    if may_change(path):
        return path in _STAYS
    # The file table does not say to which package a file belonged.
    return path.startswith(f"{META}/") or not comparison.has_lost_files


def _difference(comparison: Comparison, row: Row, expected: list[Expected]) -> list[Finding]:
    """Return one finding if a path is nothing that it should be."""
    found = [_compare(comparison, row, each) for each in expected]
    return [found[-1]] if found and all(found) and found[-1] else []


def _compare(comparison: Comparison, row: Row, expected: Expected) -> Finding | None:
    path, owner = row.path, comparison.owner(row.path)
    if expected.kind not in (None, row.kind):
        return _wrong_type(comparison, row, expected.kind or FILE)
    if row.kind == LINK:
        return _compare_link(comparison, row, expected)
    if may_change(path):
        return _compare_mode(comparison, row, expected.mode) if path in _STAYS else None
    if row.kind == FILE and not expected.has_bytes_of(row):
        note = comparison.patch_note(path)
        # `audit --fix` notes a patch before it replaces the file, and writes the file table last.
        if note is None or row.digest.hex() != note.after:
            if _is_same_entry_point(comparison, path, expected.digest):
                return None
            if _is_unpatched(comparison, row):
                who = "mamba rewrote it" if path.endswith(".bat") else "an update rewrote it"
                detail = f"it contains an absolute path again: {who}"
                return Finding("unpatched", path, owner, detail)
            detail = f"{row.size} bytes instead of {expected.size}"
            if expected.size in (None, row.size) and row.digest:
                now, then = digests_apart(row.digest.hex(), expected.digest.hex())
                detail = f"sha256 {now} instead of {then}"
            return Finding("altered", path, owner, detail)
    return _compare_mode(comparison, row, expected.mode)


def _wrong_type(comparison: Comparison, row: Row, kind: str) -> Finding:
    detail = f"it was a {WORDS[kind]} and is a {WORDS[row.kind]}"
    return Finding("wrong-type", row.path, comparison.owner(row.path), detail)


def _compare_link(comparison: Comparison, row: Row, expected: Expected) -> Finding | None:
    """Compare a link with its sealed target; without one, it may only lead inside."""
    if expected.digest == row.digest:
        return None
    text = comparison.link_text(row.path)
    detail = f"it leads to {text!r}"
    if not expected.digest:
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(row.path), text))
        if goal != ".." and not goal.startswith(("../", "/")):
            return None
        detail = f"it leads out of the environment: {text!r}"
    return Finding("wrong-link", row.path, comparison.owner(row.path), detail)


def _compare_mode(comparison: Comparison, row: Row, mode: int | None) -> Finding | None:
    """Compare permission bits, if the platform has them."""
    if mode in (None, row.mode) or os.name == "nt" or is_windows(comparison.platform):
        return None
    detail = f"{row.mode:04o} instead of {mode:04o}"
    return Finding("wrong-mode", row.path, comparison.owner(row.path), detail)


def entry_point_forms(content: bytes) -> list[bytes]:
    """Return an entry point as conda and as py-rattler write it: indented with spaces, or a tab."""
    return [content.replace(b"\t", b"    "), content.replace(b"    ", b"\t")]


def _is_same_entry_point(comparison: Comparison, path: str, digest: bytes) -> bool:
    """Return whether another tool linked the package again."""
    claims = comparison.claims.get(path, [])
    if not any(claim.entry.path_type in ENTRY_POINTS for claim in claims):
        return False
    try:
        content = read_regular(native(comparison.prefix, path))
    except OSError:
        return False
    return any(hashlib.sha256(form).digest() == digest for form in entry_point_forms(content))


def _is_unpatched(comparison: Comparison, row: Row) -> bool:
    """Return whether a file that sealenv made relative contains an absolute path again."""
    note = comparison.patch_note(row.path)
    if note is None or row.digest.hex() == note.before:
        return note is not None
    try:
        content = read_regular(native(comparison.prefix, row.path))
    except OSError:
        return False
    from sealenv.prefix.patches import patch_bytes  # only for altered files

    platform = comparison.platform
    return patch_bytes(row.path, content, comparison.prefix, platform=platform) != content


def has_source(comparison: Comparison, path: str) -> bool:
    """Return whether it is a compiled file with a source, which `check_compiled` checks."""
    row = comparison.rows.get(path)
    if row is None or row.kind != FILE or row.problem:
        return False
    return source_of(path) in comparison.rows


def check_compiled(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Check a compiled file that does not have the sealed bytes; Python may write it again at any time.

    Python compares its header with the source (PEP 552: magic, flags, then the source's hash, or its
    time and size), and writes it again if they differ. But a file that has its source's hash is written
    again only if the source changes: other bytes beside the sealed source are an edit.
    """
    source = source_of(path)
    if source is None or not has_source(comparison, path):
        return
    rows, sealed = comparison.rows, comparison.sealed
    try:
        with open_regular(native(comparison.prefix, path)) as file:
            header = file.read(_HEADER + 1)
    except OSError:
        return
    why = ""
    if len(header) <= _HEADER:
        why = "it is truncated"  # Python fails on it
    elif header[4] & 1 and path in sealed and source in sealed:
        same = rows[path].digest == sealed[path].digest
        if not same and rows[source].digest == sealed[source].digest:
            why = "its bytes have changed, and its source has not"
    if why:
        owner = comparison.owner(path) or comparison.owner(source)
        yield Finding("stale-pyc", path, owner, why)
