"""Check every path of a prefix once: against the seal, a package's record or a distribution's RECORD."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator

from sealenv.activation.scripts import activation_files
from sealenv.activation.variables import STATE
from sealenv.errors import SealenvError
from sealenv.layout import CONDARC, HISTORY, META, is_record, is_windows
from sealenv.naming import digests_apart
from sealenv.seals.compare import Comparison, Expected, distribution_changes, package_changes
from sealenv.seals.distributions import Distribution, is_about_installing
from sealenv.seals.findings import Finding, is_leftover, may_change, untracked
from sealenv.seals.fingerprint import ENTRY_POINTS
from sealenv.seals.seal import is_at
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


def check(comparison: Comparison) -> list[Finding]:
    """Find every file that is not as it was made; changes of packages are `check_changes`."""
    rows, sealed = comparison.rows, comparison.sealed
    scripts, found = _check_scripts(comparison)
    paths = {*rows, *sealed, *comparison.claims, *comparison.of_distributions} - scripts
    unsteady = {path for path in paths if not comparison.is_steady(path)}
    unknown = []
    for path in sorted(unsteady):
        row = rows.get(path)
        if _is_known(comparison, path):
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
    """Find packages that were added, removed, changed or installed again since sealing."""
    seal = comparison.seal
    found: list[Finding] = []
    if seal is not None:
        found = list(package_changes(comparison.locked, comparison.records))
        # A record that cannot be read is another finding.
        found = [f for f in found if f.kind != "removed" or f.path not in comparison.rows]
    for package, distribution in comparison.replaced.items():
        found.append(_by_pip(comparison, package, distribution))
    if seal is None or not comparison.sealed:
        return found
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
    for d in comparison.distributions:
        if d.record in comparison.reinstalled:
            detail = f"{d.name} {d.version} was installed again, by pip"
            found.append(Finding("changed", d.record, d.name, detail))
    return found


def _by_pip(comparison: Comparison, package: str, found: Distribution | None) -> Finding:
    """Report a conda package that pip has replaced or uninstalled."""
    record = next(record for record in comparison.records if record.name == package)
    if found is None:
        path = f"{META}/{record.dist}.json"
        return Finding("removed", path, package, f"{record.dist}, by pip")
    detail = f"{record.dist} -> {found.name} {found.version}, by pip"
    return Finding("changed", found.record, package, detail)


def _is_known(comparison: Comparison, path: str) -> bool:
    """Return whether the seal, a changed package or a changed distribution names a path."""
    return path in comparison.sealed or comparison.is_promised(path)


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
    if comparison.is_about_reinstalled(path):
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
        return _compare_mode(comparison, row, expected) if path in _STAYS else None
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
            return Finding("altered", path, owner, _other_bytes(row, expected))
    return _compare_mode(comparison, row, expected)


def _wrong_type(comparison: Comparison, row: Row, kind: str) -> Finding:
    detail = f"it was a {WORDS[kind]} and is a {WORDS[row.kind]}"
    return Finding("wrong-type", row.path, comparison.owner(row.path), detail)


def _other_bytes(row: Row, expected: Expected) -> str:
    if expected.size not in (None, row.size) or not row.digest:
        return f"{row.size} bytes instead of {expected.size}"
    now, then = digests_apart(row.digest.hex(), expected.digest.hex())
    return f"sha256 {now}, {expected.source} {then}"


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


def _compare_mode(comparison: Comparison, row: Row, expected: Expected) -> Finding | None:
    """Compare permission bits, if the platform has them."""
    if expected.mode in (None, row.mode) or os.name == "nt" or is_windows(comparison.platform):
        return None
    detail = f"{row.mode:04o} instead of {expected.mode:04o}"
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
    from sealenv.portability.patch import patch_bytes  # only for altered files

    platform = comparison.platform
    return patch_bytes(row.path, content, comparison.prefix, platform=platform) != content


def _check_scripts(comparison: Comparison) -> tuple[set[str], list[Finding]]:
    """Check the activation scripts; return their paths too.

    A script has the sealed bytes, or those that sealenv would write now: `repair` writes it again after
    variables have changed. In a moved prefix the scripts are judged as other files are.
    """
    seal = comparison.seal
    if seal is None or not seal.activation or not is_at(seal, comparison.prefix):
        return set(), []
    try:
        wanted = activation_files(comparison.prefix, platform=seal.platform)
    except SealenvError as error:
        return set(seal.activation), [Finding("activation", seal.activation[0], None, error.what)]
    found = []
    stale = False
    for path in sorted({*seal.activation, *wanted}):
        row, then = comparison.rows.get(path), comparison.sealed.get(path)
        written = row is None or path not in wanted or _is_written(row, wanted[path])
        if row is not None and not written and then is not None and row.digest == then.digest:
            stale = written = True
        found += _check_script(comparison, path, written=written)
    state, then = comparison.rows.get(STATE), comparison.sealed.get(STATE)
    if stale and (state.digest if state else None) != (then.digest if then else None):
        found.append(Finding("changed", STATE, None, f"the variables of {STATE}"))
    return {*seal.activation, *wanted}, found


def _is_written(row: Row, content: bytes) -> bool:
    return not row.digest or row.digest == hashlib.sha256(content).digest()


def _check_script(comparison: Comparison, path: str, *, written: bool) -> list[Finding]:
    row, then = comparison.rows.get(path), comparison.sealed.get(path)
    if row is None:
        return [Finding("activation", path, None, "it is missing")]
    if row.kind != FILE:
        return [_wrong_type(comparison, row, FILE)]
    if row.problem or not written:
        detail = row.problem or "it is not what sealenv repair would write"
        return [Finding("activation", path, None, detail)]
    found = _compare_mode(comparison, row, Expected("", mode=then.mode)) if then else None
    return [found] if found else []


_HEADER = 16
"""Bytes: magic, flags, and the hash of the source, or its time and size."""


def has_source(comparison: Comparison, path: str) -> bool:
    """Return whether it is a compiled file with a source, which `check_compiled` checks."""
    row = comparison.rows.get(path)
    if row is None or row.kind != FILE or row.problem:
        return False
    return source_of(path) in comparison.rows


def check_compiled(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Check a compiled file that does not have the sealed bytes."""
    source = source_of(path)
    if source is None or not has_source(comparison, path):
        return
    try:
        with open_regular(native(comparison.prefix, path)) as file:
            header = file.read(_HEADER + 1)
    except OSError:
        return
    why = ""
    if len(header) <= _HEADER:
        why = "it is truncated"  # Python fails on it
    elif header[4] & 1 and _is_edited(comparison, path, source):
        why = "its bytes have changed, and its source has not"
    if why:
        owner = comparison.owner(path) or comparison.owner(source)
        yield Finding("stale-pyc", path, owner, why)


def _is_edited(comparison: Comparison, path: str, source: str) -> bool:
    """Return whether a sealed compiled file has other bytes, and its source has not."""
    rows, sealed = comparison.rows, comparison.sealed
    if path not in sealed or source not in sealed:
        return False
    same = rows[path].digest == sealed[path].digest
    return not same and rows[source].digest == sealed[source].digest
