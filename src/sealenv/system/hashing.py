"""Hash one file or many with sha256."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.system.files import open_once

if TYPE_CHECKING:
    from concurrent.futures import Future

_BLOCK = 1 << 20
_LARGE = 1 << 20
"""The smallest file in bytes that is worth a thread: hashlib and read release the interpreter."""
_WORTH = 64 << 20
"""The total size of large files that is worth threads."""
_STEP = 100
"""Files between two reports of progress."""


def hash_file(path: Path) -> tuple[str, int]:
    """Return sha256 (hex) and size in bytes of a file; a link is followed."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        buffer = memoryview(bytearray(min(_BLOCK, os.fstat(file.fileno()).st_size + 1)))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            size += count
    return digest.hexdigest(), size


def sha256_of(path: str | bytes) -> bytes:
    """Return the digest of a regular file; a link is not followed.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    fd, status = open_once(path)
    wanted = min(status.st_size, _BLOCK) + 1
    try:
        piece = os.read(fd, wanted)
        digest = hashlib.sha256(piece)
        if len(piece) == wanted:  # most files are read by now
            while piece := os.read(fd, _BLOCK):
                digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest()


def hash_files(
    paths: Sequence[str | bytes],
    sizes: Sequence[int],
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[bytes | OSError]:
    """Hash files one after the other, large ones by threads if that is worth it.

    Threads do not help with small files: opening one holds the interpreter. Processes are not worth
    their start (docs/explanation/performance.md), and their semaphores are files in /dev/shm.

    Args:
        paths: of the files.
        sizes: their sizes in bytes; a wrong one only costs time.
        on_file: called regularly with the files done and the total.

    Yields:
        the digest of each file, in order, or the error.
    """
    large = [path for path, size in zip(paths, sizes, strict=True) if size >= _LARGE]
    if sum(size for size in sizes if size >= _LARGE) < _WORTH:
        large = []
    with _hashing(large) as started:
        for number, path in enumerate(paths):
            if number % _STEP == 0:
                on_file(number, len(paths))
            yield started[path].result() if path in started else _hash(path)
    on_file(len(paths), len(paths))


@contextlib.contextmanager
def _hashing(
    paths: Sequence[str | bytes],
) -> Iterator[dict[str | bytes, Future[bytes | OSError]]]:
    """Hash these files in threads; cancel the rest at the end."""
    if not paths:
        yield {}
        return
    from concurrent.futures import ThreadPoolExecutor  # seldom used

    pool = ThreadPoolExecutor(processors())
    try:
        yield {path: pool.submit(_hash, path) for path in paths}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _hash(path: str | bytes) -> bytes | OSError:
    try:
        return sha256_of(path)
    except OSError as error:
        return error


def processors() -> int:
    """Return how many processors this process may use (`os.process_cpu_count` of Python 3.13)."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
