"""`bundle` and `mirror`: what an environment is made of, to take along or to serve."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.api.engine import started
from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, named, optional_path, several, words
from sealenv.errors import UsageError
from sealenv.urls import is_address, redact

if TYPE_CHECKING:
    from sealenv.commands.bundle import Bundled
    from sealenv.commands.mirror import Mirrored
    from sealenv.progress import Reporter

__all__ = ["bundle", "bundle_to", "mirror", "mirror_to"]


def bundle(
    what: StrPath,
    *,
    output: StrPath | None = None,
    force: bool = False,
    platforms: Sequence[str] = (),
    name: str | None = None,
    micromamba: str | None = None,
    micromamba_files: Mapping[str, StrPath] | None = None,
    micromamba_sha256: Sequence[str] = (),
    offline: bool = False,
    progress: Progress | None = None,
) -> Bundled:
    """Write an environment or a lock with all of its packages into one file.

    `create(file=...)` makes the environment from it with no network; where there is no Python, the
    script in it does.

    Args:
        what: an environment, or a lock of any format.
        output: where to; without it NAME.sealenv in the current folder.
        force: replace that file.
        platforms: only these of a lock.
        name: how the environment is called by default.
        micromamba: the release whose digests are known; without it the package of the lock's channels.
        micromamba_files: subdir -> an executable of this machine.
        micromamba_sha256: digests, each HEX or SUBDIR=HEX.
        offline: what is in the cache must do.
        progress: is told each step.

    Raises:
        OutputExistsError: something is at `output`.
        NotFoundError, SpecError: there is nothing to carry.
        FetchError: an archive cannot be had; its subclasses say why.
    """
    given = {subdir: Path(file) for subdir, file in (micromamba_files or {}).items()}
    return bundle_to(
        named(what), reporter_for(progress), output=optional_path(output), force=force,
        platforms=words(platforms), name=name, release=micromamba, given=given,
        digests=words(micromamba_sha256), offline=offline,
    )  # fmt: skip


def bundle_to(
    what: str,
    reporter: Reporter,
    *,
    output: Path | None,
    force: bool,
    platforms: Sequence[str],
    name: str | None,
    release: str | None,
    given: Mapping[str, Path],
    digests: Sequence[str],
    offline: bool,
) -> Bundled:
    """Bundle what is named; what it is a bundle of is verified before the store is touched.

    Raises:
        SealenvError: see `bundle`.
    """
    from sealenv.bootstrap.releases import PinnedMicromamba, Releases, parse_digests, pin_release
    from sealenv.commands.bundle import make_bundle
    from sealenv.install.unbundling import verified
    from sealenv.naming import check_name
    from sealenv.request.subject import subject
    from sealenv.store.bundle import is_bundle

    if str(output) == "-":
        raise UsageError(
            "a bundle is written into a file, not to the standard output",
            hint="name the file with -o",
        )
    found = subject(what).only(platforms)
    called = _name(found.name, what) if name is None else name
    check_name(called)  # it becomes a path below
    known = parse_digests(digests, found.file.platforms)
    checked = {p: digest for p, digest in known.items() if p in given}
    of_release = {p: digest for p, digest in known.items() if p not in given}
    if release is None:
        # Without a release, the package of the lock's channels: its digest is in their index.
        pinned = PinnedMicromamba(Releases.read().default, of_release)
    else:
        usable = [p for p in found.file.platforms if p not in given]
        pinned = pin_release(release, of_release, usable)
    path = output or Path(f"{called}.sealenv")
    with contextlib.ExitStack() as stack:
        store, engine = stack.enter_context(started())
        carried = None
        if is_bundle(Path(what)):
            carried = stack.enter_context(verified(Path(what), reporter))
        stack.enter_context(store.in_use())
        made = make_bundle(
            found, called, engine, store, path, reporter, pinned=pinned, given=given,
            checked=checked, offline=offline, force=force, carried=carried,
        )  # fmt: skip
        for note in made.notes:
            reporter.warn(note)
    return made


def _name(name: str, what: str) -> str:
    """The name of what is bundled, if an environment can be called that everywhere."""
    from sealenv.naming import check_name

    try:
        check_name(name, what)
    except UsageError as error:
        error.hint = "say with --name how the environment is to be called"
        raise
    return name


def mirror(
    what: StrPath | Sequence[StrPath],
    dest: StrPath,
    *,
    platforms: Sequence[str] = (),
    offline: bool = False,
    progress: Progress | None = None,
) -> Mirrored:
    """Add every package of environments or locks to a channel folder, and index it.

    Args:
        what: one or several environments or locks.
        dest: a folder that does not exist, an empty one, or a channel. Nothing in it is overwritten.
        platforms: only these of the locks.
        offline: what is in the cache must do.
        progress: is told each step.

    Raises:
        UsageError: that is an address, or nothing.
        PrefixExistsError: the folder is no channel.
        ChannelError, DigestError: it cannot be added to without loss.
        FetchError: an archive cannot be had.
    """
    subjects = [named(each) for each in several(what)]
    return mirror_to(
        subjects, dest, reporter_for(progress), platforms=words(platforms), offline=offline
    )


def mirror_to(
    subjects: Sequence[str],
    dest: StrPath,
    reporter: Reporter,
    *,
    platforms: Sequence[str],
    offline: bool,
) -> Mirrored:
    """Mirror what is named.

    Raises:
        SealenvError: see `mirror`.
    """
    from sealenv.commands.mirror import mirror as make
    from sealenv.request.subject import subject

    if not os.fspath(dest).strip() or is_address(dest):
        raise UsageError(
            f"{redact(os.fspath(dest))!r} is no folder: a mirror is written to one, of this machine",
            hint="name a folder, such as ./channel, and serve or copy that",
        )
    found = [subject(text).only(platforms) for text in subjects]
    place = Path(os.path.abspath(dest))
    with started() as (store, engine), store.in_use():
        done = make(found, engine, store, place, reporter, offline=offline)
        for note in done.notes:
            reporter.warn(note)
    return done
