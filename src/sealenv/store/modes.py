"""The permission bits with which a package was unpacked, kept beside its archive.

Environments are hard links into the unpacked packages, and a link has no mode of its own: `chmod` in one
environment is `chmod` in the cache and in every other. py-rattler compares bytes alone.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from sealenv.store.manifest import Manifest
from sealenv.system.files import write_atomic

__all__ = ["has_its_modes", "note_modes"]

_NOTE = "modes"
_FORMAT = 1
_NONE = -1
"""For what is no file: the mode of a link says nothing."""


class _Note(msgspec.Struct, array_like=True):
    format: int
    modes: list[int]
    """In the order of the manifest's paths."""


def note_modes(beside: Path, manifest: Manifest, folder: Path) -> None:
    """Keep the modes of a package that was unpacked just now.

    Args:
        beside: the folder of its archive.
        manifest: what the archive holds.
        folder: the unpacked package.

    Raises:
        OSError: as the operating system says.
    """
    if os.name != "nt":
        note = _Note(_FORMAT, _modes(manifest, folder))
        write_atomic(beside / _NOTE, msgspec.msgpack.encode(note))


def has_its_modes(beside: Path, manifest: Manifest, folder: Path) -> bool:
    """Whether every file of an unpacked package has the mode that it was unpacked with.

    Always True on Windows, where files have none. False where nothing is noted: whoever unpacked it was
    stopped, or did not know of modes.
    """
    if os.name == "nt":
        return True
    try:
        note = msgspec.msgpack.decode((beside / _NOTE).read_bytes(), type=_Note)
        return note == _Note(_FORMAT, _modes(manifest, folder))
    except (OSError, msgspec.DecodeError):
        return False


def _modes(manifest: Manifest, folder: Path) -> list[int]:
    root = os.path.join(folder, "")
    lstat, is_file, bits = os.lstat, stat.S_ISREG, stat.S_IMODE
    found = []
    for entry in manifest.paths:
        mode = lstat(root + entry.path).st_mode
        found.append(bits(mode) if is_file(mode) else _NONE)
    return found
