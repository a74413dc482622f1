"""Put one file back: at one instant, through no link, over nothing that is somebody else's."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from sealenv.host.reader import sha256_of
from sealenv.layout import is_link
from sealenv.portability.patch import patch_bytes
from sealenv.seal.fingerprint import promised
from sealenv.seal.scene import Scene

__all__ = ["put_back", "set_mode"]

_ASIDE = "__clobbers__"


def put_back(scene: Scene, path: str, scratch: Path) -> str:
    """Replace a path by what the packages have; empty, or why it was not done.

    Args:
        scene: the prefix.
        path: relative to it.
        scratch: where its packages were linked, or its wheels installed again, on the same file system.

    Raises:
        OSError: the file system refuses.
    """
    target = scene.prefix / path
    problem = _make_way(scene.prefix, target)
    if problem:
        return problem
    then = scene.as_sealed(path)
    mode = then.mode if then is not None and then.mode and os.name != "nt" else None
    for candidate in _candidates(scene, scratch, path):
        if _patch(scene, path, candidate) or _fits(scene, path, candidate):
            _place(candidate, target, mode)
            return ""
    if path in scene.claims:
        return "the package has other bytes now: a link script changed it after linking"
    return (
        "the wheel gives other bytes now, as launchers do on Windows, which hold the time they were "
        "made at: install it again with pip, then: sealenv seal ENV"
    )


def set_mode(scene: Scene, path: str) -> str:
    """Give a file the mode that it was sealed with; empty, or why not."""
    then = scene.as_sealed(path)
    target = scene.prefix / path
    if then is None or is_link(target):
        return "it is not what was sealed"
    # A hard link shares its mode with the cache, so that this mends the other environments too.
    target.chmod(then.mode)
    return ""


def _candidates(scene: Scene, scratch: Path, path: str) -> Iterator[Path]:
    """Where linking may have put the file: in its place, or aside for another package's."""
    # What was kept aside of a package is in its place when that is linked alone.
    lost = [c.entry.original_path for c in scene.claims.get(path, ()) if c.entry.original_path]
    names = [path, *lost]
    places = [scratch / name for name in names]
    if (scratch / _ASIDE).is_dir():
        aside = sorted((scratch / _ASIDE).iterdir())
        places += [folder / name for folder in aside for name in names]
    return (place for place in places if os.path.lexists(place) and not place.is_dir())


def _fits(scene: Scene, path: str, candidate: Path) -> bool:
    """Whether this is the file that was sealed, or that a record promises."""
    if is_link(candidate):
        digest = hashlib.sha256(os.fsencode(os.readlink(candidate))).digest()
    else:
        digest, _ = sha256_of(os.fspath(candidate))
    then = scene.as_sealed(path)
    if then is not None:
        return then.digest == digest
    promises = [promised(claim.entry) for claim in scene.claims.get(path, ())]
    if path in scene.of_distributions:
        recorded = scene.of_distributions[path][1].sha256
        promises.append(recorded.hex() if recorded else None)
    return is_link(candidate) or None in promises or digest.hex() in promises


def _patch(scene: Scene, path: str, candidate: Path) -> bool:
    """Make a file of a Windows prefix relative again, if that is what it was made."""
    notes = scene.seal.patched if scene.seal else []
    note = next((n for n in notes if n.path == path), None)
    if note is None or is_link(candidate):
        return False
    content = patch_bytes(path, candidate.read_bytes(), scene.prefix)
    if hashlib.sha256(content).hexdigest() != note.after:
        return False
    mode = stat.S_IMODE(candidate.stat().st_mode)
    candidate.unlink()  # it may be a hard link into the cache
    candidate.write_bytes(content)
    candidate.chmod(mode)
    return True


def _place(candidate: Path, target: Path, mode: int | None) -> None:
    status = candidate.lstat()
    if mode is not None and stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) != mode:
        if status.st_nlink > 1:
            own = candidate.with_name(f".{candidate.name}.own")
            shutil.copy2(candidate, own)
            os.replace(own, candidate)
        candidate.chmod(mode)
    os.replace(candidate, target)


def _make_way(prefix: Path, target: Path) -> str:
    """Make the folders of a file; empty, or what is in the way."""
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        folder = prefix / parent
        if is_link(folder):
            return f"{parent} is a link: nothing is written through it; take it away first"
        if not folder.exists():
            folder.mkdir()
        elif not folder.is_dir():
            return f"{parent} is no folder; take it away first"
    if target.is_dir() and not is_link(target):
        try:
            target.rmdir()
        except OSError:
            return "there is a folder with something in it; take it away first"
    return ""
