"""Repair, on one page: verify, plan, fetch and link aside, put back, compile, scripts, verify.

Nothing is changed but what verify found. Killed at any instant, each file is the old or the right one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sealenv.activation.environ import clean_environ
from sealenv.activation.scripts import write_scripts
from sealenv.condameta.records import PathsData, PrefixRecord, RecordPath
from sealenv.engines.protocol import Engine
from sealenv.errors import LinkError, PrefixError, from_oserror
from sealenv.host.deleting import delete
from sealenv.host.exclusive import exclusive
from sealenv.host.running import programs_in
from sealenv.layout import SCRATCH, leaves
from sealenv.lock import Lock
from sealenv.progress import Quiet, Reporter
from sealenv.repair.packages import lock_of
from sealenv.repair.plan import Plan, make_plan
from sealenv.repair.putting import put_back, set_mode
from sealenv.repair.wheels import install_aside, wheels_lock
from sealenv.seal.compiled import source_of
from sealenv.seal.findings import Finding, refuse_moved
from sealenv.seal.scene import Scene
from sealenv.seal.verify import examine
from sealenv.spec import current_platform
from sealenv.steps.pyc import compile_packages

__all__ = ["Mending", "Repaired", "repair"]


@dataclass(frozen=True)
class Mending:
    """How to repair.

    Attributes:
        engine: fetches and links; whoever made it closes it.
        offline: what is not in the cache cannot be put back.
        dry_run: change nothing, say what would be done.
        environ: the variables of this process; children get a clean set.
        reporter: is told each step.
    """

    engine: Engine
    offline: bool = False
    dry_run: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    reporter: Reporter = field(default_factory=Quiet)


@dataclass(frozen=True)
class Repaired:
    """What was put back (with `dry_run`: would be), and what is left with what to do about it."""

    done: tuple[Finding, ...]
    left: tuple[tuple[Finding, str], ...]


def repair(prefix: Path, how: Mending) -> Repaired:
    """Put back what verify finds.

    A frozen environment (CEP 22) is repaired too: no package changes.

    Raises:
        PrefixError: it is pending, moved, worked on, or on Windows in use.
        OfflineError, FetchError, DigestError: an archive cannot be had; nothing was changed.
        FilesystemError: the file system refuses; what was put back stays.
    """
    with exclusive(prefix) as lock_fd:
        scene, plan = _examine(prefix, how.reporter)
        if how.dry_run or not plan.work:
            return Repaired(tuple(plan.work), tuple(plan.left))
        _refuse_in_use(prefix)
        try:
            _clear(prefix)
            wheels = _fetch_wheels(scene, plan, how)
            reasons = _relink(scene, plan, how)
            reasons |= _reinstall(scene, plan, wheels, how, lock_fd)
            for path in plan.modes:
                reasons[path] = set_mode(scene, path)
            if plan.scripts:
                write_scripts(prefix, platform=scene.platform, only={f.path for f in plan.scripts})
            if plan.compile:
                again, rest = _examine(prefix, how.reporter)
                reasons |= _compile(again, rest, how)
        except OSError as error:
            raise from_oserror(error) from error
        _, rest = _examine(prefix, how.reporter)
    return _outcome(plan, rest, reasons)


def _examine(prefix: Path, reporter: Reporter) -> tuple[Scene, Plan]:
    scene, report = examine(prefix, reporter=reporter)
    refuse_moved(prefix, report.findings)
    runs_here = scene.platform == current_platform()
    return scene, make_plan(scene, report.findings, runs_here=runs_here)


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


def _relink(scene: Scene, plan: Plan, how: Mending) -> dict[str, str]:
    """Put the packages' files back; path -> why not (empty: done)."""
    if not plan.relink:
        return {}
    names = {claim.package for path in plan.relink for claim in scene.claims[path]}
    lock, unknown = lock_of(scene, names)
    how.reporter.phase("fetch", "fetching and verifying packages")
    how.engine.fetch(
        lock,
        lambda event: how.reporter.advance(event.done, event.total, "bytes", event.item),
        offline=how.offline,
    )
    how.reporter.phase("repair", f"putting {len(plan.relink)} files back")
    reasons = {}
    with _linked_aside(scene, lock, how) as scratch:
        for done, path in enumerate(plan.relink, 1):
            reasons[path] = put_back(scene, path, scratch)
            if unknown & {claim.package for claim in scene.claims[path]} and reasons[path]:
                reasons[path] = "its record does not say which archive it came from"
            how.reporter.advance(done, len(plan.relink), "files", path)
    return reasons


def _fetch_wheels(scene: Scene, plan: Plan, how: Mending) -> Lock | None:
    """The wheels of what is to be put back, in the store and verified."""
    if not plan.wheels:
        return None
    lock = wheels_lock(scene, plan.wheels)
    for wheel in lock.wheels:
        how.engine.store.verify(wheel)  # a damaged one goes, and is fetched
    how.reporter.phase("fetch", "fetching and verifying wheels")
    how.engine.fetch(
        msgspec.structs.replace(lock, packages=()),
        lambda event: how.reporter.advance(event.done, event.total, "bytes", event.item),
        offline=how.offline,
    )
    return lock


def _reinstall(
    scene: Scene, plan: Plan, lock: Lock | None, how: Mending, lock_fd: int
) -> dict[str, str]:
    """Put the wheels' files back, now that pip is whole; path -> why not (empty: done)."""
    if lock is None:
        return {}
    how.reporter.phase("wheels", f"putting {len(plan.wheels)} files of wheels back")
    with _scratch(scene) as scratch:
        try:
            environ = clean_environ(how.environ)
            install_aside(scene, lock, how.engine, environ, scratch, lock_fd)
        except LinkError as error:
            return dict.fromkeys(plan.wheels, "; ".join([error.what, *error.details[-1:]]))
        return {path: put_back(scene, path, scratch) for path in plan.wheels}


@contextlib.contextmanager
def _linked_aside(scene: Scene, lock: Lock, how: Mending) -> Iterator[Path]:
    """The packages, linked into a folder of ours in the prefix: one rename from their place."""
    with _scratch(scene) as scratch:
        if lock.packages:
            how.engine.link_aside(lock, scene.prefix, scratch)
        yield scratch


def _clear(prefix: Path) -> None:
    """Delete the folder of a repair that was killed."""
    if os.path.lexists(prefix / SCRATCH):
        delete(prefix / SCRATCH)


@contextlib.contextmanager
def _scratch(scene: Scene) -> Iterator[Path]:
    scratch = scene.prefix / SCRATCH
    try:
        scratch.mkdir()
        yield scratch
    finally:
        delete(scratch)


def _compile(scene: Scene, plan: Plan, how: Mending) -> dict[str, str]:
    """Compile again where the sources are right by now; path -> why not."""
    records = []
    reasons = {}
    wrong = {f.path for f in plan.work} | {f.path for f, _ in plan.left}
    for path in plan.compile:
        source = source_of(path)
        if source is None or leaves(source):
            continue
        if source in wrong:
            reasons[path] = "its source could not be put back"
            continue
        site = "/site-packages/" in f"/{source}"
        records.append(
            PrefixRecord(
                name="sealenv-noarch" if site else "python",
                version="", build="",
                noarch="python" if site else None,
                paths_data=PathsData([RecordPath(source)]),
            )
        )  # fmt: skip
    if not records or not any(r.name == "python" for r in scene.records):
        return reasons
    how.reporter.phase("pyc", "compiling python files")
    compile_packages(
        scene.prefix,
        scene.platform,
        records,
        clean_environ(how.environ),
        lambda done, total: how.reporter.advance(done, total, "files"),
    )
    return reasons


def _outcome(plan: Plan, rest: Plan, reasons: Mapping[str, str]) -> Repaired:
    """What the last verify no longer found is done."""
    left = [(f, reasons.get(f.path) or "it could not be put back") for f in rest.work]
    left += rest.left
    still = {(f.kind, f.path) for f, _ in left}
    done = [f for f in plan.work if (f.kind, f.path) not in still]
    return Repaired(tuple(_once(done)), tuple(left))


def _once(findings: Sequence[Finding]) -> list[Finding]:
    return list({(f.kind, f.path): f for f in findings}.values())
