"""Compiled Python files in the store: the first environment compiles them, the next ones link them.

    <root>/compiled/<python>/<package>-<key>/files.json
    <root>/compiled/<python>/<package>-<key>/lib/python3.12/site-packages/...

Both names are name-version-build. The key is a digest of the package's archive, the archive of its
Python, and how Python validates the files. Paths are those in a prefix.

The files are hard links, so an edit in an environment changes them here too. Each file is therefore
hashed before it is used. If one does not match, its package is compiled and stored again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from sealenv.locks import LockedPackage
from sealenv.store.archives import Store
from sealenv.system.hashing import sha256_of

MODE = 0o644
"""Whatever the umask of the first environment: the others have the same files."""
_INDEX = "files.json"


class CompiledFile(msgspec.Struct, frozen=True):
    """The compiled file of a source, relative to the prefix, and its sha256 (hex)."""

    pyc: str
    sha256: str


Files = dict[str, CompiledFile | None]
"""Source -> its compiled file; None: the source is not valid Python."""


class CompiledPackage:
    """The compiled files of one package, for one Python.

    Args:
        store: the package store.
        package: the package that has the sources.
        python: the package of the Python that compiles them.
        validation: how this Python finds out that a source has changed.
    """

    def __init__(
        self, store: Store, package: LockedPackage, python: LockedPackage, validation: str
    ) -> None:
        key = hashlib.sha256(f"{package.sha256} {python.sha256} {validation}".encode()).hexdigest()
        self.folder = store.compiled / python.dist / f"{package.dist}-{key[:32]}"
        self._tmp = store.tmp

    def link(self, prefix: Path, sources: Iterable[str]) -> Files:
        """Link the compiled files of some sources into a prefix.

        Returns:
            The stored ones among the sources. What is missing or changed in the store is left out.
        """
        known = self._read()
        found: Files = {}
        folders: set[str] = set()
        for source in sources:
            if source not in known:
                continue
            file = known[source]
            if file is not None:
                folder = os.path.dirname(file.pyc)
                if folder not in folders:
                    os.makedirs(prefix / folder, exist_ok=True)
                    folders.add(folder)
                target = f"{prefix}/{file.pyc}"
                if not _link_intact(f"{self.folder}/{file.pyc}", target, file.sha256):
                    continue
            found[source] = file
        return found

    def keep(self, prefix: Path, files: Mapping[str, CompiledFile | None]) -> None:
        """Replace the stored files of the package by those of a prefix, as far as the disk allows it.

        The folder appears at one instant. If another process stores the same package meanwhile, its
        folder stays.
        """
        with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=self._tmp) as scratch:
            fresh = Path(scratch, "fresh")
            fresh.mkdir()
            for file in filter(None, files.values()):
                target = fresh / file.pyc
                target.parent.mkdir(parents=True, exist_ok=True)
                _link_or_copy(f"{prefix}/{file.pyc}", str(target))
            (fresh / _INDEX).write_bytes(msgspec.json.format(msgspec.json.encode(files)))
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.rename(self.folder, Path(scratch, "old"))
            os.rename(fresh, self.folder)

    def _read(self) -> Files:
        try:
            return msgspec.json.decode((self.folder / _INDEX).read_bytes(), type=Files)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return {}


def _link_intact(stored: str, target: str, sha256: str) -> bool:
    """Link a stored file, and return whether its bytes and mode are right; if not, remove it."""
    try:
        _link_or_copy(stored, target)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        right = os.name == "nt" or stat.S_IMODE(os.lstat(target).st_mode) == MODE
        if right and sha256_of(target).hex() == sha256:
            return True
    os.unlink(target)
    return False


def _link_or_copy(source: str, target: str) -> None:
    """Link a file; copy it to another file system, or if it has too many names."""
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        shutil.copyfile(source, target)
        os.chmod(target, MODE)
