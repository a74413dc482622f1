"""The steps of create up to the check, each a call to the part that knows how, told to the reporter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sealenv.activation.scripts import write_scripts
from sealenv.engine.messages import Progress
from sealenv.errors import (
    SolveError,
    SpecError,
    UsageError,
)
from sealenv.gates.admission import look, refuse
from sealenv.gates.whitelist import clean_environ
from sealenv.install.check import CheckReport, check_environment
from sealenv.install.clobbers import settle_clobbers
from sealenv.install.job import Job
from sealenv.install.preflight import Contents
from sealenv.install.pyc import compile_packages
from sealenv.install.resolve import resolve
from sealenv.install.userscripts import find_link_scripts, run_link_scripts
from sealenv.install.wheels import InstalledWheel, install_wheels, record_pyc
from sealenv.layout import USER_FOLDER
from sealenv.locks import Lock
from sealenv.portability.patch import Patched, patch_prefix
from sealenv.prefix.condarc import write_condarc
from sealenv.prefix.history import write_history, write_state
from sealenv.prefix.pending import clear_pending, write_plan
from sealenv.prefix.prefixlock import PrefixLock
from sealenv.prefix.records import add_pyc, finish, read_records
from sealenv.store.view import link_pkgs, offer

__all__ = [
    "activation_scripts",
    "check",
    "compile_python",
    "fetch",
    "gate",
    "install",
    "link",
    "link_scripts",
    "mark",
    "patch",
    "share_archives",
    "solve",
]


def gate(job: Job) -> None:
    """Refuse a shell that is not clean, under `strict`; else children never see what it has.

    Raises:
        DirtyShellError: with everything that was found.
    """
    if job.options.strict:
        found = look(job.options.environ)
        if found:
            raise refuse(found)


def solve(job: Job) -> Lock:
    """The spec becomes a lock, unless there is one that suits this machine.

    Raises:
        UsageError: there are wheels to install, and the environment's pip does not run here.
        SpecError: the lock has wheels and no pip.
    """
    asked = job.lock.wheels if job.lock is not None else job.spec.requirements
    if asked and not job.runs_here:
        raise UsageError(
            "wheels are installed by the environment's own pip, which does not run here",
            details=[f"the environment is for {job.spec.platform}"],
            hint="lock it here, and create it from the lock on that platform",
        )
    job.store.prepare()
    if job.lock is not None:
        if job.lock.wheels and job.lock.find("pip") is None:
            raise SpecError(
                "the lock has wheels, and no pip to install them with",
                details=[f"{wheel.name} {wheel.version}" for wheel in job.lock.wheels[:10]],
                hint="have it locked with pip, then run the same command again: `pixi add pip` for a "
                "pixi.lock; else put pip among the dependencies of what it was locked from, and "
                "lock that again",
            )
        _refuse_unfit(job, job.lock)
        return job.lock
    return resolve(job.spec, job.engine, job.reporter, offline=job.options.offline)


def fetch(job: Job, lock: Lock) -> Lock:
    """Every archive and wheel is in the store, verified; the lock, with full records at last."""
    job.reporter.phase("fetch", "fetching and verifying packages")
    job.engine.fetch(lock, _forward(job, "bytes"), offline=job.options.offline)
    # pip hashes each wheel again when it installs it, but then it would be too late to fetch it anew.
    if [wheel for wheel in lock.wheels if not job.store.verify(wheel)]:
        job.engine.fetch(lock, _forward(job, "bytes"), offline=job.options.offline)
    full = job.engine.complete(lock)
    if full is not lock:
        _refuse_unfit(job, full)
    return full


def _refuse_unfit(job: Job, lock: Lock) -> None:
    lacking = job.engine.accept(job.spec, lock, offline=job.options.offline)
    if lacking:
        raise SolveError(
            "this machine has not what packages of the lock ask for",
            details=lacking,
            hint="lock anew on this machine, or for an older system",
        )


def mark(job: Job, contents: Contents) -> PrefixLock:
    """The prefix is visibly pending, empty but for what is the user's, and held by us alone."""
    held = PrefixLock.acquire(job.prefix)
    try:
        kept = clear_pending(job.prefix)
        if kept:
            job.reporter.warn(
                f"the pending folder held files that were not sealenv's ({len(kept)}); they are kept "
                f"below {job.prefix / USER_FOLDER}"
            )
        write_plan(job.prefix, contents.paths)
        held.share()
        job.engine.join(job.prefix)
    except BaseException:
        held.close()
        raise
    return held


def link(job: Job, lock: Lock, contents: Contents) -> None:
    """The packages are files of the prefix, and conda-meta says what conda's would."""
    job.reporter.phase("link", "linking packages")
    job.engine.link(lock, job.prefix, _forward(job, "packages"))
    # py-rattler's: backup tools would skip the prefix.
    (job.prefix / "CACHEDIR.TAG").unlink(missing_ok=True)
    finish(job.prefix, lock, job.spec.packages, job.view)
    settle_clobbers(
        job.prefix,
        lock,
        contents.clobbers,
        lambda few, folder: job.engine.link_aside(few, job.prefix, folder),
    )
    write_condarc(job.prefix, job.spec.channels, job.spec.platform)
    # The history ends linking: by its time `sealing.observe` sees what was changed since.
    write_history(job.prefix, lock, job.spec.packages, job.options.command, _now())
    write_state(job.prefix, job.spec.variables)


def link_scripts(job: Job, lock: Lock, held: PrefixLock) -> tuple[list[str], list[str], str]:
    """Run the packages' post-link scripts: who ran, who did not, and what they want to say."""
    names = [package.name for package, _ in find_link_scripts(job.prefix, lock)]
    if not names or not (job.options.link_scripts and job.runs_here):
        return [], names, ""
    job.reporter.phase("link-scripts", "running post-link scripts")
    environ = clean_environ(job.options.environ)
    ran, messages = run_link_scripts(job.prefix, lock, environ, keep_fd=held.fd)
    return ran, [], messages


def install(job: Job, lock: Lock, held: PrefixLock) -> list[InstalledWheel]:
    """The wheels, by the environment's own pip."""
    if not lock.wheels:
        return []
    from sealenv.spec.requirements import requirement_name

    job.reporter.phase("wheels", "installing wheels with the environment's pip")
    return install_wheels(
        job.prefix,
        lock,
        job.store,
        [requirement_name(line) for line in lock.requirements],
        clean_environ(job.options.environ),
        keep_fd=held.fd,
    )


def patch(job: Job) -> list[Patched]:
    """The files that hold the path of the environment find it by their own place, where they can."""
    return patch_prefix(job.prefix, job.spec.platform)


def compile_python(
    job: Job, lock: Lock, installed: list[InstalledWheel], held: PrefixLock
) -> dict[str, list[str]]:
    """The .pyc by package name, owned by the packages' records, or by wheel, in its RECORD."""
    if not (job.options.pyc and job.runs_here and lock.find("python")):
        return {}
    job.reporter.phase("pyc", "compiling python files")
    compiled = compile_packages(
        job.prefix,
        lock.platform,
        read_records(job.prefix),
        clean_environ(job.options.environ),
        lambda done, total: job.reporter.advance(done, total, "files"),
        more={source: wheel.record for wheel in installed for source in wheel.sources},
        keep_fd=held.fd,
    )
    add_pyc(job.prefix, lock, compiled)
    record_pyc(job.prefix, installed, compiled)
    return compiled


def activation_scripts(job: Job) -> list[str]:
    """Write the activation scripts; the relative paths."""
    written = write_scripts(job.prefix, platform=job.spec.platform)
    for problem in written.problems:
        job.reporter.warn(problem)
    return written.paths


def share_archives(job: Job, lock: Lock) -> None:
    """Let conda and mamba inside use what was fetched."""
    offer(job.store, job.view, lock)
    if job.runs_here:
        link_pkgs(job.prefix, job.view)


def check(job: Job, lock: Lock, held: PrefixLock) -> CheckReport | None:
    """The proof that it works; None where it cannot be given: on another platform."""
    if not job.runs_here:
        job.reporter.note(f"{job.spec.platform} does not run here: the environment is unchecked")
        return None
    job.reporter.phase("check", "activating it and running what is in it")
    return check_environment(
        job.prefix,
        job.spec,
        {p.name: p.version for p in lock.packages},
        clean_environ(job.options.environ),
        token=held.token,
        keep_fd=held.fd,
    )


def _forward(job: Job, unit: str) -> Callable[[Progress], None]:
    return lambda event: job.reporter.advance(event.done, event.total, unit, event.item)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)
