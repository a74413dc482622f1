"""`repair`, on one page: verify, plan, restore files, write scripts, and verify again.

Only damage is repaired: no package is added, removed or reverted. Killed at any instant, each file is
the old or the right one. Damaged compiled files are deleted: Python writes them again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sealenv.activation.scripts import write_scripts
from sealenv.activation.variables import STATE
from sealenv.commands.verify import examine
from sealenv.engine.client import started
from sealenv.errors import PrefixError, from_oserror
from sealenv.fields import AbsolutePath
from sealenv.install.restore import alone, make_way, restore, set_mode, wheel_of
from sealenv.layout import CONDARC, FILES, SCRATCH
from sealenv.naming import shown
from sealenv.prefix.condafiles import write_condarc
from sealenv.prefix.exclusive import exclusive
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, named, prefix_of
from sealenv.seals.compare import Comparison
from sealenv.seals.contents import seal_written
from sealenv.seals.findings import Finding, refuse_moved
from sealenv.seals.snapshot import FOLDER, source_of
from sealenv.system.deleting import delete
from sealenv.system.processes import programs_in


@dataclass(frozen=True)
class LeftFinding(Finding):
    """Damage that is left, with what to do about it."""

    hint: str = ""


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What `repair` did.

    Attributes:
        prefix: the environment.
        dry_run: whether nothing was changed.
        repaired: what was repaired; with `dry_run`: what would be.
        left: the damage that is left, with what to do about it.
    """

    prefix: AbsolutePath
    dry_run: bool
    repaired: tuple[Finding, ...]
    left: tuple[LeftFinding, ...]


_FILE, _SCRIPT, _MODE, _COMPILED = "file", "script", "mode", "compiled"
"""What repair does about a finding: restore it from an archive, write it, set its mode, or delete it."""
_OF_FILES = frozenset(
    {"missing", "altered", "wrong-type", "wrong-link", "unreadable", "unpatched", "stale-pyc"}
)
_LEFT = {
    "untracked-code": "delete it, or keep it with: sealenv seal ENV",
    "record": "create the environment again: sealenv create --replace",
    "fingerprint": "create the environment again: sealenv create --replace",
}


@dataclass
class _Plan:
    """The damage of an environment.

    Attributes:
        comparison: what it was found by.
        work: finding -> what is done about it.
        left: findings that only the user can do something about, with what.
    """

    comparison: Comparison
    work: dict[Finding, str] = field(default_factory=dict)
    left: list[tuple[Finding, str]] = field(default_factory=list)

    def paths(self, action: str) -> list[str]:
        """Return the paths that something is done about."""
        return list(dict.fromkeys(f.path for f, does in self.work.items() if does == action))


def repair(
    env: StrPath, *, dry_run: bool = False, offline: bool = False, reporter: Reporter = QUIET
) -> Repaired:
    """Restore the damaged files that `verify` finds, from the archives of packages.

    Packages that conda, mamba or pip added, removed or changed stay as they are, and so do untracked
    files. A frozen environment (CEP 22) is repaired too.

    Args:
        env: a name or a path.
        dry_run: only show what would be repaired.
        offline: do not use the network.
        reporter: shows the progress.

    Returns:
        what was repaired, and the damage that is left.

    Raises:
        PrefixError: it is pending, moved, in use by another process, or on Windows by a program.
        OfflineError, FetchError, DigestError: the archives that are needed are not available.
        FilesystemError: a file cannot be written; what was restored stays.
    """
    prefix = prefix_of(env)
    name = shown(named(env))
    reasons: dict[str, str] = {}
    with started() as (store, engine), store.in_use(), exclusive(prefix):
        plan = _plan(prefix, reporter)
        found = dict(plan.work)
        if not dry_run:
            if found:
                _refuse_in_use(prefix)
            try:
                if os.path.lexists(prefix / SCRATCH):
                    delete(prefix / SCRATCH)  # of an interrupted repair
                # A restored file may make more visible, or less, so files come first.
                if files := plan.paths(_FILE):
                    needed = len(files) == len(plan.work)
                    reasons = restore(plan.comparison, files, engine, offline, needed, reporter)
                    plan = _plan(prefix, reporter)
                    found |= plan.work
                if set(plan.work.values()) - {_FILE}:
                    reasons |= _write(plan, reporter)
                    plan = _plan(prefix, reporter)
            except OSError as error:
                raise from_oserror(error) from error
    done = [finding for finding in found if dry_run or finding not in plan.work]
    failed = [] if dry_run else [(f, reasons.get(f.path) or "restoring failed") for f in plan.work]
    return Repaired(
        prefix=prefix,
        dry_run=dry_run,
        repaired=tuple({(f.kind, f.path): f for f in done}.values()),
        left=tuple(
            LeftFinding(f.kind, f.path, f.package, f.detail, hint=hint.replace("ENV", name))
            for f, hint in [*failed, *plan.left]
        ),
    )


def _plan(prefix: Path, reporter: Reporter) -> _Plan:
    """Verify, and sort the damage; changes of packages and untracked files stay as they are."""
    comparison, report = examine(prefix, reporter=reporter)
    refuse_moved(prefix, report.findings)
    plan = _Plan(comparison)
    for finding in report.findings:
        if finding.damage or finding.path == STATE:
            action = _action(comparison, finding)
            if action:
                plan.work[finding] = action
            else:
                plan.left.append((finding, _advice(comparison, finding)))
    return plan


def _action(comparison: Comparison, finding: Finding) -> str | None:
    """Return what is done about a finding; None if only the user can do something."""
    path, kind, seal = finding.path, finding.kind, comparison.seal
    scripts = seal.activation if seal else ()
    if path == STATE or (path in scripts and kind in _OF_FILES):
        return _SCRIPT
    # The seal of an adopted environment may not know the channels for `.condarc`.
    if path == CONDARC and kind in ("missing", "wrong-type") and seal and seal.spec.get("channels"):
        return _SCRIPT
    if kind == "wrong-mode":
        return _MODE
    if kind not in _OF_FILES:
        return None
    if source_of(path):
        return _COMPILED
    row, then = comparison.rows.get(path), comparison.as_sealed(path)
    if FOLDER in (row.kind if row and kind == "unreadable" else "", then.kind if then else ""):
        return None
    return _FILE if path in comparison.claims or wheel_of(comparison, path) else None


def _advice(comparison: Comparison, finding: Finding) -> str:
    """Return what the user can do about a finding that repair leaves."""
    if finding.path == FILES:
        return "check the other findings, then seal it again: sealenv seal ENV"
    if finding.kind in _LEFT:
        return _LEFT[finding.kind]
    if finding.kind == "unreadable":
        return "make it readable (chmod u+rwx), then repair again"
    if finding.kind == "wrong-type":
        return "remove what is in its place, then repair again"
    if found := comparison.of_distributions.get(finding.path):
        pip = "sealenv run ENV -- pip install --force-reinstall --no-deps"
        return f"its wheel is not locked: {pip} {found[0].name}=={found[0].version}"
    return "no package has it: restore it yourself, or keep it with: sealenv seal ENV"


def _write(plan: _Plan, reporter: Reporter) -> dict[str, str]:
    """Do all but restore files; return path -> why not (empty: done)."""
    comparison = plan.comparison
    prefix, seal = comparison.prefix, comparison.seal
    scripts = set(plan.paths(_SCRIPT))
    written = {STATE} & scripts  # the variables in all scripts
    if written and seal:
        scripts = (scripts - written) | set(seal.activation)
    reasons = {path: alone(make_way, comparison, path, path == CONDARC) for path in scripts}
    free = {path for path, problem in reasons.items() if not problem}
    if CONDARC in free and seal:
        channels = [str(channel) for channel in seal.spec.get("channels") or ()]
        write_condarc(prefix, channels, comparison.platform)
        free.remove(CONDARC)
    if free and seal:
        for problem in write_scripts(prefix, platform=comparison.platform, only=free).problems:
            reporter.warn(problem)
        seal_written(prefix, seal, comparison.sealed, free | written)
    for path in plan.paths(_MODE):
        reasons[path] = alone(set_mode, comparison, path)
    for path in plan.paths(_COMPILED):
        reasons[path] = alone(make_way, comparison, path, True)
    return reasons


def _refuse_in_use(prefix: Path) -> None:
    """Refuse on Windows, where the files of a running program cannot be replaced."""
    if os.name == "nt" and (running := programs_in(prefix)):
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint="end them first",
        )
