"""Create: the main job on one page.

gate -> spec -> solve -> fetch (sha256) -> mark -> link -> link scripts -> wheels -> patch -> pyc ->
activation scripts -> check -> seal -> unmark

Before `mark` nothing is written outside the package cache. From `mark` on the prefix is visibly
pending; the seal is the commit point. What each step does is in `sealenv.install.making` and `sealenv.install.sealing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import InterruptedCreateError, PostScriptError
from sealenv.install import making, sealing
from sealenv.install.job import CreateOptions, Job
from sealenv.install.post import run_post
from sealenv.install.preflight import Contents, preflight
from sealenv.locks import Lock
from sealenv.naming import shown
from sealenv.prefix.prefixlock import PrefixLock, refuse_unless_free
from sealenv.seals.seal import Seal

__all__ = ["CreateOptions", "Created", "Job", "Plan", "create", "plan"]


@dataclass(frozen=True)
class Plan:
    """What create would do: `--dry-run`."""

    prefix: Path
    lock: Lock
    to_fetch: int
    fetch_size: int
    cache: Path
    view: Path
    engine: tuple[str, str]
    """Name and version; the version is empty where it is not known yet."""


@dataclass(frozen=True)
class Created:
    """What create did."""

    prefix: Path
    seal: Seal
    contents: Contents
    messages: str
    post_ran: bool


def plan(job: Job) -> Plan:
    """Gate and solve, and say what would be fetched and written. Only the cache is written.

    Raises:
        SealenvError: the class and its exit code say what kind of failure.
    """
    making.gate(job)
    refuse_unless_free(job.prefix)
    lock = making.solve(job)
    missing = [a for a in lock.archives if not (job.carried or job.store.has(a))]
    size = sum(p.size or 0 for p in missing)
    engine = job.engine.name, job.engine.version
    return Plan(job.prefix, lock, len(missing), size, job.store.root, job.view, engine)


def create(job: Job, confirm: Callable[[Plan], None] | None = None) -> Created:
    """Make a standalone environment in a folder that is absent, empty or pending.

    Args:
        job: what, where and how.
        confirm: is shown the plan before anything is fetched; may raise to stop.

    Raises:
        SealenvError: the class and its exit code say what kind of failure; a prefix that was begun
            is pending, and the next create replaces it.
        InterruptedCreateError: Ctrl-C; likewise.
    """
    held: PrefixLock | None = None
    try:
        planned = plan(job)
        if confirm:
            confirm(planned)
        lock = planned.lock
        lock = making.fetch(job, lock)
        contents = preflight(lock, job.prefix, job.store)
        held = making.mark(job, contents)
        making.link(job, lock, contents)
        ran, skipped, messages = making.link_scripts(job, lock, held)
        installed = making.install(job, lock, held)
        patched = making.patch(job)
        compiled = making.compile_python(job, lock, installed, held)
        activation = making.activation_scripts(job)
        making.share_archives(job, lock)
        checked = making.check(job, lock, held)
        observed = sealing.observe(job, ran, patched)
        seal = sealing.describe(
            job, lock, checked, ran, skipped, patched, bool(compiled), activation, observed
        )
        sealing.commit(job, seal, observed, held)
    except KeyboardInterrupt:
        raise _interrupted(job.prefix, held) from None
    finally:
        if held is not None:
            held.close()
    return Created(job.prefix, seal, contents, messages, _post(job))


def _post(job: Job) -> bool:
    """The user's own script, when the environment is made: its failure takes nothing back."""
    post = job.options.post
    if post is None or not job.runs_here:
        return False
    job.reporter.note(f"sealed {job.prefix}")
    job.reporter.phase("post", f"running {post.name} in the environment")
    try:
        run_post(job.prefix, post, job.options.environ)
    except KeyboardInterrupt:
        raise PostScriptError(
            f"{post.name} was interrupted; the environment is made and kept", where=str(job.prefix)
        ) from None
    return True


def _interrupted(prefix: Path, held: PrefixLock | None) -> InterruptedCreateError:
    if held is None:
        return InterruptedCreateError("interrupted before anything was written to the environment")
    return InterruptedCreateError(
        "interrupted: the environment is pending",
        where=str(prefix),
        hint=f"run the same command again to replace it, or: sealenv remove {shown(str(prefix))}",
    )
