"""`create`, and `plan`: what create would do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.api.engine import started
from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, optional_path, words
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.commands.create import Created, CreateOptions, Job, Plan
    from sealenv.progress import Reporter
    from sealenv.request.target import Target

__all__ = ["check_script", "create", "plan", "prepared"]


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
    progress: Progress | None = None,
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
        progress: is told each step; nobody without it.

    Raises:
        UsageError, SpecError: the arguments cannot be meant; nothing was done.
        SolveError: no set of packages satisfies them.
        FetchError: a channel or an archive cannot be read; its subclasses say why.
        PrefixError: the folder is in the way.
        CheckFailedError: the environment was made and does not work: it is pending.
        PostScriptError: the environment is sealed, and the script failed.
        SealenvError: anything else; a folder that was begun is pending, and the next call replaces it.
    """
    from sealenv.commands.create import CreateOptions
    from sealenv.commands.create import create as make

    script = optional_path(post)
    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer,
    )  # fmt: skip
    check_script(script, target)
    options = CreateOptions(
        offline=offline, pyc=not no_pyc, link_scripts=not no_link_scripts, post=script,
        strict=strict,
    )  # fmt: skip
    with prepared(target, options, reporter_for(progress)) as job:
        return make(job)


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
    progress: Progress | None = None,
) -> Plan:
    """What `create` would do with these arguments (`create --dry-run`). Only the cache is written.

    Args and errors: as for `create`.
    """
    from sealenv.commands.create import CreateOptions
    from sealenv.commands.create import plan as foresee

    target = _target(
        name=name, python=python, prefix=prefix, file=file, environment=environment,
        with_packages=with_packages, without=without, channels=channels, pypi_index=pypi_index,
        platform=platform, exclude_newer=exclude_newer,
    )  # fmt: skip
    options = CreateOptions(offline=offline, strict=strict)
    with prepared(target, options, reporter_for(progress), dry_run=True) as job:
        return foresee(job)


def check_script(post: Path | None, target: Target) -> None:
    """Refuse a `--post` script that is none, or that cannot run here.

    Raises:
        UsageError: it is.
    """
    from sealenv.install.post import check_post
    from sealenv.spec.model import current_platform

    if post is None:
        return
    check_post(post)
    if target.spec.platform != current_platform():
        raise UsageError(
            f"--post runs in the environment, and {target.spec.platform} does not run here",
            hint="leave it out, and run the script on that platform",
        )


@contextlib.contextmanager
def prepared(
    target: Target,
    options: CreateOptions,
    reporter: Reporter,
    *,
    dry_run: bool = False,
) -> Iterator[Job]:
    """The job of a create, with what it needs started, and ended after it.

    A bundle is verified before the cache is touched, so that one that is refused leaves nothing.

    Raises:
        UsageError: SEALENV_TIMEOUT is no number.
        BundleError, DigestError: the file is not what it says.
    """
    from sealenv import locations
    from sealenv.commands.create import Job

    with contextlib.ExitStack() as stack:
        store, worker = stack.enter_context(started())
        for warning in target.warnings:
            reporter.warn(warning)
        bundle = None
        if target.bundle and target.lock and not dry_run:
            from sealenv.install.unbundling import take_in, verified

            bundle = stack.enter_context(verified(target.bundle, reporter))
        stack.enter_context(store.in_use())
        if bundle is not None and target.lock:
            take_in(bundle, target.lock, store, worker)
        yield Job(
            target.spec, target.prefix, worker, store, Path(locations.conda_view()), options,
            reporter, target.lock, carried=target.bundle is not None,
        )  # fmt: skip


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
    from sealenv.request.target import choose_target

    return choose_target(
        name=name, python=python, prefix=None if prefix is None else str(prefix),
        file=optional_path(file), with_packages=words(with_packages), without=words(without),
        channels=words(channels), platform=platform, exclude_newer=exclude_newer,
        pypi_index=pypi_index, environment=environment,
    )  # fmt: skip
