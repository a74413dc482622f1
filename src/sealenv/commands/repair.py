"""`repair`, on one page: verify, plan, restore files, write scripts, and verify again.

Only damage is repaired: no package is added, removed or reverted. Killed at any instant, each file is
the old or the right one. Damaged compiled files are deleted: Python writes them again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sealenv.activation.scripts import write_scripts
from sealenv.activation.variables import STATE
from sealenv.commands.verify import examine
from sealenv.engine.client import Engine, started
from sealenv.errors import PrefixError, from_oserror
from sealenv.fields import AbsolutePath
from sealenv.layout import CONDARC
from sealenv.naming import shown
from sealenv.prefix.condafiles import write_condarc
from sealenv.prefix.exclusive import exclusive
from sealenv.progress import QUIET, Reporter
from sealenv.repairs.archives import obtain
from sealenv.repairs.plan import Plan, make_plan
from sealenv.repairs.restore import alone, clear, make_way, restore, set_mode
from sealenv.request import StrPath, named, prefix_of
from sealenv.seals.findings import Finding, refuse_moved
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
    with started() as (store, engine), store.in_use(), exclusive(prefix):
        job = _Repair(prefix, engine, offline, reporter)
        try:
            rest = job.examine() if dry_run else job.run()
        except OSError as error:
            raise from_oserror(error) from error
    left = (
        [] if dry_run else [(f, job.reasons.get(f.path) or "restoring failed") for f in rest.work]
    )
    done = rest.work if dry_run else [f for f in job.found if f not in rest.work]
    return Repaired(
        prefix=prefix,
        dry_run=dry_run,
        repaired=_once(done),
        left=tuple(
            LeftFinding(f.kind, f.path, f.package, f.detail, hint=hint.replace("ENV", name))
            for f, hint in [*left, *rest.left]
        ),
    )


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple({(f.kind, f.path): f for f in findings}.values())


@dataclass
class _Repair:
    """One run of repair.

    Attributes:
        found: the damage that can be repaired.
        tried: the findings that repair has worked on.
        reasons: path -> why that did not work.
    """

    prefix: Path
    engine: Engine
    offline: bool
    reporter: Reporter
    found: list[Finding] = field(default_factory=list)
    tried: list[Finding] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    def run(self) -> Plan:
        """Repair until nothing is found that was not tried; return the last plan.

        A restored file may make more visible, or less: a compiled file may match its restored source.
        So files come first.
        """
        plan = self.examine()
        if plan.work:
            _refuse_in_use(self.prefix)
        clear(self.prefix)
        while (todo := plan.without(self.tried)).work:
            if todo.files:
                self._restore(todo)
            else:
                self.tried += todo.work
                self._write_scripts(todo)
                for path in todo.modes:
                    self.reasons[path] = alone(set_mode, self.comparison, path)
                for path in todo.compiled:
                    self.reasons[path] = alone(make_way, self.comparison, path, True)
            plan = self.examine()
        return plan

    def examine(self) -> Plan:
        """Verify, and plan what to do."""
        self.comparison, report = examine(self.prefix, reporter=self.reporter)
        refuse_moved(self.prefix, report.findings)
        plan = make_plan(self.comparison, report.findings)
        self.found += plan.work
        return plan

    def _restore(self, todo: Plan) -> None:
        """Restore files from the archives of packages and wheels."""
        archives = obtain(
            self.comparison, todo.files, self.engine, offline=self.offline, reporter=self.reporter
        )
        if not self.tried:
            archives.refuse(todo.work)
        self.tried += todo.files.values()
        self.reasons |= archives.lost
        self.reasons |= restore(self.comparison, todo.files, archives, self.engine, self.reporter)

    def _write_scripts(self, todo: Plan) -> None:
        """Write activation scripts and `.condarc`."""
        comparison = self.comparison
        paths = set(todo.scripts)
        if STATE in paths and comparison.seal:  # the variables changed, so all scripts may be stale
            paths = (paths - {STATE}) | set(comparison.seal.activation)
        found = {path: alone(make_way, comparison, path, path == CONDARC) for path in paths}
        self.reasons |= found
        free = {path for path, problem in found.items() if not problem}
        if CONDARC in free and comparison.seal:
            channels = [str(channel) for channel in comparison.seal.spec.get("channels") or ()]
            write_condarc(self.prefix, channels, comparison.platform)
            free.remove(CONDARC)
        if free:
            written = write_scripts(self.prefix, platform=comparison.platform, only=free)
            for problem in written.problems:
                self.reporter.warn(problem)


def _refuse_in_use(prefix: Path) -> None:
    """Refuse on Windows, where the files of a running program cannot be replaced."""
    running = programs_in(prefix) if os.name == "nt" else []
    if running:
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint="end them first",
        )
