"""Replace a sealed environment: make it pending, so that `mark` empties it and create fills it again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sealenv.errors import PrefixError
from sealenv.layout import MARKER, MOVING, State, is_link, state_of
from sealenv.naming import shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.pending import write_plan
from sealenv.prefix.records import scan_records
from sealenv.prefix.removal import refuse_frozen, refuse_in_use, refuse_inner
from sealenv.seals.distributions import scan_distributions
from sealenv.seals.fingerprint import promised
from sealenv.seals.seal import read_sealed
from sealenv.seals.snapshot import FILE, hash_rows, take_snapshot
from sealenv.system.files import write_atomic

_REPLACING = b"replacing\n"
"""The marker's content until the new create has locked it."""


def may_replace(prefix: Path, environ: Mapping[str, str]) -> bool:
    """Return whether the prefix is a sealed environment that `create --replace` can replace.

    Raises:
        PrefixError: it is active, in use, frozen, half moved, or holds other environments.
    """
    if is_link(prefix) or state_of(prefix) is not State.SEALED:
        return False
    if os.path.lexists(prefix / MOVING):
        raise PrefixError(
            "a move of this environment was interrupted",
            where=str(prefix),
            hint=f"finish it first: sealenv move --here {shown(str(prefix))}",
        )
    refuse_inner(prefix)
    refuse_in_use(prefix, environ, do="replace", forceable=False)
    try:
        refuse_frozen(prefix)
    except PrefixError as error:
        error.hint = f"remove it first: sealenv remove --override-frozen {shown(str(prefix))}"
        raise
    return True


def give_up(prefix: Path, environ: Mapping[str, str]) -> None:
    """Make a sealed environment pending. Any other prefix stays as it is.

    The plan lists the unedited files of packages. `clear_pending` deletes these, and keeps everything
    else in the user folder.

    Raises:
        PrefixError: as for `may_replace`.
        PrefixLockedError: another process works on it.
        FilesystemError: it cannot be read or written.
    """
    if not may_replace(prefix, environ):
        return
    with exclusive(prefix):
        write_plan(prefix, _unedited(prefix))
        write_atomic(prefix / MARKER, _REPLACING)


def _unedited(prefix: Path) -> list[str]:
    """List the files of conda packages and distributions that have the bytes they came with."""
    expected: dict[str, set[str | None]] = {}
    for path, digest in _promised(prefix):
        expected.setdefault(path, set()).add(digest)
    sealed = read_sealed(prefix).rows or {}
    rows = {path: row for path, row in take_snapshot(prefix).items() if path in expected}
    changed = [
        row
        for path, row in rows.items()
        if row.kind == FILE and None not in expected[path]
        if path not in sealed or not row.same_stat(sealed[path])
    ]
    hash_rows(prefix, rows, changed)
    edited = set()
    for row in changed:
        then = sealed.get(row.path)
        if row.digest.hex() not in expected[row.path] and not (then and row.digest == then.digest):
            edited.add(row.path)
    return sorted(expected.keys() - edited)


def _promised(prefix: Path) -> Iterator[tuple[str, str | None]]:
    """Yield the path of each file of a package, and the sha256 that its record has for it."""
    records, _ = scan_records(prefix)
    owned = set()
    for record in records:
        for entry in record.paths_data.paths:
            owned.add(entry.path)
            yield entry.path, promised(entry)
    for found in scan_distributions(prefix, owned):
        for item in found.files:
            yield item.path, item.sha256.hex() if item.sha256 else None
