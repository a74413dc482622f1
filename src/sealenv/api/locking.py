"""`lock`, `diff` and `export`: exact packages, written down and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.api.engine import started
from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, named, optional_path, words
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.commands.diff import Comparison
    from sealenv.locks import LockFile
    from sealenv.locks.diff import Change
    from sealenv.progress import Reporter
    from sealenv.request.lockrequest import LockRequest

__all__ = ["Exported", "Locked", "diff", "export", "export_to", "lock", "lock_to"]


@dataclass(frozen=True)
class Locked:
    """What `lock` found.

    Attributes:
        file: the exact packages, one lock a platform.
        text: the same as a pixi.lock.
        output: the file that holds it (with `dry_run`: would); None where none was wanted.
        written: whether that file was written now: not with `dry_run`, nor where it held the same.
        changes: from the lock that was there before; none where there was none.
        renewed: whether there was one.
    """

    file: LockFile
    text: str
    output: Path | None
    written: bool
    changes: tuple[Change, ...]
    renewed: bool


@dataclass(frozen=True)
class Exported:
    """What `export` made.

    Attributes:
        text: in the format.
        format: its name.
        output: the file that it was written to, or None.
        notes: what is not in it.
    """

    text: str
    format: str
    output: Path | None
    notes: tuple[str, ...]


def lock(
    packages: Sequence[str] = (),
    *,
    file: StrPath | None = None,
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    exclude_newer: str | None = None,
    pypi_index: str | None = None,
    update: Sequence[str] = (),
    environment: str | None = None,
    output: StrPath | None = None,
    force: bool = False,
    offline: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Locked:
    """Find the exact packages for what is asked for, and write them to a lock. Nothing is installed.

    Args:
        packages: each a MatchSpec. Without them and `file` the lock that is there is renewed.
        file: an environment.yml, a list of specs, a lock, or an @EXPLICIT list.
        channels: the first one first; none: the file's, the lock's, conda-forge.
        platforms: subdirs; none: the lock's, or this machine's.
        exclude_newer: ignore packages built after this time (UTC).
        pypi_index: where pip looks for a `pip:` section.
        update: names of packages to move, and only what must move with them.
        environment: which one of a pixi.lock that holds several.
        output: the lock to write; `-`: none, the text is in the result. Without it NAME.lock or
            sealenv.lock in the current folder.
        force: write over a file that is no lock of sealenv's.
        offline: use the network for nothing.
        dry_run: write nothing.
        progress: is told each step.

    Raises:
        UsageError, SpecError, OutputExistsError: the arguments cannot be meant; nothing was done.
        SolveError: no set of packages satisfies them.
        FetchError: a channel cannot be read.
    """
    from sealenv.request.lockrequest import choose

    request = choose(
        packages=words(packages), file=optional_path(file), channels=words(channels),
        platforms=words(platforms), exclude_newer=exclude_newer, pypi_index=pypi_index,
        update=words(update),
        output=None if output is None else str(output), force=force, environment=environment,
    )  # fmt: skip
    return lock_to(request, reporter_for(progress), offline=offline, dry_run=dry_run)


def lock_to(request: LockRequest, reporter: Reporter, *, offline: bool, dry_run: bool) -> Locked:
    """Lock what is requested, and write the file unless it holds the same.

    Raises:
        SealenvError: see `lock`.
    """
    from sealenv.commands.lock import lock as make
    from sealenv.locks.diff import diff as differ
    from sealenv.locks.pixi_write import write_pixi
    from sealenv.system.files import write_output

    with started() as (store, engine), store.in_use():
        for warning in request.warnings:
            reporter.warn(warning)
        locked = make(request, engine, store, reporter, offline=offline)
    text = write_pixi(locked)
    place = request.output
    written = place is not None and not dry_run and not _is_the_same(place, text)
    if place is not None and written:
        write_output(place, text.encode(), force=True)  # `choose` looked what is there
    changes = differ(request.previous, locked) if request.previous else []
    renewed = request.previous is not None
    return Locked(locked, text, place, written, tuple(changes), renewed)


def _is_the_same(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def diff(a: StrPath, b: StrPath | None = None) -> Comparison:
    """What differs from A to B: locks of any format, or environments. Nothing is written.

    Args:
        a: alone it is an environment, which is compared with the lock in its seal.
        b: the other one.

    Raises:
        UsageError: a lock alone.
        NotFoundError, SpecError, RecordError: one of them cannot be read.
    """
    from sealenv.commands.diff import compare

    return compare(named(a), None if b is None else named(b))


def export(
    what: StrPath,
    *,
    format: str = "pixi",
    from_history: bool = False,
    platform: str | None = None,
    environment: str | None = None,
    output: StrPath | None = None,
    force: bool = False,
    name: str | None = None,
    micromamba: str | None = None,
    micromamba_sha256: Sequence[str] = (),
    offline: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write an environment or a lock in a format that others read. Nothing is solved.

    Args:
        what: an environment, or a lock of any format.
        format: `pixi`, `explicit`, `conda-lock`, `environment-yml`, `sh` or `bat`.
        from_history: with `environment-yml`: what was asked for.
        platform: only this one of a lock for several.
        environment: which one of a pixi.lock that holds several.
        output: the file to write; without it the text is in the result alone.
        force: write over a file that is there.
        name: with `sh`, `bat`: how the environment is called by default.
        micromamba: with `sh`, `bat`: the release that is used.
        micromamba_sha256: the digest of its executable, each HEX or SUBDIR=HEX.
        offline: use the network for nothing.
        progress: is told each step.

    Raises:
        UsageError, OutputExistsError: the arguments cannot be meant; nothing was done.
        NotFoundError, SpecError, RecordError, DigestError: what is to be exported cannot be read, or
            the format needs what it does not say.
    """
    return export_to(
        named(what), format, reporter_for(progress), output=optional_path(output), force=force,
        from_history=from_history, platform=platform, environment=environment, name=name,
        micromamba=micromamba, digests=words(micromamba_sha256), offline=offline,
    )  # fmt: skip


def export_to(
    what: str,
    kind: str,
    reporter: Reporter,
    *,
    output: Path | None,
    force: bool,
    from_history: bool,
    platform: str | None,
    environment: str | None,
    name: str | None,
    micromamba: str | None,
    digests: Sequence[str],
    offline: bool,
) -> Exported:
    """Export, and write the file if there is to be one; its place is looked at first.

    Raises:
        SealenvError: see `export`.
    """
    from sealenv import locations
    from sealenv.commands.export import FORMATS
    from sealenv.commands.export import export as make
    from sealenv.store.archives import Store
    from sealenv.system.files import check_output, write_output

    if kind not in FORMATS:
        raise UsageError(
            f"{kind!r} is no format",
            details=[f"{name}: {one.describe}" for name, one in FORMATS.items()],
            hint="choose one with --format",
        )
    if output is not None:
        check_output(output, force=force)  # now, not after reading it all
    notes: list[str] = []

    def complete(file: LockFile) -> LockFile:
        from sealenv.install.resolving import complete as fill

        with started() as (store, engine):
            store.prepare()
            with store.in_use():
                return fill(file, engine, reporter, offline=offline)

    text = make(
        what, kind, platform=platform, from_history=from_history, environment=environment, name=name,
        micromamba=micromamba, digests=digests, store=Store(Path(locations.cache_root())),
        warn=notes.append, complete=complete,
    )  # fmt: skip
    if output is not None:
        write_output(output, text.encode(), force=force, mode=FORMATS[kind].mode)
    return Exported(text, kind, output, tuple(notes))
