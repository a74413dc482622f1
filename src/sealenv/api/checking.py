"""`verify`, `repair`, `seal` and `audit`: is it as it was made, and if not, what then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from sealenv.api.engine import started
from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, prefix_of

if TYPE_CHECKING:
    from sealenv.audits import Audit
    from sealenv.commands.audit import Fixed
    from sealenv.commands.repair import Repaired
    from sealenv.commands.seal import Change
    from sealenv.progress import Reporter
    from sealenv.seals.findings import Report

__all__ = ["audit", "repair", "repair_prefix", "seal", "verify"]


def verify(env: StrPath, *, fast: bool = False, progress: Progress | None = None) -> Report:
    """Compare everything in an environment with what was sealed. Nothing is written.

    Args:
        env: a name or a path.
        fast: read only files whose size, time, inode or mode has changed.
        progress: is told how far it is.

    Returns:
        what was found; `damaged` says whether any of it is damage.

    Raises:
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    from sealenv.seals.verify import verify as compare

    return compare(prefix_of(env), fast=fast, reporter=reporter_for(progress))


def repair(
    env: StrPath, *, dry_run: bool = False, offline: bool = False, progress: Progress | None = None
) -> Repaired:
    """Put back what `verify` finds, from the packages' archives, and nothing else.

    Args:
        env: a name or a path.
        dry_run: say what would be put back; change nothing.
        offline: use the network for nothing.
        progress: is told each step.

    Returns:
        what was put back, and what is left, each with what to do about it.

    Raises:
        PrefixError: it is pending, moved, or worked on.
        FetchError: an archive cannot be had; nothing was changed.
    """
    return repair_prefix(prefix_of(env), reporter_for(progress), dry_run=dry_run, offline=offline)


def repair_prefix(prefix: Path, reporter: Reporter, *, dry_run: bool, offline: bool) -> Repaired:
    """Repair with this machine's store.

    Raises:
        SealenvError: see `repair`.
    """
    from sealenv.commands.repair import Mending
    from sealenv.commands.repair import repair as mend

    with started() as (store, engine), store.in_use():
        return mend(prefix, Mending(engine, offline, dry_run, reporter=reporter))


def seal(env: StrPath, *, dry_run: bool = False, progress: Progress | None = None) -> Change:
    """Seal an environment as it is now, or adopt one of another tool. There is no question.

    Args:
        env: a name or a path.
        dry_run: say what would be kept; write nothing.
        progress: is told each step.

    Returns:
        what differs from the seal before.

    Raises:
        PrefixError: it is pending, moved, worked on, or holds a file where a script is to be.
        RecordError, DigestError: nobody can say what is installed.
    """
    from sealenv.commands.seal import reseal

    return reseal(prefix_of(env), dry_run=dry_run, reporter=reporter_for(progress))


@overload
def audit(
    env: StrPath,
    *,
    fix: Literal[False] = False,
    override_frozen: bool = False,
    progress: Progress | None = None,
) -> Audit: ...
@overload
def audit(
    env: StrPath,
    *,
    fix: Literal[True],
    override_frozen: bool = False,
    progress: Progress | None = None,
) -> Fixed: ...
def audit(
    env: StrPath,
    *,
    fix: bool = False,
    override_frozen: bool = False,
    progress: Progress | None = None,
) -> Audit | Fixed:
    """Find every file that holds the environment's path, in whatever form.

    Args:
        env: a name or a path.
        fix: make files relative where they can be, and note the rest in the seal.
        override_frozen: with `fix`: a frozen environment too (CEP 22).
        progress: is told each step.

    Returns:
        what was found; with `fix` what was done, and in its `audit` what is found now.

    Raises:
        NotFoundError: there is no such environment.
        PrefixError: with `fix`: it has no seal, was changed since, is frozen, or is worked on.
        FilesystemError: it cannot be read or written.
    """
    from sealenv.commands.audit import fix as mend
    from sealenv.commands.audit import search

    prefix, reporter = prefix_of(env), reporter_for(progress)
    if fix:
        return mend(prefix, override_frozen=override_frozen, reporter=reporter)
    return search(prefix, reporter=reporter)
