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
from sealenv.prefix.records import RecordPath
from sealenv.seals.changes import (
    distribution_changes,
    locked_packages,
    package_changes,
)
from sealenv.seals.check_compiled import check_compiled, has_source, source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.distributions import Distribution, is_about_installing
from sealenv.seals.findings import Finding, is_leftover, may_change, untracked
from sealenv.seals.fingerprint import is_compiled, promised
from sealenv.seals.seal import PatchNote, is_at
from sealenv.seals.snapshot import FILE, FOLDER, LINK, WORDS, Row, native
from sealenv.system.files import read_regular

__all__ = ["check", "check_changes", "check_promises"]

_KINDS = {"softlink": LINK, "directory": FOLDER}
_STAYS = (CONDARC, HISTORY)
"""Other tools write into these, but do not delete them or change their mode."""


def check(comparison: Comparison) -> list[Finding]:
    """Find every file that is not as it was made; changes of packages are `check_changes`."""
    rows, sealed = comparison.rows, comparison.sealed or {}
    scripts, found = _check_scripts(comparison)
    paths = {*comparison.claims, *comparison.of_distributions, *sealed, *comparison.unsteady}
    unknown = []
    for path in sorted(paths - comparison.steady - scripts):
        row = rows.get(path)
        if _is_known(comparison, path):
            found += _check_path(comparison, path)
        elif row is not None and row.kind == FOLDER:
            found += _unreadable(comparison, row)
        elif row is not None and (row.problem or not _is_expected(comparison, row)):
            unknown.append(path)
    if unknown:
        known = {path for path, row in rows.items() if row.kind != FOLDER or path in sealed}
        found += untracked(unknown, known.difference(unknown), comparison.platform)
    for path in sorted(_compiled(comparison)):
        found += check_compiled(comparison, path, known=_is_known(comparison, path))
    return _outside_closed_folders(comparison, found)


def check_promises(comparison: Comparison) -> Iterator[Finding]:
    """Check the files of unchanged packages by their records too, for when the seal is not trusted."""
    patched = {note.path for note in comparison.seal.patched} if comparison.seal else set()
    for path, claims in sorted(comparison.claims.items()):
        row = comparison.rows.get(path)
        if row is None or row.kind != FILE or path in patched or comparison.is_promised(path):
            continue
        if not is_compiled(path) and comparison.as_sealed(path) is not None:
            found = [_by_record(comparison, row, claim.entry) for claim in claims]
            if all(found):
                yield found[-1] or Finding("altered", path, None)


def check_changes(comparison: Comparison) -> list[Finding]:
    """Find packages that were added, removed, changed or installed again since sealing."""
    seal = comparison.seal
    found: list[Finding] = []
    if seal is not None:
        found = list(package_changes(locked_packages(seal.lock.packages), comparison.records))
        # A record that cannot be read is another finding.
        found = [f for f in found if f.kind != "removed" or f.path not in comparison.rows]
    for package, distribution in comparison.replaced.items():
        found.append(_by_pip(comparison, package, distribution))
    if seal is None or comparison.sealed is None:
        return found
    for record in comparison.records:
        if record.name not in comparison.changed and not comparison.is_record_sealed(record):
            path = f"{META}/{record.dist}.json"
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
    return (
        comparison.as_sealed(path) is not None
        or comparison.is_promised(path)
        or (comparison.seal is not None and path in comparison.seal.activation)
    )


def _is_expected(comparison: Comparison, row: Row) -> bool:
    """Return whether ordinary use leaves such a file."""
    path = row.path
    if path == CONDARC and comparison.seal is None:
        return True  # `conda config --env`; sealenv has written none
    if source_of(path):
        return row.kind == FILE
    return is_leftover(path) or is_about_installing(path)


def _unreadable(comparison: Comparison, row: Row) -> list[Finding]:
    owner = comparison.owner(row.path)
    return [Finding("unreadable", row.path, owner, row.problem)] if row.problem else []


def _check_path(comparison: Comparison, path: str) -> list[Finding]:
    """Check a path that something names."""
    row, then = comparison.rows.get(path), comparison.as_sealed(path)
    if comparison.is_about_reinstalled(path):
        return []
    if row is None:
        missing = _is_missing(comparison, path, then)
        return [Finding("missing", path, comparison.owner(path))] if missing else []
    if is_record(path) and (row.kind != FILE or then is None or row.digest != then.digest):
        return []  # a change of a package, or a record that cannot be read
    if row.problem:
        return _unreadable(comparison, row)
    if then is not None:
        found = _by_table(comparison, row, then)
    elif path in comparison.claims:
        verdicts = [_by_record(comparison, row, c.entry) for c in comparison.claims[path]]
        found = verdicts[-1] if all(verdicts) else None
    else:
        found = _by_distribution(comparison, row)
    if found is not None and found.kind == "altered" and has_source(comparison, path):
        return []  # compared with its source instead
    return [found] if found else []


def _is_missing(comparison: Comparison, path: str, then: Row | None) -> bool:
    """Return whether a path that does not exist should."""
    if path in comparison.claims:
        entries = [claim.entry for claim in comparison.claims[path]]
        # micromamba records compiled files that it did not make.
        return then is not None or any(entry.path_type != "pyc_file" for entry in entries)
    if then is None or path in comparison.of_distributions:
        return not is_compiled(path)
    if then.kind == FOLDER or source_of(path) or is_record(path):
        return False
    if may_change(path):
        return path in _STAYS
    # The file table does not say to which package a file belonged.
    return path.startswith(f"{META}/") or not comparison.has_lost_files


def _by_table(comparison: Comparison, row: Row, then: Row) -> Finding | None:
    path, owner = row.path, comparison.owner(row.path)
    if row.kind != then.kind:
        return _wrong_type(comparison, row, then.kind)
    note = _patch_note(comparison, path)
    # `audit --fix` notes a patch before it replaces the file, and writes the file table last.
    expected = {then.digest.hex(), note.after if note else ""}
    if row.digest and row.digest.hex() not in expected and not may_change(path):
        if row.kind == LINK:
            detail = f"it leads to {comparison.link_text(path)!r}"
            return Finding("wrong-link", path, owner, detail)
        if _is_same_entry_point(comparison, path, then):
            return None
        if found := _unpatched(comparison, row):
            return found
        if row.size != then.size:
            return _wrong_size(comparison, row, then.size)
        return _altered(comparison, row, then.digest.hex(), "sealed with")
    if may_change(path) and path not in _STAYS:
        return None
    return _wrong_mode(comparison, row, then)


def _is_same_entry_point(comparison: Comparison, path: str, then: Row) -> bool:
    """Return whether conda linked the package again: it indents with spaces, py-rattler with a tab."""
    claims = comparison.claims.get(path, [])
    if not any("entry_point" in claim.entry.path_type for claim in claims):
        return False
    try:
        content = read_regular(native(comparison.prefix, path))
    except OSError:
        return False
    forms = (content.replace(b"    ", b"\t"), content.replace(b"\t", b"    "))
    return then.digest in [hashlib.sha256(form).digest() for form in forms]


def _wrong_mode(comparison: Comparison, row: Row, then: Row) -> Finding | None:
    """Compare permission bits, if the platform has them."""
    if row.mode == then.mode or row.kind == LINK or os.name == "nt":
        return None
    if is_windows(comparison.platform):
        return None
    detail = f"{row.mode:04o} instead of {then.mode:04o}"
    return Finding("wrong-mode", row.path, comparison.owner(row.path), detail)


def _unpatched(comparison: Comparison, row: Row) -> Finding | None:
    """Report a file that sealenv made relative and that contains an absolute path again."""
    path = row.path
    note = _patch_note(comparison, path)
    if note is None or row.kind != FILE:
        return None
    if row.digest.hex() != note.before and not _is_patchable(comparison, path):
        return None
    who = "mamba rewrote it" if path.endswith(".bat") else "an update rewrote it"
    detail = f"it contains an absolute path again: {who}"
    return Finding("unpatched", path, comparison.owner(path), detail)


def _patch_note(comparison: Comparison, path: str) -> PatchNote | None:
    """Return what the seal notes of a file that sealenv made relative."""
    seal = comparison.seal
    return next((note for note in seal.patched if note.path == path), None) if seal else None


def _is_patchable(comparison: Comparison, path: str) -> bool:
    try:
        content = read_regular(native(comparison.prefix, path))
    except OSError:
        return False
    from sealenv.portability.patch import patch_bytes  # only for altered files of Windows

    return patch_bytes(path, content, comparison.prefix, platform=comparison.platform) != content


def _by_record(comparison: Comparison, row: Row, entry: RecordPath) -> Finding | None:
    """Check a path by the record of its package."""
    path, owner = row.path, comparison.owner(row.path)
    wanted = _KINDS.get(entry.path_type, FILE) if entry.path_type else row.kind
    if row.kind != wanted:
        return _wrong_type(comparison, row, wanted)
    if row.kind == LINK:
        text = comparison.link_text(path)
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), text))
        if goal == ".." or goal.startswith(("../", "/")):
            detail = f"it leads out of the environment: {text!r}"
            return Finding("wrong-link", path, owner, detail)
        return None
    if row.kind == FOLDER:
        return None
    size, expected = entry.size_in_bytes, promised(entry)
    if expected and row.digest:
        if row.digest.hex() != expected:
            return _unpatched(comparison, row) or _altered(comparison, row, expected, "record has")
    # micromamba records the size in the archive, also of a file with the prefix in it.
    elif not (size in (None, row.size) or entry.prefix_placeholder or entry.sha256_in_prefix):
        return _unpatched(comparison, row) or _wrong_size(comparison, row, size)
    return None


def _by_distribution(comparison: Comparison, row: Row) -> Finding | None:
    """Check a path by the RECORD of its distribution."""
    _, item = comparison.of_distributions[row.path]
    if row.kind == FOLDER:
        return _wrong_type(comparison, row, FILE)
    if row.kind != FILE or is_about_installing(row.path):
        return None
    if item.sha256 is not None and row.digest:
        if row.digest != item.sha256:
            return _altered(comparison, row, item.sha256.hex(), "RECORD has")
    elif item.size is not None and row.size != item.size:
        return _wrong_size(comparison, row, item.size)
    return None


def _wrong_type(comparison: Comparison, row: Row, wanted: str) -> Finding:
    detail = f"it was a {WORDS[wanted]} and is a {WORDS[row.kind]}"
    return Finding("wrong-type", row.path, comparison.owner(row.path), detail)


def _wrong_size(comparison: Comparison, row: Row, size: int) -> Finding:
    detail = f"{row.size} bytes instead of {size}"
    return Finding("altered", row.path, comparison.owner(row.path), detail)


def _altered(comparison: Comparison, row: Row, expected: str, who: str) -> Finding:
    now, then = digests_apart(row.digest.hex(), expected)
    detail = f"sha256 {now}, {who} {then}"
    return Finding("altered", row.path, comparison.owner(row.path), detail)


def _check_scripts(comparison: Comparison) -> tuple[set[str], list[Finding]]:
    """Check the activation scripts by what sealenv would write; return their paths too.

    In a moved prefix they are judged by the file table.
    """
    seal = comparison.seal
    if seal is None or not seal.activation or not is_at(seal, comparison.prefix):
        return set(), []
    try:
        wanted = activation_files(comparison.prefix, platform=seal.platform)
    except SealenvError as error:
        return set(seal.activation), [Finding("activation", seal.activation[0], None, error.what)]
    paths = {*seal.activation, *wanted}
    checked = (_check_script(comparison, path, wanted.get(path)) for path in sorted(paths))
    found = [finding for finding in checked if finding]
    stale = [finding for finding in found if _is_stale(comparison, finding)]
    if not stale or not _is_state_changed(comparison):
        return paths, found
    change = Finding("changed", STATE, None, f"the variables of {STATE}")
    return paths, [change, *(finding for finding in found if finding not in stale)]


def _is_stale(comparison: Comparison, finding: Finding) -> bool:
    """Return whether a script with a finding has its sealed bytes."""
    row, then = comparison.rows.get(finding.path), (comparison.sealed or {}).get(finding.path)
    same = row is not None and then is not None and row.digest == then.digest != b""
    return finding.kind == "activation" and same


def _is_state_changed(comparison: Comparison) -> bool:
    """Return whether `conda env config vars` wrote variables after sealing."""
    row, then = comparison.rows.get(STATE), (comparison.sealed or {}).get(STATE)
    return (row.digest if row else None) != (then.digest if then else None)


def _check_script(comparison: Comparison, path: str, content: bytes | None) -> Finding | None:
    row, then = comparison.rows.get(path), (comparison.sealed or {}).get(path)
    if row is None:
        return Finding("activation", path, None, "it is missing")
    if row.kind != FILE:
        return _wrong_type(comparison, row, FILE)
    if row.problem:
        return Finding("activation", path, None, row.problem)
    if content is None or not row.digest:
        return None
    if row.digest != hashlib.sha256(content).digest():
        detail = "it is not what sealenv repair would write"
        if then is not None and then.digest == row.digest:
            detail = "it is out of date: sealenv repair writes it again"
        return Finding("activation", path, None, detail)
    return _wrong_mode(comparison, row, then) if then is not None else None


def _compiled(comparison: Comparison) -> Iterator[str]:
    """Find compiled files that are not as they were sealed, or whose source is not."""
    yield from filter(is_compiled, comparison.unsteady)
    sources = {path for path in comparison.unsteady if path.endswith(".py")}
    if sources:
        yield from (p for p in comparison.steady if is_compiled(p) and source_of(p) in sources)


def _outside_closed_folders(comparison: Comparison, findings: list[Finding]) -> list[Finding]:
    """Leave out what is missing only because its folder, a finding of its own, cannot be read."""
    closed = tuple(
        f"{finding.path}/"
        for finding in findings
        if finding.kind == "unreadable" and (row := comparison.rows.get(finding.path))
        if row.kind == FOLDER
    )
    return [f for f in findings if not f.path.startswith(closed)] if closed else findings
