"""A folder that is a conda channel: archives added, index replaced, nothing overwritten or removed.

<root>/<subdir>/<archive>        first under another name, then renamed
<root>/<subdir>/repodata.json    afterwards: what the index names is always there
<root>/.sealenv-mirror           says that we made the folder; locked while it is written
<root>/.sealenv-indexing         there while archives or repodata.json are newer than what goes with them
<root>/.sealenv-indexed          the digests of the index files as they were made
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
from sealenv.store.channel_index import (
    check_complete,
    entry_of,
    index_digests,
    read_digests,
    read_index,
    says_the_same,
)
from sealenv.system.deleting import delete
from sealenv.system.filelock import FileLock
from sealenv.system.files import write_atomic
from sealenv.system.hashing import hash_file
from sealenv.system.temporary import PART, blame, final_path, temporary_path

__all__ = ["ChannelFolder", "check_place"]


_MARKER = ".sealenv-mirror"
_INDEXING = ".sealenv-indexing"
_INDEXED = ".sealenv-indexed"
SCRATCH = ".tmp"
"""Where py-rattler writes while it indexes; what a stopped run of ours left is deleted."""
_PIECE = 1 << 20


class ChannelFolder:
    """The folder; `check` refuses before anything is written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stopped = False

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and hold it against another mirror.

        Raises:
            PrefixExistsError: there is something that is not a channel.
        """
        self.check_place()
        self.root.mkdir(parents=True, exist_ok=True)
        with FileLock(self.root / _MARKER).waiting():
            for path in self.root.glob("*/.*.part"):  # what a killed run left
                of = final_path(path.name, PART) or ""
                if of.endswith((".conda", ".tar.bz2")) and not is_link(path):
                    path.unlink(missing_ok=True)
            self._stopped = (self.root / _INDEXING).exists()
            left = self.root / SCRATCH
            if self._stopped and left.is_dir() and not is_link(left):
                delete(left)
            yield

    def check_place(self) -> None:
        """Whether it is absent, empty, ours, or a channel already.

        Raises:
            PrefixExistsError: it is anything else.
            ChannelError: it is a channel whose index says what indexing would lose.
        """
        check_place(self.root, _MARKER)

    def check_foreign(self, packages: list[LockedPackage]) -> None:
        """Of a channel that we never wrote to: whether indexing it would change what it has.

        Raises:
            ChannelError: it would.
        """
        if self.root.exists() and not (self.root / _MARKER).exists():
            self._check_complete(packages)

    def _check_complete(self, packages: list[LockedPackage]) -> None:
        subdirs = {path.parent.name for path in self.root.glob("*/repodata.json")}
        for subdir in sorted({"noarch", *subdirs, *(p.subdir for p in packages)}):
            wanted = {package.fn for package in packages if package.subdir == subdir}
            check_complete(self.root / subdir, wanted, stopped=self._stopped)

    def lacking(self, packages: list[LockedPackage]) -> list[LockedPackage]:
        """Those whose archives are not there.

        Raises:
            ChannelError: indexing would change what the channel has besides.
            DigestError: an archive of the same name is another one, or damaged.
            SpecError: the packages themselves contradict each other.
        """
        wanted: dict[tuple[str, str], LockedPackage] = {}
        for package in packages:
            other = wanted.setdefault((package.subdir, package.fn), package)
            if other.sha256 != package.sha256:
                raise SpecError(
                    f"two packages are called {package.subdir}/{package.fn}",
                    details=[f"{p.url} sha256 {p.sha256}" for p in (other, package)],
                    hint="a channel can hold one of them: mirror them into two",
                )
        self._check_complete(packages)
        found: list[LockedPackage] = []
        different: list[str] = []
        damaged: list[str] = []
        for package in wanted.values():
            path = self.root / package.subdir / package.fn
            if not is_link(path) and not path.exists():
                found.append(package)
            elif is_link(path) or not path.is_file() or hash_file(path)[0] != package.sha256:
                promised = self._entry(package).get("sha256") == package.sha256
                (damaged if promised else different).append(f"{path} is not {package.url}")
        if different or damaged:
            raise DigestError(
                "the channel holds other archives of the same name"
                if different
                else "archives in the channel are damaged: their own index says otherwise",
                where=str(self.root),
                details=[*different, *damaged],
                hint="nothing was written; mirror into another folder"
                if different
                else "nothing was written; delete them, and run the same command again",
            )
        return found

    def add(self, package: LockedPackage, source: Path) -> None:
        """Copy an archive, hashed on its way, under another name first.

        Raises:
            CacheDamagedError: it is not what was locked.
            OSError: as the operating system says.
        """
        (self.root / _INDEXING).touch()  # from here on there is an archive that no index names
        folder = self.root / package.subdir
        folder.mkdir(exist_ok=True)
        partial = Path(temporary_path(os.fspath(folder / package.fn), PART))
        digest = hashlib.sha256()
        try:
            with (
                blame(folder / package.fn, partial),
                source.open("rb") as read,
                partial.open("xb") as write,
            ):
                while piece := read.read(_PIECE):
                    digest.update(piece)
                    write.write(piece)
            if digest.hexdigest() != package.sha256:
                raise CacheDamagedError(
                    f"{package.fn} was damaged in the cache",
                    where=str(source),
                    hint="run the same command again: it is fetched anew",
                )
            os.replace(partial, folder / package.fn)
        finally:
            partial.unlink(missing_ok=True)

    def note(self, packages: list[LockedPackage]) -> list[str]:
        """Let repodata.json say of the packages what their own channel said.

        Returns:
            The subdirs that have to be indexed: those it touched, and those whose index files are not
            as they were made; where an earlier run was stopped before that, all.

        Raises:
            ChannelError: a repodata.json cannot be read.
            OSError: as the operating system says.
        """
        touched = []
        for subdir in sorted({"noarch", *(p.subdir for p in packages)}):
            index = read_index(self.root / subdir)
            changed = not (self.root / subdir / "repodata.json").exists()
            for package in packages:
                if package.subdir != subdir:
                    continue
                key = "packages.conda" if package.fn.endswith(".conda") else "packages"
                record = entry_of(package, (self.root / subdir / package.fn).stat().st_size)
                entries = index[key]
                if not says_the_same(entries.get(package.fn), record):
                    entries[package.fn] = record
                    changed = True
            path = self.root / subdir / "repodata.json"
            if changed:
                (self.root / _INDEXING).touch()
                path.parent.mkdir(exist_ok=True)
                write_atomic(path, json.dumps(index).encode())
                touched.append(subdir)
        there = sorted(path.parent.name for path in self.root.glob("*/repodata.json"))
        if self._stopped:
            return there
        made = read_digests(self.root / _INDEXED)
        return [
            subdir
            for subdir in there
            if subdir in touched or index_digests(self.root / subdir) != made.get(subdir)
        ]

    def _entry(self, package: LockedPackage) -> dict[str, Any]:
        index = read_index(self.root / package.subdir)
        key = "packages.conda" if package.fn.endswith(".conda") else "packages"
        found: dict[str, Any] = index[key].get(package.fn, {})
        return found

    def indexed(self) -> None:
        """All that goes with repodata.json is as new as it."""
        folders = [path.parent for path in sorted(self.root.glob("*/repodata.json"))]
        made = {folder.name: index_digests(folder) for folder in folders}
        if made != read_digests(self.root / _INDEXED):
            write_atomic(self.root / _INDEXED, json.dumps(made, indent=1).encode())
        (self.root / _INDEXING).unlink(missing_ok=True)


def check_place(root: Path, marker: str) -> None:
    """Whether a folder is absent, empty, ours, or a channel already.

    Args:
        root: the folder.
        marker: the name of the file that makes it ours.

    Raises:
        PrefixExistsError: it is anything else.
        ChannelError: it is a channel whose index says what indexing would lose.
    """
    if is_link(root) or (root.exists() and not root.is_dir()):
        raise PrefixExistsError(
            "this is not a folder", where=str(root), hint="name a folder, not a link"
        )
    known = (marker, "noarch/repodata.json")
    if root.exists() and any(root.iterdir()):
        if not any((root / name).is_file() for name in known):
            raise PrefixExistsError(
                "the folder holds something, and is not a channel",
                where=str(root),
                hint="name another one; a channel has a noarch/repodata.json",
            )
        for patched in root.glob("*/repodata_from_packages.json"):
            raise ChannelError(
                "the channel is indexed with patches of its own, which would be lost here",
                where=str(patched),
                hint="mirror into another folder, or add the archives with what indexes this one",
            )
        for folder in root.iterdir():
            if folder.is_dir() and is_link(folder):
                raise PrefixExistsError(
                    "a folder of the channel is a link: it would be written to elsewhere",
                    where=str(folder),
                    hint="mirror into another folder",
                )
            if (folder / "repodata.json").is_file():
                read_index(folder)
