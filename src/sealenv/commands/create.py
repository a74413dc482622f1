"""`create`, and `plan`: what create would do.

solve -> fetch (sha256) -> preflight -> mark -> link -> link scripts -> wheels -> patch -> pyc ->
activation scripts -> check -> seal

Before `mark` nothing is written outside the package cache. From `mark` on the prefix is visibly
pending; the seal is the commit point. Each step is a function in `sealenv.install.steps`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from sealenv import locations
from sealenv.commands.post import check_post, run_post
from sealenv.commands.replace import give_up, may_replace
from sealenv.engine.client import started
from sealenv.errors import (
    InterruptedCreateError,
    PostScriptError,
)
from sealenv.fields import AbsolutePath, Bytes, Count, InPrefix, Seconds, Sha256
from sealenv.install import steps
from sealenv.install.job import Job
from sealenv.install.preflight import preflight
from sealenv.locks import Lock
from sealenv.locks.model import Package, Wheel, packages_of, wheels_of
from sealenv.naming import shown
from sealenv.prefix.pending import PrefixLock, refuse_unless_free
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.request import StrPath, optional_path, words
from sealenv.request.target import Target, choose_target
from sealenv.seals.seal import Fingerprints
from sealenv.store.bundle import open_bundle


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The program that solves and links."""

    name: str
    version: str


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """All that `create` writes to."""

    prefix: AbsolutePath
    cache: AbsolutePath
    conda_cache: AbsolutePath


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What `create` would do."""

    prefix: AbsolutePath
    replaces: Annotated[bool, Meta(description="whether an environment is there, with --replace")]
    platform: str
    channels: tuple[str, ...]
    engine: Engine
    lock_digest: Sha256
    packages: tuple[Package, ...]
    wheels: tuple[Wheel, ...]
    to_fetch: Count
    fetch_bytes: Bytes
    writes: Places


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """What `create` did: the environment is sealed."""

    prefix: AbsolutePath
    state: Literal["sealed"] = "sealed"
    platform: str
    checked: bool
    python: str | None
    tools: Annotated[dict[str, str], Meta(description="tool -> what it answered")]
    packages: Count
    wheels: Count
    files: Count
    bytes: Bytes
    lock_digest: Sha256
    fingerprints: Fingerprints | None
    clobbers: Annotated[
        dict[InPrefix, list[str]], Meta(description="path -> the packages that ship it")
    ]
    link_scripts: list[str]
    skipped_link_scripts: list[str]
    messages: Annotated[str, Meta(description="what post-link scripts printed")]
    activation: list[InPrefix]
    engine: Engine
    post_ran: bool
    seconds: Seconds


def create(
    name: str | None = None,
    python: str | None = None,
    *,
    prefix: StrPath | None = None,
    file: StrPath | None = None,
    environment: str | None = None,
    with_packages: Sequence[str] = (),
    without: Sequence[str] = (),
    channels: Sequence[str] = (),
    pypi_index: str | None = None,
    platform: str | None = None,
    exclude_newer: str | None = None,
    virtual_packages: Sequence[str] = (),
    machine: StrPath | None = None,
    post: StrPath | None = None,
    replace: bool = False,
    no_pyc: bool = False,
    no_link_scripts: bool = False,
    offline: bool = False,
    command: str = "sealenv create",
    begin: Callable[[Path], None] | None = None,
    confirm: Callable[[Plan], None] | None = None,
    reporter: Reporter = QUIET,
) -> Created:
    """Make a standalone environment in a folder that does not exist, or is empty or pending.

    Args:
        name: with `python` it gives the folder: `my_env`, `3.12` is <envs>/my_env_3_12.
        python: the version, such as `3.12`.
        prefix: the folder itself, instead of a name.
        file: an environment.yml, a lock of any format, or a bundle.
        environment: which one of a pixi.lock that holds several.
        with_packages: additional packages, each a MatchSpec.
        without: names of packages to leave out.
        channels: names, URLs or file:///folder, the first one first; none: conda-forge.
        pypi_index: the index for a `pip:` section.
        platform: a subdir, such as `win-64`; none: this machine's.
        exclude_newer: ignore packages built after this time (UTC), or less than `7d`, `2w`, `24h` ago.
        virtual_packages: properties of the machine to solve for, as for `lock`.
        machine: a file with all of them, as for `lock`.
        post: a script to copy to `__home__` and run there, activated.
        replace: replace a sealed environment, once everything that can fail is done.
        no_pyc: do not compile python files.
        no_link_scripts: do not run post-link scripts; list them.
        offline: do not use the network.
        command: the command line for conda's history, without credentials.
        begin: called with the prefix before anything is written.
        confirm: called with the plan before anything is fetched; may raise to stop.
        reporter: is shown each step.

    Raises:
        UsageError, SpecError: the arguments are invalid; nothing was done.
        SolveError: no set of packages satisfies them.
        FetchError: a channel or an archive cannot be read; its subclasses say why.
        PrefixError: the folder is in the way.
        CheckFailedError: the environment was made and does not work: it is pending.
        PostScriptError: the environment is sealed, and the script failed.
        InterruptedCreateError: Ctrl-C; a started environment is pending.
        SealenvError: anything else; a started folder is pending, and the next call replaces it.
    """
    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer, virtual_packages=virtual_packages,
        machine=machine,
    )  # fmt: skip
    watch = Stopwatch(reporter)

    def show(planned: Plan) -> None:
        watch.stop()
        if confirm:
            confirm(planned)

    if begin:
        begin(target.prefix)
    with _job(
        target, watch, offline=offline, replace=replace, pyc=not no_pyc,
        link_scripts=not no_link_scripts, post=optional_path(post), command=command,
    ) as job:  # fmt: skip
        made = make(job, show)
    watch.stop()
    return msgspec.structs.replace(made, seconds=watch.seconds)


def plan(
    name: str | None = None,
    python: str | None = None,
    *,
    prefix: StrPath | None = None,
    file: StrPath | None = None,
    environment: str | None = None,
    with_packages: Sequence[str] = (),
    without: Sequence[str] = (),
    channels: Sequence[str] = (),
    pypi_index: str | None = None,
    platform: str | None = None,
    exclude_newer: str | None = None,
    virtual_packages: Sequence[str] = (),
    machine: StrPath | None = None,
    replace: bool = False,
    offline: bool = False,
    begin: Callable[[Path], None] | None = None,
    reporter: Reporter = QUIET,
) -> Plan:
    """Return what `create` would do (`create --dry-run`). Only the cache is written.

    Args and errors: as for `create`.
    """
    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer, virtual_packages=virtual_packages,
        machine=machine,
    )  # fmt: skip
    if begin:
        begin(target.prefix)
    with _job(target, reporter, dry_run=True, offline=offline, replace=replace) as job:
        return _plan(job)[0]


def _target(
    *, prefix: StrPath | None, file: StrPath | None, machine: StrPath | None, **given: Any
) -> Target:
    """Choose the target for arguments of the API: text or a path object for each path."""
    for several in ("with_packages", "without", "channels", "virtual_packages"):
        given[several] = words(given[several])
    where = None if prefix is None else os.fspath(prefix)
    return choose_target(
        prefix=where, file=optional_path(file), machine=optional_path(machine), **given
    )


def make(job: Job, confirm: Callable[[Plan], None] | None = None) -> Created:
    """Run the steps in their order.

    Args:
        job: what, where and how, with the engine and the store.
        confirm: as for `create`.

    Raises:
        SealenvError: see `create`.
    """
    held: PrefixLock | None = None
    try:
        planned, lock = _plan(job)
        if confirm:
            confirm(planned)
        lock = steps.fetch(job, lock)
        contents = preflight(lock, job.prefix, job.store)
        if planned.replaces:
            give_up(job.prefix, job.reporter)
        held = steps.mark(job, contents)
        steps.link(job, lock, contents)
        scripts = steps.link_scripts(job, lock, held)
        installed = steps.install(job, lock, held)
        patched = steps.patch(job)
        compiled = steps.compile_python(job, lock, installed, held)
        activation = steps.write_activation(job)
        steps.share_archives(job, lock)
        checked = steps.check(job, lock, held)
        seal, size = steps.seal(
            job, lock, held, scripts=scripts, patched=patched, compiled=compiled,
            activation=activation, checked=checked,
        )  # fmt: skip
    except KeyboardInterrupt:
        raise _interrupted(job.prefix, held) from None
    finally:
        if held is not None:
            held.close()
    return Created(
        prefix=job.prefix,
        platform=seal.platform,
        checked=seal.checked,
        python=seal.python,
        tools=checked.tools if checked else {},
        packages=len(lock.packages),
        wheels=len(lock.wheels),
        files=contents.files,
        bytes=size,
        lock_digest=seal.lock.digest,
        fingerprints=seal.fingerprints,
        clobbers=contents.clobbers,
        link_scripts=scripts.ran,
        skipped_link_scripts=scripts.skipped,
        messages=scripts.messages,
        activation=activation,
        engine=planned.engine,
        post_ran=_run_post(job),
        seconds={},
    )


def _plan(job: Job) -> tuple[Plan, Lock]:
    replaces = job.replace and may_replace(job.prefix)
    if not replaces:
        refuse_unless_free(job.prefix, "replace it with --replace")
    lock = steps.solve(job)
    carried = job.target.bundle is not None
    missing = [a for a in lock.archives if not (carried or job.store.has(a))]
    planned = Plan(
        prefix=job.prefix,
        replaces=replaces,
        platform=lock.platform,
        channels=lock.channels,
        engine=Engine(name=job.engine.name, version=job.engine.version),
        lock_digest=lock.digest(),
        packages=packages_of(lock),
        wheels=wheels_of(lock),
        to_fetch=len(missing),
        fetch_bytes=sum(p.size or 0 for p in missing),
        writes=Places(prefix=job.prefix, cache=job.store.root, conda_cache=job.view),
    )
    return planned, lock


def _run_post(job: Job) -> bool:
    """Run the user's own script; its failure does not undo the environment."""
    post = job.post
    if post is None:
        return False
    job.reporter.note(f"sealed {job.prefix}")
    job.reporter.phase("post", f"running {post.name} in the environment")
    try:
        run_post(job.prefix, post)
    except KeyboardInterrupt:
        raise PostScriptError(
            f"{post.name} was interrupted; the environment was made and is kept",
            where=str(job.prefix),
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


@contextlib.contextmanager
def _job(
    target: Target, reporter: Reporter, *, dry_run: bool = False, **options: Any
) -> Iterator[Job]:
    """Yield the job of a create, with the engine and the store that it needs.

    A bundle is verified before the cache is touched, so a refused one leaves nothing.

    Raises:
        UsageError: SEALENV_TIMEOUT is not a number, or the `--post` script cannot run.
        BundleError, DigestError: the bundle does not match its manifest.
    """
    if post := options.get("post"):
        check_post(post, target.spec.platform)
    with contextlib.ExitStack() as stack:
        store, engine = stack.enter_context(started())
        for warning in target.warnings:
            reporter.warn(warning)
        bundle = None
        if target.bundle and not dry_run:
            reporter.phase("bundle", f"verifying {target.bundle.name}")
            bundle = stack.enter_context(open_bundle(target.bundle))
            bundle.verify(lambda done, total: reporter.advance(done, total, "bytes"))
        stack.enter_context(store.in_use())
        if bundle and target.lock:
            steps.take_in(bundle, target.lock, store, engine)
        yield Job(
            target=target, engine=engine, store=store, view=Path(locations.conda_view()),
            reporter=reporter, **options,
        )  # fmt: skip
