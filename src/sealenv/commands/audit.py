"""`audit`, and `audit --fix`: make relative what can be, and register the rest in the seal.

The order: nothing is done to an environment that is not as it was sealed; the seal says what
is going to be patched; then files are replaced one by one; then seal and file table say what is there.
Who kills it between finds each file old or new, and `verify` takes both.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from sealenv.audits.audit import Audit
from sealenv.audits.audit import audit as find
from sealenv.commands.verify import examine
from sealenv.errors import FilesystemError, PrefixError, from_oserror
from sealenv.fields import AbsolutePath, Count, InPrefix
from sealenv.layout import SEAL
from sealenv.naming import shown
from sealenv.portability.finding import PathFinding
from sealenv.portability.patch import Patched, patch_prefix, planned, rules_of
from sealenv.prefix.exclusive import exclusive, refuse_worked_on
from sealenv.prefix.removable import refuse_frozen
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.journal import commit, finish_commit
from sealenv.relocation.settle import clear_partials
from sealenv.request.arguments import StrPath, prefix_of
from sealenv.seals.contents import read_contents
from sealenv.seals.findings import Finding, refuse_moved
from sealenv.seals.seal import PatchNote, Seal, read_sealed, write_seal
from sealenv.seals.snapshot import readable, take_snapshot

__all__ = ["Audited", "audit", "fix_paths", "search"]

_OURS_TO_MEND = frozenset({"unpatched", "fingerprint"})
"""What verify says and `--fix` mends, or is not damage; the second is left where a fix was ended."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What `audit` found.

    Attributes:
        prefix: the environment.
        platform: its subdir.
        sealed: whether it has a seal that can be read: `move` needs one.
        moved_by_hand: whether it is not where its seal says.
        former: where it was, by its seal: before it was moved by hand, and before moves that left files.
        files: how many files and links were searched.
        matters: how many findings matter.
        left: how many of them neither `move` nor `audit --fix` rewrites.
        patched: the files that `fix` made relative; None without it.
        registered: the files that hold the path, and that `move` rewrites; None without `fix`.
        findings: by path.
    """

    prefix: AbsolutePath
    platform: str
    sealed: bool
    moved_by_hand: bool
    former: tuple[str, ...]
    files: Count
    matters: Count
    left: Count
    patched: tuple[Patched, ...] | None
    registered: tuple[InPrefix, ...] | None
    findings: tuple[PathFinding, ...]


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
        override_frozen: with `fix`: a frozen environment too (CEP 22).
        reporter: is told each step.

    Returns:
        what was found; with `fix` what was done, and what is found now.

    Raises:
        NotFoundError: there is no such environment.
        PrefixError: with `fix`: it has no seal, was changed since, is frozen, or is worked on.
        FilesystemError: it cannot be read or written.
    """
    prefix = prefix_of(env)
    if fix:
        return fix_paths(prefix, override_frozen=override_frozen, reporter=reporter)
    return _result(search(prefix, reporter=reporter))


def _result(
    found: Audit,
    patched: tuple[Patched, ...] | None = None,
    registered: tuple[str, ...] | None = None,
) -> Audited:
    return Audited(
        prefix=found.prefix,
        platform=found.platform,
        sealed=found.seal is not None,
        moved_by_hand=found.moved_by_hand,
        former=found.former,
        files=found.files,
        matters=sum(f.matters for f in found.findings),
        left=len(found.left),
        patched=patched,
        registered=registered,
        findings=found.findings,
    )


def search(prefix: Path, *, reporter: Reporter = QUIET) -> Audit:
    """Search everything in a prefix for paths.

    Args:
        prefix: of an environment in any state.
        reporter: is told how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
        PrefixLockedError: something is left or cannot be read, and another process is at work there, or
            took it away.
    """
    try:
        found = find(prefix, reporter=reporter)
    except FilesystemError:
        refuse_worked_on(prefix)
        raise
    if found.left or found.moved_by_hand:
        refuse_worked_on(prefix)
    return found


def fix_paths(
    prefix: Path,
    *,
    override_frozen: bool = False,
    reporter: Reporter = QUIET,
) -> Audited:
    """Make relative what can be; note that and the rest in the seal.

    Args:
        prefix: of a sealed environment, as it was sealed.
        override_frozen: a frozen one too (CEP 22).
        reporter: is told each step.

    Raises:
        PrefixError: it has no seal, was moved or changed since, is frozen, or is worked on.
        FilesystemError: it cannot be read or written.
    """
    refuse_frozen(prefix, do="mend", override=override_frozen)
    with exclusive(prefix):
        _finish(prefix)
        seal, ended = _sealed(prefix, reporter)
        plan = planned(prefix, seal.platform)
        patched: list[Patched] = []
        if plan:
            _note(seal, plan)
            write_seal(prefix, seal)
            reporter.phase("patch", "making files relative")
            patched = patch_prefix(prefix, seal.platform, rules=rules_of(seal.platform))
            _note(seal, patched)
        found = find(prefix, reporter=reporter)
        registered = sorted({f.path for f in found.findings if f.mend == "move" and f.matters})
        noted = sorted(map(readable, registered))
        changed = bool(patched) or ended or seal.files is None
        former = [p for p in seal.former if any(f.found == p for f in found.findings)]
        if changed or noted != seal.absolute or former != seal.former:
            seal.absolute, seal.former = noted, former
            _seal_again(prefix, seal, reporter, changed=changed)
    return _result(found, tuple(patched), tuple(registered))


def _finish(prefix: Path) -> None:
    """Put away what one that was killed has left: the next seal, and files half written."""
    try:
        finish_commit(prefix)
        then = read_sealed(prefix)
        if then.seal is None or then.rows is None:
            return
        patched = {note.path for note in then.seal.patched}
        clear_partials(prefix, take_snapshot(prefix), patched, then.rows)
    except OSError as error:
        raise from_oserror(error) from error


def _sealed(prefix: Path, reporter: Reporter) -> tuple[Seal, bool]:
    """The seal of an environment that is as it was sealed, and whether a fix was ended before its seal.

    Raises:
        PrefixError: it is not.
    """
    comparison, report = examine(prefix, reporter=reporter)
    env = shown(str(prefix))
    refuse_moved(prefix, report.findings)
    if comparison.seal is None:
        raise PrefixError(
            "it has no seal that could say what was patched",
            where=str(prefix / SEAL),
            hint=f"sealenv seal {env} adopts it; then: sealenv audit --fix {env}",
        )
    changed = [f for f in report.findings if f.kind not in _OURS_TO_MEND]
    if changed:
        raise PrefixError(
            "it is not as it was sealed, and its new seal would keep that",
            where=str(prefix),
            details=[_line(f) for f in changed[:10]],
            hint=f"sealenv seal {env} keeps what was changed, sealenv repair {env} puts it back",
        )
    then = comparison.sealed or {}
    ended = any(
        (row := then.get(note.path)) is None or row.digest.hex() != note.after
        for note in comparison.seal.patched
    )
    return comparison.seal, ended


def _line(finding: Finding) -> str:
    return f"{finding.kind} {finding.path}"


def _note(seal: Seal, patched: list[Patched]) -> None:
    """What a file was before is what its package put there, however often it is patched."""
    notes = {note.path: note for note in seal.patched}
    for item in patched:
        known = notes.get(item.path)
        before = known.before if known else item.before
        notes[item.path] = PatchNote(item.path, before, item.after, item.what)
    seal.patched = [notes[path] for path in sorted(notes)]


def _seal_again(prefix: Path, seal: Seal, reporter: Reporter, *, changed: bool) -> None:
    if changed:
        reporter.phase("seal", "taking fingerprints and sealing")
        observed = read_contents(
            prefix,
            seal.platform,
            {note.path: note.after for note in seal.patched},
            on_file=lambda done, total: reporter.advance(done, total, "files"),
        )
        seal = msgspec.structs.replace(
            seal,
            pip=observed.pip,
            fingerprints=observed.fingerprints,
            files=observed.table_sha256,
        )
        commit(prefix, seal, observed.table, seal.prefix)
    else:
        write_seal(prefix, seal)
