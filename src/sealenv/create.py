"""Create: the main job on one page.

gate -> spec -> solve -> fetch (sha256) -> mark -> link -> link scripts -> patch -> pyc ->
activation scripts -> check -> seal -> unmark

Before `mark` nothing is written outside the package cache. From `mark` on the prefix is visibly
pending; the seal is the commit point.
"""

from __future__ import annotations

import datetime as dt
import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sealenv._version import __version__
from sealenv.activation.environ import clean_environ
from sealenv.activation.gate import find_active, scrub
from sealenv.activation.scripts import write_scripts
from sealenv.condameta.history import write_history
from sealenv.condameta.records import add_pyc, finish, read_records
from sealenv.condameta.state import write_state
from sealenv.engines.messages import Progress
from sealenv.engines.protocol import Engine
from sealenv.errors import DirtyShellError, EngineError, InterruptedCreateError, PrefixLockedError
from sealenv.host.prefixlock import PrefixLock, refuse_unless_free
from sealenv.layout import USER_FOLDER
from sealenv.lock import Lock
from sealenv.pending import clear_pending, write_plan
from sealenv.preflight import Contents, preflight
from sealenv.progress import Quiet, Reporter
from sealenv.seal.seal import SCHEMA, EngineNote, LockNote, Seal, write_seal
from sealenv.spec import EnvironmentSpec, current_platform
from sealenv.steps.check import CheckReport, check_environment
from sealenv.steps.linkscripts import find_link_scripts, run_link_scripts
from sealenv.steps.post import run_post
from sealenv.steps.pyc import INVALIDATION, compile_packages
from sealenv.store.archives import Store
from sealenv.store.view import link_pkgs, offer

__all__ = ["CreateOptions", "Created", "Plan", "create", "plan"]


@dataclass(frozen=True)
class CreateOptions:
    """How to create, apart from what (the spec) and where (the prefix)."""

    offline: bool = False
    pyc: bool = True
    link_scripts: bool = True
    post: Path | None = None
    strict: bool = False
    command: str = "sealenv create"
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True)
class Plan:
    """What create would do: `--dry-run`."""

    prefix: Path
    lock: Lock
    to_fetch: int
    fetch_size: int
    cache: Path
    view: Path


@dataclass(frozen=True)
class Created:
    """What create did."""

    prefix: Path
    seal: Seal
    contents: Contents
    messages: str
    post_ran: bool


def plan(
    spec: EnvironmentSpec,
    prefix: Path,
    engine: Engine,
    store: Store,
    view: Path,
    options: CreateOptions,
    reporter: Reporter | None = None,
) -> Plan:
    """Gate and solve, and say what would be fetched and written. Only the cache is written."""
    reporter = reporter or Quiet()
    gate(options, reporter)
    refuse_unless_free(prefix)
    lock = _solve(spec, engine, store, options, reporter)
    missing = [p for p in lock.packages if not store.has(p)]
    size = sum(p.size or 0 for p in missing)
    return Plan(prefix, lock, len(missing), size, store.root, view)


def create(
    spec: EnvironmentSpec,
    prefix: Path,
    engine: Engine,
    store: Store,
    view: Path,
    options: CreateOptions,
    reporter: Reporter | None = None,
    confirm: Callable[[Plan], None] | None = None,
) -> Created:
    """Make a standalone environment in a folder that is absent, empty or pending.

    Args:
        spec: what is asked for.
        prefix: where, an absolute path.
        engine: what solves and links; the caller closes it.
        store: where verified archives lie.
        view: the package cache that conda inside the environment uses.
        options: how.
        reporter: is told each step.
        confirm: is shown the plan before anything is fetched; may raise to stop.

    Raises:
        SealenvError: the class and its exit code say what kind of failure; a prefix that was begun
            is pending, and the next create replaces it.
        InterruptedCreateError: Ctrl-C; likewise.
    """
    reporter = reporter or Quiet()
    lock_held: PrefixLock | None = None
    try:
        planned = plan(spec, prefix, engine, store, view, options, reporter)
        if confirm:
            confirm(planned)
        lock = planned.lock
        _fetch(lock, engine, reporter, options)
        contents = preflight(lock, prefix, store)
        lock_held = _mark(contents, prefix, engine, reporter)
        _link(spec, lock, prefix, engine, view, options, reporter)
        runs_here = spec.platform == current_platform()
        ran, skipped, messages = _link_scripts(lock, lock_held, options, reporter, runs_here)
        compiled = _compile(lock, lock_held, options, reporter, runs_here)
        scripts = write_scripts(prefix, platform=spec.platform)
        for problem in scripts.problems:
            reporter.warn(problem)
        offer(store, view, lock)
        if runs_here:
            link_pkgs(prefix, view)
        report = _check(spec, lock, lock_held, options, reporter, runs_here)
        seal = Seal(
            schema=SCHEMA,
            sealenv=__version__,
            created=_now().isoformat(timespec="seconds"),
            prefix=str(prefix),
            platform=spec.platform,
            spec=spec.to_json(),
            lock=LockNote(
                lock.digest(),
                [f"{p.url}#{p.sha256}" for p in lock.packages],
                list(lock.virtual_packages),
            ),
            engine=EngineNote(engine.name, engine.version),
            python=report.python if report else _python_version(lock),
            checked=report is not None,
            check=report.to_json() if report else {},
            pyc=INVALIDATION if compiled else None,
            link_scripts=ran,
            skipped_link_scripts=skipped,
            activation=scripts.paths,
        )
        _commit(seal, lock_held, engine, reporter)
    except KeyboardInterrupt:
        raise _interrupted(prefix, lock_held) from None
    finally:
        if lock_held is not None:
            lock_held.close()
    post_ran = False
    if options.post and runs_here:
        reporter.note(f"sealed {prefix}")
        reporter.phase("post", f"running {options.post.name} in the environment")
        run_post(prefix, options.post, options.environ)
        post_ran = True
    return Created(prefix, seal, contents, messages, post_ran)


def gate(options: CreateOptions, reporter: Reporter) -> None:
    """Warn of what is active in this shell (children never see it), or refuse under `strict`."""
    found = find_active(scrub(options.environ))
    if found and options.strict:
        raise DirtyShellError(
            "this shell is not clean",
            details=[str(f) for f in found],
            hint="open a clean shell, or leave out --strict",
        )
    for finding in found:
        reporter.warn(f"not passed on to the new environment: {finding}")


def _solve(
    spec: EnvironmentSpec, engine: Engine, store: Store, options: CreateOptions, reporter: Reporter
) -> Lock:
    store.prepare()
    reporter.phase("solve", f"solving for {spec.platform}")
    solved = engine.solve(spec, offline=options.offline)
    for warning in solved.warnings:
        reporter.warn(warning)
    return solved.lock


def _fetch(lock: Lock, engine: Engine, reporter: Reporter, options: CreateOptions) -> None:
    reporter.phase("fetch", "fetching and verifying packages")
    engine.fetch(lock, _forward(reporter, "bytes"), offline=options.offline)


def _mark(contents: Contents, prefix: Path, engine: Engine, reporter: Reporter) -> PrefixLock:
    held = PrefixLock.acquire(prefix)
    try:
        kept = clear_pending(prefix)
        if kept:
            reporter.warn(
                f"{len(kept)} files in the pending folder were not sealenv's; they are kept below "
                f"{prefix / USER_FOLDER}"
            )
        write_plan(prefix, contents.paths)
        held.share()
        engine.join(prefix)
    except BaseException:
        held.close()
        raise
    return held


def _link(
    spec: EnvironmentSpec,
    lock: Lock,
    prefix: Path,
    engine: Engine,
    view: Path,
    options: CreateOptions,
    reporter: Reporter,
) -> None:
    reporter.phase("link", "linking packages")
    engine.link(lock, prefix, _forward(reporter, "packages"))
    (prefix / "CACHEDIR.TAG").unlink(
        missing_ok=True
    )  # py-rattler's: backup tools would skip the prefix
    finish(prefix, lock, spec.packages, view)
    write_history(prefix, lock, spec.packages, options.command, _now())
    write_state(prefix, spec.variables)


def _link_scripts(
    lock: Lock, held: PrefixLock, options: CreateOptions, reporter: Reporter, runs_here: bool
) -> tuple[list[str], list[str], str]:
    if not (options.link_scripts and runs_here):
        return [], [p.name for p, _ in find_link_scripts(held.prefix, lock)], ""
    if find_link_scripts(held.prefix, lock):
        reporter.phase("link-scripts", "running post-link scripts")
    environ = clean_environ(options.environ)
    ran, messages = run_link_scripts(held.prefix, lock, environ, keep_fd=held.fd)
    return ran, [], messages


def _compile(
    lock: Lock, held: PrefixLock, options: CreateOptions, reporter: Reporter, runs_here: bool
) -> dict[str, list[str]]:
    if not (options.pyc and runs_here and lock.find("python")):
        return {}
    reporter.phase("pyc", "compiling python files")
    compiled = compile_packages(
        held.prefix,
        lock.platform,
        read_records(held.prefix),
        clean_environ(options.environ),
        lambda done, total: reporter.advance(done, total, "files"),
        keep_fd=held.fd,
    )
    add_pyc(held.prefix, lock, compiled)
    return compiled


def _check(
    spec: EnvironmentSpec,
    lock: Lock,
    held: PrefixLock,
    options: CreateOptions,
    reporter: Reporter,
    runs_here: bool,
) -> CheckReport | None:
    if not runs_here:
        reporter.note(f"{spec.platform} does not run here: the environment is unchecked")
        return None
    reporter.phase("check", "activating it and running what is in it")
    return check_environment(
        held.prefix,
        spec,
        [p.name for p in lock.packages],
        clean_environ(options.environ),
        token=held.token,
        keep_fd=held.fd,
    )


def _commit(seal: Seal, held: PrefixLock, engine: Engine, reporter: Reporter) -> None:
    reporter.phase("seal", "sealing")
    if not engine.alive():
        raise EngineError("the engine ended unexpectedly", hint="run the same command again")
    if not held.holds():
        raise PrefixLockedError(
            "the environment was taken away while it was made", where=str(held.prefix)
        )
    write_seal(held.prefix, seal)
    held.commit()


def _forward(reporter: Reporter, unit: str) -> Callable[[Progress], None]:
    return lambda event: reporter.advance(event.done, event.total, unit, event.item)


def _python_version(lock: Lock) -> str | None:
    python = lock.find("python")
    return python.version if python else None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def _interrupted(prefix: Path, held: PrefixLock | None) -> InterruptedCreateError:
    if held is None:
        return InterruptedCreateError("interrupted before anything was written to the environment")
    return InterruptedCreateError(
        "interrupted: the environment is pending",
        where=str(prefix),
        hint=f"run the same command again to replace it, or: sealenv remove {shlex.quote(str(prefix))}",
    )
