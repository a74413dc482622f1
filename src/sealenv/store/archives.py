"""The package store: archives verified by sha256, and the private caches beside them.

    <root>/archives/<sha256>/<file name>   verified; the folder's name is the digest of the file
    <root>/archives/<sha256>/manifest      what the archive holds, read once from verified bytes
    <root>/archives/<sha256>/modes         the permission bits with which it was unpacked
    <root>/unpacked                        py-rattler's own cache: private to it and disposable
    <root>/compiled                        compiled Python files (`sealenv.install.pyc`)
    <root>/repodata                        package lists of channels
    <root>/tmp                             partial downloads; nothing here is ever used
    <root>/locks                           one lock file per archive being fetched

conda and mamba inside the environments use another folder as `pkgs`, the view. conda accepts an archive
there if `urls.txt` names its URL; mamba if size and digest fit. sealenv adds hard links (copies, across
file systems) and lines, and never changes or removes what is theirs. Where the folder is sealenv's own,
`cache clean` removes what was added.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sealenv.errors import DigestError, FilesystemError
from sealenv.layout import PKGS, is_link
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.system.filelock import FileLock
from sealenv.system.hashing import hash_file

MANIFEST = "manifest"
MODES = "modes"
_NAME = re.compile(r"[^./\\:\0][^/\\:\0]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
Archive = LockedPackage | LockedWheel
"""What has a URL, a file name, a digest and perhaps a size."""

_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache of sealenv.\n"


FORMAT = 5
"""The version of the manifest; another one is read again from the archive."""
HEADERS = "python-headers"
"""Where the headers of a wheel are in its manifest; everything else is as in a noarch package."""
METADATA = ("info/paths.json", "info/link.json", "info/index.json")
"""The files of a package that decide what is linked where."""


class PathEntry(msgspec.Struct, array_like=True):
    """One path of a package (info/paths.json), with its link target from the archive."""

    path: str
    size: int
    placeholder: str | None = None
    mode: str | None = None
    target: str | None = None


class Manifest(msgspec.Struct):
    """Everything about an archive that create needs before it links."""

    format: int
    paths: list[PathEntry]
    entry_points: list[str]
    metadata: dict[str, str]
    """sha256 of those files in info/ that decide what is linked where."""

    identity: dict[str, str] = {}
    """What the archive calls itself: name, version; of a package of conda's build and noarch too."""

    @property
    def dist_info(self) -> str:
        """Return the name of the .dist-info folder of a wheel."""
        return self.metadata["dist-info"]

    @property
    def shortest_binary_placeholder(self) -> int | None:
        """Return the bytes that fit into the shortest NUL-padded placeholder; None without any."""
        lengths = [
            len(os.fsencode(e.placeholder))
            for e in self.paths
            if e.placeholder and e.mode == "binary"
        ]
        return min(lengths, default=None)


class Store:
    """The folder of verified archives. Cheap to make: nothing is read or written by `__init__`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.archives = root / "archives"
        self.unpacked = root / "unpacked"
        self.compiled = root / "compiled"
        self.repodata = root / "repodata"
        self.tmp = root / "tmp"
        self.locks = root / "locks"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            FilesystemError: the place is read-only or not ours to write.
        """
        try:
            for folder in (self.locks, self.archives, self.unpacked, self.repodata, self.tmp):
                folder.mkdir(parents=True, exist_ok=True)
            tag = self.root / "CACHEDIR.TAG"
            if not tag.exists():
                tag.write_text(_TAG, encoding="ascii")
        except OSError as error:
            raise FilesystemError(
                f"the package cache cannot be written: {error.strerror}",
                where=str(self.root),
                hint="set SEALENV_CACHE or CONDA_PKGS_DIRS to a folder you may write",
            ) from error

    def path(self, package: Archive) -> Path:
        """Return the path of an archive, whether it exists or not.

        Raises:
            DigestError: its name or digest would lead elsewhere.
        """
        if not _NAME.fullmatch(package.fn) or not _SHA256.fullmatch(package.sha256):
            raise DigestError(
                f"{package.fn!r} with sha256 {package.sha256!r} is not an archive",
                where=package.url,
                hint="do not use what names it: a lock, an index or a channel",
            )
        return self.archives / package.sha256 / package.fn

    def manifest(self, package: Archive) -> Manifest | None:
        """Return the contents of an archive; None if they are not known yet."""
        try:
            data = (self.archives / package.sha256 / MANIFEST).read_bytes()
            manifest = msgspec.msgpack.decode(data, type=Manifest)
        except (OSError, msgspec.DecodeError):
            return None
        return manifest if manifest.format == FORMAT else None

    def partial(self, package: Archive) -> Path:
        """Return the path of a download that is not verified yet."""
        return self.tmp / f"{package.sha256}.part"

    def has(self, package: Archive) -> bool:
        """Return whether the archive exists with the right size (its bytes were verified on arrival)."""
        try:
            size = self.path(package).stat().st_size
        except OSError:
            return False
        return package.size is None or size == package.size

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep `cache clean` away while this process works with the store."""
        self.prepare()
        with FileLock(self.locks / "store").waiting(shared=True):
            self.prepare()  # `cache clean` may have removed them meanwhile
            yield

    @contextlib.contextmanager
    def fetching(self, package: Archive) -> Iterator[None]:
        """Hold the archive's lock, waiting for another process that fetches the same."""
        with FileLock(self.locks / package.sha256).waiting():
            yield

    def unpacking(self) -> contextlib.AbstractContextManager[None]:
        """Lock `unpacked` against other processes that unpack, and wait for them."""
        return FileLock(self.locks / "unpacked").waiting()

    def accept(self, package: Archive, sha256: str, size: int) -> None:
        """Move the partial file into the store, if its digest and size are what the record promises.

        Raises:
            DigestError: they are not; the partial file is gone.
        """
        partial = self.partial(package)
        if sha256 != package.sha256 or (package.size is not None and size != package.size):
            partial.unlink(missing_ok=True)
            raise DigestError(
                f"{package.fn} is not what was promised",
                where=package.url,
                details=[
                    f"promised sha256 {package.sha256}, size {package.size}",
                    f"received sha256 {sha256}, size {size}",
                ],
                hint="nothing of it was used; try again, and if it persists tell the owner of the "
                "channel or index",
            )
        target = self.path(package)
        target.parent.mkdir(exist_ok=True)
        partial.chmod(0o644)
        os.replace(partial, target)

    def forget(self, package: Archive) -> None:
        """Remove an archive with everything that is known of it."""
        shutil.rmtree(self.path(package).parent, ignore_errors=True)

    def verify(self, package: Archive) -> bool:
        """Hash the archive again; remove a damaged one, so that it is downloaded again."""
        path = self.path(package)
        try:
            sha256, _ = hash_file(path)
        except OSError:
            return False
        if sha256 == package.sha256:
            return True
        self.forget(package)
        return False


def offer(store: Store, view: Path, lock: Lock) -> int:
    """Put the lock's archives into the view, and return how many were added."""
    view.mkdir(parents=True, exist_ok=True)
    urls = view / "urls.txt"  # conda takes a folder for a writable cache when this file is there
    added = []
    for package in lock.packages:
        target = view / package.fn
        if os.path.lexists(target):
            continue
        source = store.path(package)
        try:
            os.link(source, target)
        except FileExistsError:
            continue
        except OSError:
            partial = view / f".{package.fn}.{os.getpid()}"
            try:
                shutil.copyfile(source, partial)
                os.replace(partial, target)
            finally:
                partial.unlink(missing_ok=True)
        added.append(package.url)
    with urls.open("a+", encoding="utf-8", newline="\n") as file:
        file.seek(0)
        known = set(file.read().splitlines())  # of archives that were taken back, too
        file.write("".join(f"{url}\n" for url in added if url not in known))
    return len(added)


def take_back(store: Store, view: Path) -> None:
    """Remove the archives that `offer` put into the view; those of conda stay.

    Call it before the archives of the store are removed: a hard link to one of them is ours.
    """
    if not store.archives.is_dir():
        return
    for folder in store.archives.iterdir():
        for archive in folder.iterdir() if folder.is_dir() else ():
            offered = view / archive.name
            with contextlib.suppress(OSError):
                if not is_link(offered) and os.path.samefile(archive, offered):
                    offered.unlink()


def link_pkgs(prefix: Path, view: Path) -> bool:
    """Make `<prefix>/pkgs` a link (a junction on Windows) to the view; False if it cannot be made.

    It is conda's default cache of an environment that is its own root, and the documents' layout.
    """
    link = prefix / PKGS
    if is_link(link) or link.exists():
        return is_link(link)
    if sys.platform == "win32":
        done = subprocess.run(
            ["cmd.exe", "/d", "/c", "mklink", "/J", str(link), str(view)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0 and is_link(link)
    with contextlib.suppress(OSError):
        link.symlink_to(view, target_is_directory=True)
        return True
    return False
