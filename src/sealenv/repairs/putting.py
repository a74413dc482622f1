"""Put one file back: at one instant, through no link, over nothing that is somebody else's."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from sealenv.layout import OUTSIDE, is_link, leaves
from sealenv.portability.patch import patch_bytes
from sealenv.seals.compare import Comparison
from sealenv.seals.fingerprint import ENTRY_POINTS, promised
from sealenv.seals.snapshot import FOLDER
from sealenv.system.files import OF_ALL
from sealenv.system.hashing import sha256_of

__all__ = ["make_way", "put_back", "set_mode"]

_ASIDE = "__clobbers__"


_OnePath = Callable[..., str]


def _alone(work: _OnePath) -> _OnePath:
    """What the file system says of one path is why that one is left, and does not end the rest."""

    @functools.wraps(work)
    def told(*args: object, **options: object) -> str:
        try:
            return work(*args, **options)
        except OSError as error:
            if error.errno in OF_ALL:
                raise
            return f"the file system refuses: {error.strerror or error}"

    return told


@_alone
def put_back(comparison: Comparison, path: str, scratch: Path) -> str:
    """Replace a path by what the packages have; empty, or why it was not done.

    Nothing is changed, and no folder made, before there is a file that fits.

    Args:
        comparison: the prefix.
        path: relative to it.
        scratch: where its packages were linked, or its wheels installed again, on the same file system.

    Raises:
        OSError: the disk is full or may not be written.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    candidates = list(_candidates(comparison, scratch, path))
    for candidate in candidates:
        fits = _patch(comparison, path, candidate) or _fits(comparison, path, candidate, scratch)
        if fits or (
            _reword(comparison, path, candidate) and _fits(comparison, path, candidate, scratch)
        ):
            if problem := make_way(comparison, path):
                return problem
            then = comparison.as_sealed(path)
            mode = then.mode if then is not None and then.mode and os.name != "nt" else None
            _place(candidate, comparison.prefix / path, mode)
            return ""
    if not candidates:
        which = "package" if path in comparison.claims else "wheel"
        return f"the {which} has no such file: what names it is wrong there, or it was made later"
    if path in comparison.claims:
        return "the package has other bytes now: a link script changed it after linking"
    return (
        "the wheel gives other bytes now, as launchers do on Windows, which hold the time they were "
        "made at: install it again with pip, then: sealenv seal ENV"
    )


@_alone
def set_mode(comparison: Comparison, path: str) -> str:
    """Give a file or folder the mode that it was sealed with; empty, or why not."""
    then = comparison.as_sealed(path)
    target = comparison.prefix / path
    if problem := _forbidden(path) or _led_through(comparison.prefix, target):
        return problem
    if then is None or is_link(target):
        return "it is not what was sealed"
    # A hard link shares its mode with the cache, so that this mends the other environments too.
    target.chmod(then.mode)
    return ""


def _candidates(comparison: Comparison, scratch: Path, path: str) -> Iterator[Path]:
    """Where linking may have put the file: in its place, or aside for another package's."""
    # What was kept aside of a package is in its place when that is linked alone.
    lost = [c.entry.original_path for c in comparison.claims.get(path, ()) if c.entry.original_path]
    names = [name for name in (path, *lost) if not leaves(name)]
    places = [scratch / name for name in names]
    if (scratch / _ASIDE).is_dir():
        aside = sorted((scratch / _ASIDE).iterdir())
        places += [folder / name for folder in aside for name in names]
    return (place for place in places if os.path.lexists(place) and not place.is_dir())


def _fits(comparison: Comparison, path: str, candidate: Path, scratch: Path) -> bool:
    """Whether this is the file that was sealed, or that a record promises."""
    if is_link(candidate):
        digest = hashlib.sha256(os.fsencode(os.readlink(candidate))).digest()
    else:
        digest = sha256_of(os.fspath(candidate))
    then = comparison.as_sealed(path)
    if then is not None:
        return then.digest == digest
    promises = [promised(claim.entry) for claim in comparison.claims.get(path, ())]
    if path in comparison.of_distributions:
        recorded = comparison.of_distributions[path][1].sha256
        promises.append(recorded.hex() if recorded else None)
    if digest.hex() in promises:
        return True
    # conda records the size alone of an entry point.
    entries = [c.entry for c in comparison.claims.get(path, ()) if promised(c.entry) is None]
    sizes = {entry.size_in_bytes for entry in entries} - {None}
    if sizes and not is_link(candidate) and candidate.stat().st_size not in sizes:
        return False
    # What nobody promised may be anything, but only what the package has under this very name.
    unpromised = is_link(candidate) or None in promises
    return unpromised and candidate == scratch / path


def _patch(comparison: Comparison, path: str, candidate: Path) -> bool:
    """Make a file of a Windows prefix relative again, if that is what it was made."""
    notes = comparison.seal.patched if comparison.seal else []
    note = next((n for n in notes if n.path == path), None)
    if note is None or is_link(candidate):
        return False
    content = patch_bytes(
        path, candidate.read_bytes(), comparison.prefix, platform=comparison.platform
    )
    if hashlib.sha256(content).hexdigest() != note.after:
        return False
    _rewrite(candidate, content)
    return True


def _reword(comparison: Comparison, path: str, candidate: Path) -> bool:
    """Indent an entry point with spaces, as conda and micromamba write it; py-rattler takes a tab."""
    entries = [claim.entry for claim in comparison.claims.get(path, ())]
    if not any(entry.path_type in ENTRY_POINTS for entry in entries) or is_link(candidate):
        return False
    content = candidate.read_bytes()
    if b"\n\t" not in content:
        return False
    _rewrite(candidate, content.replace(b"\n\t", b"\n    "))
    return True


def _rewrite(candidate: Path, content: bytes) -> None:
    mode = stat.S_IMODE(candidate.stat().st_mode)
    candidate.unlink()  # it may be a hard link into the cache
    candidate.write_bytes(content)
    candidate.chmod(mode)


def _place(candidate: Path, target: Path, mode: int | None) -> None:
    status = candidate.lstat()
    if mode is not None and stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) != mode:
        if status.st_nlink > 1:
            own = candidate.with_name(f".{candidate.name}.own")
            shutil.copy2(candidate, own)
            os.replace(own, candidate)
        candidate.chmod(mode)
    os.replace(candidate, target)


def _forbidden(path: str) -> str:
    """Whatever a record, a RECORD or a table says: nothing outside, and nothing of the user's."""
    if leaves(path) or OUTSIDE & {path, path.partition("/")[0]}:
        return "it lies where no package may put files: nothing is written there"
    return ""


def _led_through(prefix: Path, target: Path) -> str:
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        if is_link(prefix / parent):
            return f"{parent} is a link: nothing is written through it; take it away first"
    return ""


def _in_the_way(comparison: Comparison, path: str) -> str:
    """Why nothing can be put there; nothing is changed."""
    prefix, target = comparison.prefix, comparison.prefix / path
    if problem := _forbidden(path) or _led_through(prefix, target):
        return problem
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        if not (prefix / parent).exists():
            break
        if not (prefix / parent).is_dir():
            return f"{parent} is not a folder; take it away first"
    if target.is_dir() and not is_link(target) and os.listdir(target):
        return "there is a folder with something in it; take it away first"
    return ""


@_alone
def make_way(comparison: Comparison, path: str, *, file: bool = False) -> str:
    """Make the folders of a file, with the modes that they had; empty, or what is in the way.

    Args:
        comparison: the prefix.
        path: relative to it.
        file: what writes there wants nothing or a file: a link, a FIFO ... goes.

    Raises:
        OSError: the disk is full or may not be written.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    prefix, target = comparison.prefix, comparison.prefix / path
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        folder = prefix / parent
        if not folder.exists():
            folder.mkdir()
            then = comparison.as_sealed(parent.as_posix())
            if then is not None and then.kind == FOLDER and os.name != "nt":
                folder.chmod(then.mode)
    if target.is_dir() and not is_link(target):
        target.rmdir()
    elif file and os.path.lexists(target) and (is_link(target) or not target.is_file()):
        target.unlink()
    return ""
