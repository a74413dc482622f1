"""A channel folder that sealenv made. Archives are added; nothing in it is overwritten or removed.

<root>/<subdir>/<archive>        written under another name, then renamed
<root>/<subdir>/repodata.json    written after its archives, so that it never names a missing one
<root>/.sealenv-mirror           the marker of a folder that sealenv made; locked while writing
<root>/.sealenv-indexing         present while an index file may be out of date
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sealenv.errors import (
    CacheDamagedError,
    ChannelError,
    DigestError,
    PrefixExistsError,
    SpecError,
)
from sealenv.layout import is_link
from sealenv.locks import LockedPackage
from sealenv.system.deleting import delete
from sealenv.system.filelock import FileLock
from sealenv.system.files import PART, blame, final_path, temporary_path, write_atomic
from sealenv.system.hashing import hash_file

__all__ = ["SCRATCH", "ChannelFolder"]

SCRATCH = ".tmp"
"""The folder of py-rattler's temporary files; what an interrupted run left is deleted."""
_MARKER = ".sealenv-mirror"
_INDEXING = ".sealenv-indexing"
_PIECE = 1 << 20
_ENDS = (".conda", ".tar.bz2")
_KEYS = frozenset({
    "app_cli_opts", "app_entry", "app_own_environment", "app_type", "arch", "build", "build_number",
    "constrains", "depends", "extra_depends", "features", "indexed_timestamp", "legacy_bz2_md5",
    "legacy_bz2_size", "license", "license_family", "md5", "name", "noarch", "platform", "purls",
    "python_site_packages_path", "run_exports", "sha256", "size", "subdir", "timestamp",
    "track_features", "type", "version",
})  # fmt: skip
"""The keys of a record in repodata (CEP 36)."""
_SOLVED = ("name", "version", "build", "build_number", "sha256", "depends", "constrains",
           "track_features", "timestamp")  # fmt: skip
"""The keys that a solve depends on; indexing may write the others differently."""


class ChannelFolder:
    """The folder of a channel."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._interrupted = False

    def check(self) -> None:
        """Check that the folder is absent, empty, or a channel that sealenv made.

        Raises:
            PrefixExistsError: it is something else.
        """
        if is_link(self.root) or (self.root.exists() and not self.root.is_dir()):
            raise PrefixExistsError(
                "this is not a folder", where=str(self.root), hint="name a folder, not a link"
            )
        if not self.root.exists() or not any(self.root.iterdir()):
            return
        if not (self.root / _MARKER).is_file():
            raise PrefixExistsError(
                "the folder is not empty, and `sealenv mirror` did not make it",
                where=str(self.root),
                hint="mirror into another folder",
            )
        if links := [folder for folder in self.root.iterdir() if is_link(folder)]:
            raise PrefixExistsError(
                "a folder of the channel is a link to another place",
                where=str(links[0]),
                hint="mirror into another folder",
            )

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and lock it against another mirror."""
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / _MARKER).waiting():
            for path in self.root.glob("*/.*.part"):  # of a killed run
                of = final_path(path.name, PART) or ""
                if of.endswith(_ENDS) and not is_link(path):
                    path.unlink(missing_ok=True)
            self._interrupted = (self.root / _INDEXING).exists()
            left = self.root / SCRATCH
            if self._interrupted and left.is_dir() and not is_link(left):
                delete(left)
            yield

    def lacking(self, packages: list[LockedPackage]) -> list[LockedPackage]:
        """Return the packages whose archives are missing.

        Raises:
            ChannelError: a repodata.json cannot be read.
            DigestError: another archive has the same name, or one is damaged.
            SpecError: two of the packages have the same name.
        """
        wanted: dict[tuple[str, str], LockedPackage] = {}
        for package in packages:
            other = wanted.setdefault((package.subdir, package.fn), package)
            if other.sha256 != package.sha256:
                raise SpecError(
                    f"two packages are called {package.subdir}/{package.fn}",
                    details=[f"{p.url} sha256 {p.sha256}" for p in (other, package)],
                    hint="a channel can contain one of them: mirror them into two",
                )
        for subdir in {package.subdir for package in packages}:
            _read_index(self.root / subdir)
        found: list[LockedPackage] = []
        wrong: list[str] = []
        for package in wanted.values():
            path = self.root / package.subdir / package.fn
            if not is_link(path) and not path.exists():
                found.append(package)
            elif is_link(path) or not path.is_file() or hash_file(path)[0] != package.sha256:
                wrong.append(f"{path} is not {package.url}")
        if wrong:
            raise DigestError(
                "the channel has other archives of the same name, or they are damaged",
                where=str(self.root),
                details=wrong,
                hint="nothing was written; mirror into another folder, or delete damaged archives",
            )
        return found

    def add(self, package: LockedPackage, source: Path) -> None:
        """Copy an archive, and verify it.

        Raises:
            CacheDamagedError: it is not what was locked.
            OSError: as the operating system says.
        """
        (self.root / _INDEXING).touch()  # no index names the archive yet
        target = self.root / package.subdir / package.fn
        target.parent.mkdir(exist_ok=True)
        partial = Path(temporary_path(os.fspath(target), PART))
        digest = hashlib.sha256()
        try:
            with blame(target, partial), source.open("rb") as read, partial.open("xb") as write:
                while piece := read.read(_PIECE):
                    digest.update(piece)
                    write.write(piece)
            if digest.hexdigest() != package.sha256:
                raise CacheDamagedError(
                    f"{package.fn} was damaged in the cache",
                    where=str(source),
                    hint="run the same command again: it downloads the file again",
                )
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def note(self, packages: list[LockedPackage]) -> list[str]:
        """Write the records of the packages to repodata.json, as in their own channel.

        Returns:
            The subdirs to index: the changed ones, or all after an interrupted run.

        Raises:
            ChannelError: a repodata.json cannot be read.
            OSError: as the operating system says.
        """
        changed = []
        for subdir in sorted({"noarch", *(p.subdir for p in packages)}):
            path = self.root / subdir / "repodata.json"
            index = _read_index(path.parent)
            before = json.dumps(index)
            for package in packages:
                if package.subdir == subdir:
                    group = "packages.conda" if package.fn.endswith(".conda") else "packages"
                    record = _record(package, (path.parent / package.fn).stat().st_size)
                    if not _solves_the_same(index[group].get(package.fn), record):
                        index[group][package.fn] = record
            after = json.dumps(index)
            if after != before or not path.exists():
                (self.root / _INDEXING).touch()
                path.parent.mkdir(exist_ok=True)
                write_atomic(path, after.encode())
                changed.append(subdir)
        if self._interrupted:
            return sorted(path.parent.name for path in self.root.glob("*/repodata.json"))
        return changed

    def indexed(self) -> None:
        """Record that all index files are up to date."""
        (self.root / _INDEXING).unlink(missing_ok=True)


def _record(package: LockedPackage, size: int) -> dict[str, Any]:
    record = {k: v for k, v in package.record.items() if k in _KEYS and v is not None}
    return {**record, "sha256": package.sha256, "subdir": package.subdir, "size": size}


def _solves_the_same(entry: dict[str, Any] | None, record: dict[str, Any]) -> bool:
    return entry is not None and all(
        (entry.get(key) or None) == (record.get(key) or None) for key in _SOLVED
    )


def _read_index(folder: Path) -> dict[str, Any]:
    """Read the repodata.json of a subdir; return an empty one if it is missing.

    Raises:
        ChannelError: it cannot be read.
    """
    path = folder / "repodata.json"
    empty = {"info": {"subdir": folder.name}, "packages": {}, "packages.conda": {}}
    try:
        index = {**empty, **json.loads(path.read_bytes())}
        if all(isinstance(index[key], dict) for key in empty):
            return index
        why = "it is not a mapping of mappings"
    except FileNotFoundError:
        return empty
    except (OSError, ValueError, TypeError) as error:
        why = str(error)
    raise ChannelError(
        f"the index of the channel cannot be read: {why}",
        where=str(path),
        hint="mirror into another folder: no archive contains what its channel said of it",
    )
