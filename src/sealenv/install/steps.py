"""The steps of create, in their order: each function is one step of `sealenv.commands.create.make`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence

from sealenv._version import __version__
from sealenv.activation.scripts import write_scripts
from sealenv.engine.client import Engine
from sealenv.errors import (
    EngineError,
    LinkError,
    PrefixLockedError,
    SolveError,
    SpecError,
    UsageError,
    from_oserror,
)
from sealenv.install.check import CheckReport, check_environment
from sealenv.install.clobbers import settle_clobbers
from sealenv.install.job import Job, LinkScripts
from sealenv.install.link_scripts import LinkScript, run_link_scripts
from sealenv.install.preflight import Contents
from sealenv.install.pyc import INVALIDATION, compile_packages
from sealenv.install.resolve import resolve
from sealenv.install.wheels import InstalledWheel, install_wheels
from sealenv.layout import META, USER_FOLDER, is_windows
from sealenv.locks import Lock
from sealenv.prefix.condafiles import write_condarc, write_history, write_state
from sealenv.prefix.patches import Patched, patch_prefix
from sealenv.prefix.pending import PrefixLock, clear_pending, write_plan
from sealenv.prefix.records import PrefixRecord, add_pyc, finish, read_records
from sealenv.seals.contents import Known, complete, digests_of_linking, time_of_linking
from sealenv.seals.seal import (
    SCHEMA,
    EngineNote,
    LockNote,
    PatchNote,
    Seal,
    timestamp,
    write_seal,
    write_table,
)
from sealenv.seals.snapshot import FILE, Snapshot, take_snapshot
from sealenv.store.archives import Store, link_pkgs, offer
from sealenv.store.bundle import Bundle


def take_in(bundle: Bundle, lock: Lock, store: Store, engine: Engine) -> None:
    """Copy the archives of a lock from a verified bundle into the store; if one is hostile, none.

    Raises:
        LinkError: an archive in it is refused; what was written was removed.
        FilesystemError: the store cannot be written.
    """
    try:
        added = bundle.put_into(store, lock)
    except OSError as error:
        raise from_oserror(error) from error
    try:
        engine.fetch(lock, offline=True)
    except BaseException as error:
        for item in added:
            store.forget(item)
        if isinstance(error, LinkError):
            origin = [f"said to be from {error.where}"] if error.where else []
            raise LinkError(
                f"the bundle is refused: {error.what}",
                where=str(bundle.path),
                details=[*error.details, *origin],
                hint="nothing in it was kept; do not use it, and tell the person who gave it to you",
            ) from error
        raise


def solve(job: Job) -> Lock:
    """Solve the spec, unless there is a lock that suits this machine.

    Raises:
        UsageError: there are wheels to install, and the environment's pip does not run here.
        SpecError: the lock has wheels and no pip.
    """
    locked = job.target.lock
    requested = locked.wheels if locked is not None else job.spec.requirements
    if requested and not job.runs_here:
        raise UsageError(
            "wheels are installed by the environment's own pip, which does not run here",
            details=[f"the environment is for {job.spec.platform}"],
            hint="lock it here, and create it from the lock on that platform",
        )
    job.store.prepare()
    if locked is None:
        return resolve(job.spec, job.engine, job.reporter, offline=job.offline)
    if locked.wheels and locked.find("pip") is None:
        raise SpecError(
            "the lock has wheels, and no pip to install them with",
            details=[f"{wheel.name} {wheel.version}" for wheel in locked.wheels[:10]],
            hint="add pip to the dependencies and lock again (`pixi add pip` for a pixi.lock)",
        )
    _refuse_unfit(job, locked)
    return locked


def fetch(job: Job, lock: Lock) -> Lock:
    """Fetch every archive and wheel, verified; return the lock with full records."""
    job.reporter.phase("fetch", "fetching and verifying packages")
    job.engine.fetch(lock, job.reporter, offline=job.offline)
    # pip hashes each wheel too, but then it would be too late to fetch a damaged one again.
    if [wheel for wheel in lock.wheels if not job.store.verify(wheel)]:
        job.engine.fetch(lock, job.reporter, offline=job.offline)
    full = job.engine.complete(lock)
    if full is not lock:
        _refuse_unfit(job, full)
    return full


def _refuse_unfit(job: Job, lock: Lock) -> None:
    lacking = job.engine.accept(job.spec, lock)
    if lacking:
        raise SolveError(
            "this machine does not meet the requirements of the locked packages",
            details=lacking,
            hint="lock again on this machine, or for an older system",
        )


def mark(job: Job, contents: Contents) -> PrefixLock:
    """Lock the prefix, mark it as pending, and remove what an unfinished create left in it."""
    held = PrefixLock.acquire(job.prefix)
    try:
        kept = clear_pending(job.prefix)
        if kept:
            job.reporter.warn(
                f"files that sealenv did not write: {len(kept)}; they "
                f"are kept in {job.prefix / USER_FOLDER}"
            )
        write_plan(job.prefix, contents.paths)
        held.share()
    except BaseException:
        held.close()
        raise
    return held


def link(job: Job, lock: Lock, contents: Contents) -> None:
    """Link the packages into the prefix, and write the metadata that conda reads."""
    job.reporter.phase("link", "linking packages")
    job.engine.link(lock, job.prefix, job.reporter, empty=lambda: clear_pending(job.prefix))
    # Written by py-rattler; with it backup tools would skip the prefix.
    (job.prefix / "CACHEDIR.TAG").unlink(missing_ok=True)
    finish(job.prefix, lock, job.spec.packages, job.view)
    if contents.clobbers:
        settle_clobbers(job.prefix, lock, contents.clobbers)
    write_condarc(job.prefix, job.spec.channels, job.spec.platform)
    write_state(job.prefix, job.spec.variables)
    now = dt.datetime.now(dt.timezone.utc)
    # Last: `seal` hashes only files that changed after it.
    write_history(job.prefix, lock, job.spec.packages, job.command, now)


def link_scripts(job: Job, lock: Lock, held: PrefixLock) -> LinkScripts:
    """Run the post-link scripts of the packages."""
    form = "Scripts/.{}-post-link.bat" if is_windows(lock.platform) else "bin/.{}-post-link.sh"
    found = [
        LinkScript(package, path)
        for package in lock.packages
        if (path := job.prefix / form.format(package.name)).is_file()
    ]
    names = [script.package.name for script in found]
    if not names or not (job.link_scripts and job.runs_here):
        return LinkScripts([], names)
    job.reporter.phase("link-scripts", "running post-link scripts")
    messages = run_link_scripts(job.prefix, lock.platform, found, job.environ, keep_fd=held.fd)
    return LinkScripts(names, [], messages)


def install(job: Job, lock: Lock, held: PrefixLock) -> list[InstalledWheel]:
    """Install the wheels with the environment's own pip."""
    if not lock.wheels:
        return []
    job.reporter.phase("wheels", "installing wheels with the environment's pip")
    return install_wheels(job.prefix, lock, job.store, job.environ, keep_fd=held.fd)


def patch(job: Job) -> list[Patched]:
    """On Windows, make files that contain the path of the environment relative."""
    return patch_prefix(job.prefix, job.spec.platform) if is_windows(job.spec.platform) else []


def compile_python(
    job: Job, lock: Lock, installed: Sequence[InstalledWheel], held: PrefixLock
) -> Known:
    """Compile Python files, and add the .pyc to the packages' records.

    Returns:
        The digests of the compiled files.
    """
    if not (job.pyc and job.runs_here and lock.find("python")):
        return Known({}, 0)
    job.reporter.phase("pyc", "compiling python files")
    compiled = compile_packages(
        job.prefix,
        lock,
        job.store,
        read_records(job.prefix),
        job.environ,
        lambda done, total: job.reporter.advance(done, total, "files"),
        wheels={source: wheel.record for wheel in installed for source in wheel.sources},
        since=time_of_linking(job.prefix),
        keep_fd=held.fd,
    )
    paths = {owner: [file.pyc for file in files] for owner, files in compiled.items()}
    add_pyc(job.prefix, lock, paths)
    digests = {f.pyc: bytes.fromhex(f.sha256) for files in compiled.values() for f in files}
    return Known(digests, os.stat(job.prefix / META).st_mtime_ns)


def write_activation(job: Job) -> list[str]:
    """Write the activation scripts; return their relative paths."""
    written = write_scripts(job.prefix, platform=job.spec.platform)
    for problem in written.problems:
        job.reporter.warn(problem)
    return written.paths


def share_archives(job: Job, lock: Lock) -> None:
    """Share the fetched archives with conda and mamba in the environment."""
    offer(job.store, job.view, lock)
    if job.runs_here:
        link_pkgs(job.prefix, job.view)


def check(job: Job, lock: Lock, held: PrefixLock) -> CheckReport | None:
    """Activate the environment and run its programs; None if its platform does not run here."""
    if not job.runs_here:
        job.reporter.note(f"{job.spec.platform} does not run here: the environment is unchecked")
        return None
    job.reporter.phase("check", "activating the environment and running its programs")
    return check_environment(
        job.prefix,
        job.spec,
        {p.name: p.version for p in lock.packages},
        job.environ,
        token=held.token,
        keep_fd=held.fd,
    )


def seal(
    job: Job,
    lock: Lock,
    held: PrefixLock,
    *,
    scripts: LinkScripts,
    patched: Sequence[Patched],
    compiled: Known,
    activation: list[str],
    checked: CheckReport | None,
) -> tuple[Seal, int]:
    """Take the fingerprints, write the seal, and remove the marker: the environment is complete.

    Returns:
        The seal, and the size of the environment in bytes.

    Raises:
        EngineError: the engine died, and its hold on the lock with it.
        PrefixLockedError: the marker is not the one that we wrote.
    """
    job.reporter.phase("seal", "taking fingerprints and sealing")
    python = lock.find("python")
    made = Seal(
        schema=SCHEMA,
        sealenv=__version__,
        created=timestamp(),
        prefix=str(job.prefix),
        platform=job.spec.platform,
        spec=job.spec.to_json(),
        lock=LockNote(
            lock.digest(),
            [f"{p.url}#{p.sha256}" for p in lock.packages],
            list(lock.virtual_packages),
            [f"{w.url}#{w.sha256}" for w in lock.wheels],
        ),
        engine=EngineNote(job.engine.name, job.engine.version),
        python=checked.python if checked else python.version if python else None,
        checked=checked is not None,
        check=checked.to_json() if checked else {},
        pyc=INVALIDATION if compiled.digests else None,
        link_scripts=scripts.ran,
        skipped_link_scripts=scripts.skipped,
        patched=[PatchNote(p.path, p.before, p.after, p.what) for p in patched],
        activation=activation,
    )
    # On Windows a program can set a file's time of change.
    trusted = os.name != "nt" or not scripts.ran

    def known(records: Sequence[PrefixRecord]) -> list[Known]:
        linked = Known(digests_of_linking(records), time_of_linking(job.prefix))
        return [linked, compiled] if trusted else []

    rows = take_snapshot(job.prefix)
    table = complete(job.prefix, made, rows=rows, known=known, reporter=job.reporter)
    if not job.engine.alive():
        raise EngineError("the engine ended unexpectedly", hint="run the same command again")
    if not held.holds():
        raise PrefixLockedError(
            "another process removed the unfinished environment", where=str(held.prefix)
        )
    write_table(held.prefix, table)
    write_seal(held.prefix, made)
    held.commit()
    return made, _size(rows)


def _size(rows: Snapshot) -> int:
    """Return the bytes of all files; a hard-linked one counts once."""
    files = (row for row in rows.values() if row.kind == FILE)
    return sum({row.inode or row.path: row.size for row in files}.values())
