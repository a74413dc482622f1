"""`audit`, and `audit --fix`: make files relative where they can be, and note the rest in the seal.

`--fix` refuses an environment that was changed since it was sealed. The seal names the patches before
the files are replaced one by one; then seal and file table get their digests. If it is killed in
between, each file is old or new, and `verify` accepts both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from sealenv.commands.verify import examine
from sealenv.errors import FilesystemError, PrefixError, from_oserror
from sealenv.layout import SEAL
from sealenv.naming import shown
from sealenv.prefix.exclusive import exclusive, refuse_worked_on
from sealenv.prefix.patches import Patched, patch_prefix, planned
from sealenv.prefix.removal import refuse_frozen
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.audit import Audited
from sealenv.relocation.audit import audit as find
from sealenv.relocation.journal import clear_partials, commit, finish_commit
from sealenv.request import StrPath, prefix_of
from sealenv.seals.contents import complete
from sealenv.seals.findings import refuse_moved
from sealenv.seals.seal import PatchNote, Seal, read_sealed, write_seal
from sealenv.seals.snapshot import Row, readable, take_snapshot

_FIXED_HERE = frozenset({"unpatched", "fingerprint", "clobbered"})
"""Findings of `verify` that `--fix` fixes, or that an interrupted `--fix` leaves."""


def audit(
    env: StrPath,
    *,
    fix: bool = False,
    override_frozen: bool = False,
    reporter: Reporter = QUIET,
) -> Audited:
    """Find every file that holds the environment's path, in whatever form.

    Args:
        env: a name or a path.
        fix: make files relative where they can be, and note the rest in the seal.
        override_frozen: with `fix`, fix a frozen environment too (CEP 22).
        reporter: shows each step.

    Returns:
        what was found; with `fix` also what was done, and what is found now.

    Raises:
        NotFoundError: the environment does not exist.
        PrefixError: with `fix`: it has no seal, was changed since, is frozen, or is in use.
        PrefixLockedError: another process changes it, so the findings may be wrong.
        FilesystemError: it cannot be read or written.
    """
    prefix = prefix_of(env)
    if fix:
        refuse_frozen(prefix, do="fix", override=override_frozen)
        with exclusive(prefix):
            return _fix(prefix, reporter)
    try:
        found = find(prefix, reporter=reporter)
    except FilesystemError:
        refuse_worked_on(prefix)
        raise
    if found.left or found.moved_by_hand:
        refuse_worked_on(prefix)
    return found


def _fix(prefix: Path, reporter: Reporter) -> Audited:
    """Make files relative where they can be; note that and the rest in the seal."""
    _finish_earlier(prefix)
    seal, then = _unchanged(prefix, reporter)
    _note(seal, planned(prefix, seal.platform))
    write_seal(prefix, seal)
    reporter.phase("patch", "making files relative")
    patched = patch_prefix(prefix, seal.platform)
    found = find(prefix, reporter=reporter)
    registered = sorted({f.path for f in found.findings if f.fix == "move" and f.matters})
    noted = sorted(map(readable, registered))
    former = [p for p in seal.former if any(f.found == p for f in found.findings)]
    patches_sealed = all(
        (row := then.get(note.path)) and row.digest.hex() == note.after for note in seal.patched
    )
    if not patches_sealed or noted != seal.absolute or former != seal.former:
        seal.absolute, seal.former = noted, former
        reporter.phase("seal", "taking fingerprints and sealing")
        commit(prefix, seal, complete(prefix, seal, reporter=reporter), [seal.prefix])
    return msgspec.structs.replace(found, patched=tuple(patched), registered=tuple(registered))


def _finish_earlier(prefix: Path) -> None:
    """Finish the commit of a killed `--fix`, and delete its temporary files."""
    try:
        finish_commit(prefix)
        then = read_sealed(prefix)
        if then.seal is None or then.rows is None:
            return
        patched = {note.path for note in then.seal.patched}
        clear_partials(prefix, take_snapshot(prefix), patched, then.rows)
    except OSError as error:
        raise from_oserror(error) from error


def _unchanged(prefix: Path, reporter: Reporter) -> tuple[Seal, Mapping[str, Row]]:
    """Return the seal and the file table of an environment that was not changed since.

    What a killed `--fix` left is not a change.

    Raises:
        PrefixError: it has no seal, or was changed.
    """
    comparison, report = examine(prefix, reporter=reporter)
    env = shown(str(prefix))
    refuse_moved(prefix, report.findings)
    if comparison.seal is None:
        raise PrefixError(
            "the environment has no seal to record the patches in",
            where=str(prefix / SEAL),
            hint=f"sealenv seal {env} adopts it; then: sealenv audit --fix {env}",
        )
    changed = [f for f in report.findings if f.damage and f.kind not in _FIXED_HERE]
    if changed:
        raise PrefixError(
            "it has changed since it was sealed, and a new seal would accept the changes",
            where=str(prefix),
            details=[f"{f.kind} {f.path}" for f in changed[:10]],
            hint=f"sealenv seal {env} keeps the changes, sealenv repair {env} undoes them",
        )
    return comparison.seal, comparison.sealed or {}


def _note(seal: Seal, patched: list[Patched]) -> None:
    """Add patches to the seal. If a file is patched again, its first digest stays."""
    notes = {note.path: note for note in seal.patched}
    for item in patched:
        known = notes.get(item.path)
        before = known.before if known else item.before
        notes[item.path] = PatchNote(item.path, before, item.after, item.what)
    seal.patched = [notes[path] for path in sorted(notes)]
