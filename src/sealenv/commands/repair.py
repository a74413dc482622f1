"""Repair, on one page: verify, plan, fetch and link aside, put back, compile, scripts, verify.

Nothing is changed but what verify found. Killed at any instant, each file is the old or the right one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from sealenv.activation.scripts import write_scripts
from sealenv.engine.client import started
from sealenv.errors import PrefixError, from_oserror
from sealenv.fields import AbsolutePath
from sealenv.gates.whitelist import clean_environ
from sealenv.install.pyc import compile_packages
from sealenv.layout import CONDARC, leaves
from sealenv.naming import shown
from sealenv.prefix.condarc import write_condarc
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.records import PathsData, PrefixRecord, RecordPath
from sealenv.progress import QUIET, Reporter
from sealenv.repairs.aside import clear, reinstall, relink, scratch_in
from sealenv.repairs.obtaining import obtain, unobtainable
from sealenv.repairs.plan import Mending, Plan, make_plan
from sealenv.repairs.putting import make_way, set_mode
from sealenv.request.arguments import StrPath, named, prefix_of
from sealenv.seals.check_compiled import HEADER, source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding, refuse_moved
from sealenv.seals.snapshot import FOLDER
from sealenv.seals.verify import examine
from sealenv.spec.model import current_platform
from sealenv.system.processes import programs_in

__all__ = ["LeftFinding", "Mending", "Repaired", "repair", "repair_prefix"]

_OURS = 0o700
"""What the owner of a folder needs to put something into it."""
_NO_SOURCE = "its source could not be put back"


@dataclass(frozen=True)
class LeftFinding(Finding):
    """A finding that is left, with what to do about it."""

    hint: str = ""


class Repaired(msgspec.Struct, frozen=True, kw_only=True):
    """What `repair` did.

    Attributes:
        prefix: the environment.
        dry_run: whether nothing was changed.
        repaired: what was put back; with `dry_run`: would be.
        left: what is left, with what to do about it.
    """

    prefix: AbsolutePath
    dry_run: bool
    repaired: tuple[Finding, ...]
    left: tuple[LeftFinding, ...]


class Outcome(NamedTuple):
    """What was put back, and what is left with what to do about it: `ENV` stands for the environment."""

    repaired: tuple[Finding, ...]
    left: tuple[tuple[Finding, str], ...]


def repair(
    env: StrPath, *, dry_run: bool = False, offline: bool = False, reporter: Reporter = QUIET
) -> Repaired:
    """Put back what `verify` finds, from the packages' archives, and nothing else.

    Args:
        env: a name or a path.
        dry_run: say what would be put back; change nothing.
        offline: use the network for nothing.
        reporter: is told each step.

    Returns:
        what was put back, and what is left, each with what to do about it.

    Raises:
        PrefixError: it is pending, moved, or worked on.
        FetchError: an archive cannot be had; nothing was changed.
    """
    prefix = prefix_of(env)
    with started() as (store, engine), store.in_use():
        done = repair_prefix(prefix, Mending(engine, offline, dry_run, reporter=reporter))
    name = shown(named(env))
    return Repaired(
        prefix=prefix,
        dry_run=dry_run,
        repaired=done.repaired,
        left=tuple(
            LeftFinding(f.kind, f.path, f.package, f.detail, hint=hint.replace("ENV", name))
            for f, hint in done.left
        ),
    )


def repair_prefix(prefix: Path, how: Mending) -> Outcome:
    """Put back what verify finds; what cannot be is left, with the reason.

    A frozen environment (CEP 22) is repaired too: no package changes.

    Raises:
        PrefixError: it is pending, moved, worked on, or on Windows in use.
        OfflineError, FetchError, DigestError: an archive cannot be had, and nothing can be done without.
        FilesystemError: the file system refuses; what was put back stays.
    """
    with exclusive(prefix) as lock_fd:
        comparison, plan = _examine(prefix, how.reporter)
        if how.dry_run:
            return _promise(comparison, plan, how)
        if not plan.work:
            return Outcome((), tuple(plan.left))
        _refuse_in_use(prefix)
        asked = plan.work
        try:
            clear(prefix)
            opened: set[str] = set()
            while _open_folders(comparison, plan, opened):
                comparison, plan = _examine(prefix, how.reporter)
                asked += plan.work
            archives = obtain(comparison, plan, how)
            archives.refuse(plan)
            reasons = archives.lost
            reasons |= relink(comparison, plan, archives, how)
            reasons |= reinstall(comparison, plan, archives, how, lock_fd)
            reasons |= _set_modes(comparison, plan)
            reasons |= _write_scripts(comparison, plan, how.reporter)
            comparison, rest = _examine(prefix, how.reporter)
            if rest.wheels.keys() - plan.wheels.keys():
                # A RECORD that came back tells of more files.
                asked += rest.wheels.values()
                only = Plan(wheels=rest.wheels)
                archives = obtain(comparison, only, how)
                reasons |= archives.lost | reinstall(comparison, only, archives, how, lock_fd)
                comparison, rest = _examine(prefix, how.reporter)
            if rest.compile:
                # Also what fitted a source that was another until now.
                asked += rest.compile.values()
                reasons |= _compile(comparison, rest, how)
                comparison, rest = _examine(prefix, how.reporter)
            if rest.scripts:
                # What came back is what they set: until then they were right.
                asked += rest.scripts
                reasons |= _write_scripts(comparison, rest, how.reporter)
                comparison, rest = _examine(prefix, how.reporter)
            if rest.modes:
                # What we made has the modes of our umask.
                reasons |= _set_modes(comparison, rest)
                comparison, rest = _examine(prefix, how.reporter)
        except OSError as error:
            raise from_oserror(error) from error
    return _outcome(asked, rest, reasons)


def _promise(comparison: Comparison, plan: Plan, how: Mending) -> Outcome:
    """What would be done, as far as that can be told without the network."""
    lost = unobtainable(comparison, plan, how)
    lost |= {path: _NO_SOURCE for path in plan.compile if source_of(path) in lost}
    left = [(f, lost[f.path]) for f in plan.work if f.path in lost]
    done = [f for f in plan.work if f.path not in lost]
    return Outcome(tuple(done), (*left, *plan.left))


def _open_folders(comparison: Comparison, plan: Plan, tried: set[str]) -> bool:
    """Give folders their modes first where they keep us out now; whether there may be more in them."""
    shut = [
        path
        for path in sorted(plan.modes.keys() - tried)
        if (row := comparison.rows.get(path)) is not None
        and row.kind == FOLDER
        and (row.mode or 0) & _OURS != _OURS
    ]
    tried.update(shut)
    opened = [path for path in shut if not set_mode(comparison, path)]
    return bool(opened)


def _set_modes(comparison: Comparison, plan: Plan) -> dict[str, str]:
    """Path -> why not (empty: done); folders last, from below."""
    paths = sorted(plan.modes, reverse=True)
    return {path: set_mode(comparison, path) for path in paths}


def _write_scripts(comparison: Comparison, plan: Plan, reporter: Reporter) -> dict[str, str]:
    """Write activation scripts and `.condarc`; path -> why not (empty: done)."""
    reasons = {f.path: make_way(comparison, f.path) for f in plan.scripts}
    free = {path for path, problem in reasons.items() if not problem}
    if CONDARC in free and comparison.seal:
        channels = [str(channel) for channel in comparison.seal.spec.get("channels") or ()]
        write_condarc(comparison.prefix, channels, comparison.platform)
        free.remove(CONDARC)
    if free:
        written = write_scripts(comparison.prefix, platform=comparison.platform, only=free)
        for problem in written.problems:
            reporter.warn(problem)
    return reasons


def _examine(prefix: Path, reporter: Reporter) -> tuple[Comparison, Plan]:
    comparison, report = examine(prefix, reporter=reporter)
    refuse_moved(prefix, report.findings)
    runs_here = comparison.platform == current_platform()
    return comparison, make_plan(comparison, report.findings, runs_here=runs_here)


def _refuse_in_use(prefix: Path) -> None:
    """Windows does not let go of the files of a running program."""
    running = programs_in(prefix) if os.name == "nt" else []
    if running:
        raise PrefixError(
            "programs of this environment are running",
            where=str(prefix),
            details=running[:20],
            hint="end them first",
        )


def _compile(comparison: Comparison, plan: Plan, how: Mending) -> dict[str, str]:
    """Compile again where the sources are right by now; path -> why not."""
    records = []
    reasons = {}
    wrong = {f.path for f in plan.work} | {f.path for f, _ in plan.left}
    for path in plan.compile:
        source = source_of(path)
        if source is None or leaves(source):
            continue
        if source in wrong:
            reasons[path] = _NO_SOURCE
            continue
        if problem := make_way(comparison, path, file=True):
            reasons[path] = problem
            continue
        _drop_without_code(comparison.prefix / path)
        site = "/site-packages/" in f"/{source}"
        records.append(
            PrefixRecord(
                name="sealenv-noarch" if site else "python",
                version="", build="",
                noarch="python" if site else None,
                paths_data=PathsData([RecordPath(source)]),
            )
        )  # fmt: skip
    if not records or not any(r.name == "python" for r in comparison.records):
        return reasons
    how.reporter.phase("pyc", "compiling python files")
    refused: dict[str, str] = {}
    with scratch_in(comparison.prefix) as scratch:
        made = compile_packages(
            comparison.prefix,
            comparison.platform,
            records,
            clean_environ(how.environ),
            lambda done, total: how.reporter.advance(done, total, "files"),
            refused=refused,
            scratch=scratch,
        )
    for path in plan.compile:
        if (source := source_of(path)) in refused:
            reasons[path] = f"the file system refuses: {refused[source]}"
    for path in itertools.chain.from_iterable(made.values()) if os.name != "nt" else ():
        then, beside = comparison.as_sealed(path), comparison.rows[source_of(path) or path]
        (comparison.prefix / path).chmod(then.mode if then else beside.mode & 0o666)
    return reasons


def _drop_without_code(compiled: Path) -> None:
    """Python ends at a compiled file without code, also the one that is to make it anew."""
    with contextlib.suppress(OSError):
        if compiled.stat().st_size <= HEADER:
            compiled.unlink()


def _outcome(asked: Sequence[Finding], rest: Plan, reasons: Mapping[str, str]) -> Outcome:
    """What the last verify no longer found is done."""
    left = [(f, reasons.get(f.path) or "it could not be put back") for f in rest.work]
    left += rest.left
    still = {(f.kind, f.path) for f, _ in left}
    done = [f for f in asked if (f.kind, f.path) not in still]
    return Outcome(tuple(_once(done)), tuple(left))


def _once(findings: Sequence[Finding]) -> list[Finding]:
    return list({(f.kind, f.path): f for f in findings}.values())
