"""`create`, and `plan`: what create would do.

gate -> solve -> fetch (sha256) -> mark -> link -> link scripts -> wheels -> patch -> pyc ->
activation scripts -> check -> seal -> unmark

Before `mark` nothing is written outside the package cache. From `mark` on the prefix is visibly
pending; the seal is the commit point. Each step is a function in `sealenv.install`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sealenv import locations
from sealenv.engine.session import started
from sealenv.errors import InterruptedCreateError, PostScriptError, UsageError
from sealenv.fields import AbsolutePath, Bytes, Count, InPrefix, Seconds, Sha256
from sealenv.install import sealing, steps
from sealenv.install.job import CreateOptions, Job
from sealenv.install.preflight import Contents, preflight
from sealenv.install.unbundle import take_in, verified
from sealenv.install.userscripts import check_post, run_post
from sealenv.locks import Lock
from sealenv.locks.model import Package, Wheel, packages_of, wheels_of
from sealenv.naming import shown
from sealenv.prefix.prefixlock import PrefixLock, refuse_unless_free
from sealenv.progress import QUIET, Reporter, Stopwatch
from sealenv.request.arguments import StrPath, optional_path, words
from sealenv.request.target import Target, choose_target
from sealenv.seals.seal import Prints, Seal, prints_of
from sealenv.spec.model import current_platform

__all__ = [
    "CreateOptions",
    "Created",
    "Plan",
    "create",
    "create_target",
    "make",
    "plan",
    "plan_target",
]


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """The program that solves and links; its version is empty where it is not known yet."""

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
    lock_digest: Sha256
    fingerprints: Prints | None
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
    post: StrPath | None = None,
    no_pyc: bool = False,
    no_link_scripts: bool = False,
    strict: bool = False,
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Created:
    """Make a standalone environment in a folder that does not exist, or is empty or pending.

    Args:
        name: with `python` it gives the folder: `my_env`, `3.12` is <envs>/my_env_3_12.
        python: the version, such as `3.12`.
        prefix: the folder itself, instead of a name.
        file: an environment.yml, a lock of any format, or a bundle.
        environment: which one of a pixi.lock that holds several.
        with_packages: packages besides, each a MatchSpec.
        without: names of packages to leave out.
        channels: names, URLs or file:///folder, the first one first; none: conda-forge.
        pypi_index: where pip looks for a `pip:` section.
        platform: a subdir, such as `win-64`; none: this machine's.
        exclude_newer: ignore packages built after this time (UTC).
        post: a script to copy to `__home__` and run there, activated.
        no_pyc: do not compile python files.
        no_link_scripts: do not run post-link scripts; list them.
        strict: refuse a dirty shell instead of scrubbing what children inherit.
        offline: use the network for nothing.
        reporter: is told each step.

    Raises:
        UsageError, SpecError: the arguments cannot be meant; nothing was done.
        SolveError: no set of packages satisfies them.
        FetchError: a channel or an archive cannot be read; its subclasses say why.
        PrefixError: the folder is in the way.
        CheckFailedError: the environment was made and does not work: it is pending.
        PostScriptError: the environment is sealed, and the script failed.
        SealenvError: anything else; a folder that was begun is pending, and the next call replaces it.
    """
    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer,
    )  # fmt: skip
    options = CreateOptions(
        offline=offline, pyc=not no_pyc, link_scripts=not no_link_scripts,
        post=optional_path(post), strict=strict,
    )  # fmt: skip
    return create_target(target, options, reporter)


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
    strict: bool = False,
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Plan:
    """What `create` would do with these arguments (`create --dry-run`). Only the cache is written.

    Args and errors: as for `create`.
    """
    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer,
    )  # fmt: skip
    return plan_target(target, CreateOptions(offline=offline, strict=strict), reporter)


def create_target(
    target: Target,
    options: CreateOptions,
    reporter: Reporter = QUIET,
    confirm: Callable[[Plan], None] | None = None,
) -> Created:
    """Make the environment of a target.

    Args:
        target: the spec or lock, and where.
        options: how.
        reporter: is told each step.
        confirm: is shown the plan before anything is fetched; may raise to stop.

    Raises:
        SealenvError: see `create`.
        InterruptedCreateError: Ctrl-C; what was begun is pending.
    """
    _check_post(options.post, target)
    watch = Stopwatch(reporter)

    def show(planned: Plan) -> None:
        watch.stop()
        if confirm:
            confirm(planned)

    with _job(target, options, watch) as job:
        made = make(job, show)
    watch.stop()
    return msgspec.structs.replace(made, seconds=watch.seconds)


def plan_target(target: Target, options: CreateOptions, reporter: Reporter = QUIET) -> Plan:
    """Gate and solve, and say what would be fetched and written. Only the cache is written.

    Raises:
        SealenvError: see `create`.
    """
    _check_post(options.post, target)
    with _job(target, options, reporter, dry_run=True) as job:
        return _plan(job)[0]


def make(job: Job, confirm: Callable[[Plan], None] | None = None) -> Created:
    """Run the steps in their order: the main job on one page.

    Args:
        job: what, where and how, with the engine and the store.
        confirm: as for `create_target`.

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
        held = steps.mark(job, contents)
        steps.link(job, lock, contents)
        ran, skipped, messages = steps.link_scripts(job, lock, held)
        installed = steps.install(job, lock, held)
        patched = steps.patch(job)
        compiled = steps.compile_python(job, lock, installed, held)
        activation = steps.activation_scripts(job)
        steps.share_archives(job, lock)
        checked = steps.check(job, lock, held)
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
    return _created(seal, contents, messages, post_ran=_run_post(job))


def _created(seal: Seal, contents: Contents, messages: str, *, post_ran: bool) -> Created:
    return Created(
        prefix=Path(seal.prefix),
        platform=seal.platform,
        checked=seal.checked,
        python=seal.python,
        tools=seal.check.get("tools", {}),
        packages=len(seal.lock.packages),
        wheels=len(seal.lock.wheels),
        files=contents.files,
        lock_digest=seal.lock.digest,
        fingerprints=prints_of(seal.fingerprints),
        clobbers=contents.clobbers,
        link_scripts=seal.link_scripts,
        skipped_link_scripts=seal.skipped_link_scripts,
        messages=messages,
        activation=seal.activation,
        engine=Engine(name=seal.engine.name, version=seal.engine.version),
        post_ran=post_ran,
        seconds={},
    )


def _plan(job: Job) -> tuple[Plan, Lock]:
    steps.gate(job)
    refuse_unless_free(job.prefix)
    lock = steps.solve(job)
    missing = [a for a in lock.archives if not (job.carried or job.store.has(a))]
    size = sum(p.size or 0 for p in missing)
    planned = Plan(
        prefix=job.prefix,
        platform=lock.platform,
        channels=lock.channels,
        engine=Engine(name=job.engine.name, version=job.engine.version),
        lock_digest=lock.digest(),
        packages=packages_of(lock),
        wheels=wheels_of(lock),
        to_fetch=len(missing),
        fetch_bytes=size,
        writes=Places(prefix=job.prefix, cache=job.store.root, conda_cache=job.view),
    )
    return planned, lock


def _run_post(job: Job) -> bool:
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


@contextlib.contextmanager
def _job(
    target: Target, options: CreateOptions, reporter: Reporter, *, dry_run: bool = False
) -> Iterator[Job]:
    """Yield the job of a create, with the engine and the store that it needs.

    A bundle is verified before the cache is touched, so that one that is refused leaves nothing.

    Raises:
        UsageError: SEALENV_TIMEOUT is not a number.
        BundleError, DigestError: the file is not what it says.
    """
    with contextlib.ExitStack() as stack:
        store, worker = stack.enter_context(started())
        for warning in target.warnings:
            reporter.warn(warning)
        bundle = None
        if target.bundle and target.lock and not dry_run:
            bundle = stack.enter_context(verified(target.bundle, reporter))
        stack.enter_context(store.in_use())
        if bundle is not None and target.lock:
            take_in(bundle, target.lock, store, worker)
        yield Job(
            target.spec, target.prefix, worker, store, Path(locations.conda_view()), options,
            reporter, target.lock, carried=target.bundle is not None,
        )  # fmt: skip


def _check_post(post: Path | None, target: Target) -> None:
    """Refuse a `--post` script that is none, or that cannot run here."""
    if post is None:
        return
    check_post(post)
    if target.spec.platform != current_platform():
        raise UsageError(
            f"--post runs in the environment, and {target.spec.platform} does not run here",
            hint="leave it out, and run the script on that platform",
        )


def _target(
    *,
    name: str | None,
    python: str | None,
    prefix: StrPath | None,
    file: StrPath | None,
    environment: str | None,
    with_packages: Sequence[str],
    without: Sequence[str],
    channels: Sequence[str],
    pypi_index: str | None,
    platform: str | None,
    exclude_newer: str | None,
) -> Target:
    return choose_target(
        name=name, python=python, prefix=None if prefix is None else str(prefix),
        file=optional_path(file), with_packages=words(with_packages), without=words(without),
        channels=words(channels), platform=platform, exclude_newer=exclude_newer,
        pypi_index=pypi_index, environment=environment,
    )  # fmt: skip
