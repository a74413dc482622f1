"""What is read in a prefix: a file's sha256 and mode, what it holds, a folder. And a helper's program.

A bare interpreter runs this file (`readers`), so that it imports nothing of ours; we call the same
functions. A job comes on stdin as a `packed` (number, verb, argument, root, names); answers go to stdout
as (number, results in their order), some at a time; a number as a result is an errno. A job without
a verb ends the one of that number. The helper ends when stdin closes, at once: it never outlives who
asked.
"""

from __future__ import annotations

import errno
import hashlib
import marshal
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

__all__ = [
    "VERBS",
    "Listed",
    "Wanted",
    "is_blank",
    "lister",
    "main",
    "native",
    "packed",
    "searcher",
    "sha256_of",
    "unpacked",
]

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_BLOCK = 1 << 20
_WINDOW = 1 << 22
_BLANK = bytes(1 << 12)


def sha256_of(path: str | bytes) -> tuple[bytes, int]:
    """Digest and mode of a regular file; a link in its place is not followed, a FIFO not waited for.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    fd, status = _open(path)
    try:
        digest = hashlib.sha256()
        while piece := os.read(fd, _BLOCK):
            digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest(), status.st_mode & 0o7777


Wanted = tuple[bool, list[bytes], list[bytes], int]
"""What is searched for: whether ASCII letters count in either case (then what follows is in lower case);
texts; regular expressions; and how many bytes the longest match of these takes."""


def searcher(wanted: Wanted) -> Callable[[str | bytes], bytes]:
    """A function that tells which of these a regular file holds: a byte 0 or 1 for each, texts first.

    Empty where it holds none. A file of any size takes a few MB of memory. The function raises OSError:
    the file cannot be read, or is none.
    """
    fold, texts, patterns, longest = wanted
    searches: list[Callable[[bytes], Any]] = []
    if patterns:
        import re

        searches = [re.compile(pattern).search for pattern in patterns]
    overlap = max([longest, *map(len, texts), 1]) - 1
    count = len(texts) + len(searches)

    def look(data: bytes, held: bytearray) -> bytearray:
        if is_blank(data):
            return held
        data = data.lower() if fold else data
        for number, text in enumerate(texts):
            if text in data:
                held = held or bytearray(count)
                held[number] = 1
        for number, find in enumerate(searches, len(texts)):
            if find(data):
                held = held or bytearray(count)
                held[number] = 1
        return held

    def search(path: str | bytes) -> bytes:
        fd, status = _open(path)
        size = status.st_size
        try:
            data = os.read(fd, min(size, _WINDOW) + 1)
            held = look(data, bytearray())
            if len(data) > size or size > _WINDOW:  # there is more
                while more := os.read(fd, _WINDOW):
                    data = data[len(data) - min(overlap, len(data)) :] + more
                    held = look(data, held)
        finally:
            os.close(fd)
        return bytes(held)

    return search


Listed = tuple[bytes, int, int, int, int, int, bytes]
"""An entry of a folder: its name, mode, size, times of its bytes and of its inode in nanoseconds, its
inode; the text of a link."""


def lister(sizes: bool) -> Callable[[str | bytes], list[Listed]]:
    """A function that tells what lies in a folder, links not followed (POSIX).

    The function raises OSError: something of it cannot be looked at.

    Args:
        sizes: regular files are asked too; without it all numbers of one are 0, but for its kind.
    """

    def list_of(folder: str | bytes) -> list[Listed]:
        found: list[Listed] = []
        with os.scandir(os.fsencode(folder)) as entries:
            for entry in entries:
                if not sizes and entry.is_file(follow_symlinks=False):
                    found.append((entry.name, stat.S_IFREG, 0, 0, 0, 0, b""))
                    continue
                status = entry.stat(follow_symlinks=False)
                text = os.readlink(entry.path) if stat.S_ISLNK(status.st_mode) else b""
                found.append((
                    entry.name, status.st_mode, status.st_size, status.st_mtime_ns,
                    status.st_ctime_ns, status.st_ino, text,
                ))  # fmt: skip
        return found

    return list_of


def is_blank(data: bytes) -> bool:
    """Whether it is a long run of NULs, in which `find` is slow if NULs are in what it looks for."""
    return data.startswith(_BLANK) and data == bytes(len(data))


def _open(path: str | bytes) -> tuple[int, os.stat_result]:
    """A descriptor of a regular file, and what it tells of it."""
    fd = os.open(path, _FLAGS)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
    except BaseException:
        os.close(fd)
        raise
    return fd, status


VERBS: dict[str, Callable[[Any], Callable[[str | bytes], Any]]] = {
    "sha256": lambda _: sha256_of,
    "search": searcher,
    "list": lister,
}
"""What is done with a file or folder, for an argument."""
_OFTEN = 0.001
"""Answers are held back for so many seconds at most, while another is worked on."""


def native(root: str, name: str) -> str | bytes:
    """A path as the operating system takes it.

    Args:
        root: a folder with the separator after it, or nothing.
        name: below it, with `/`; bytes that are no UTF-8 as surrogates, whatever the locale.
    """
    if os.name == "nt":
        return root + name.replace("/", os.sep)
    return (root + name).encode("utf-8", "surrogateescape")


def packed(message: Any) -> bytes:
    """A message as it goes through a pipe: its length, and marshal's bytes.

    marshal reads from a stream bit by bit, each by a call: that takes longer than what we do with it.
    """
    data = marshal.dumps(message)
    return len(data).to_bytes(_HEAD, "little") + data


def unpacked(stream: IO[bytes]) -> Any:
    """The next message.

    Raises:
        EOFError: there is none.
        ValueError, TypeError: it is none.
    """
    size = int.from_bytes(_exactly(stream, _HEAD), "little")
    return marshal.loads(_exactly(stream, size))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


_HEAD = 8


def main() -> None:
    """A helper's whole life."""
    import gc
    import queue
    import threading
    import time

    jobs: queue.SimpleQueue[tuple[int, str, Any, str, list[str]]] = queue.SimpleQueue()
    ended = set()
    gc.disable()  # many small objects, none of them in a cycle

    def receive() -> None:
        try:
            while True:
                job = unpacked(sys.stdin.buffer)
                if job[1]:
                    jobs.put(job)
                else:
                    ended.add(job[0])
        except (EOFError, ValueError, TypeError):
            os._exit(3)

    def tell(number: int, results: list[Any]) -> None:
        sys.stdout.buffer.write(packed((number, results)))
        sys.stdout.buffer.flush()

    threading.Thread(target=receive, daemon=True).start()
    while True:
        number, verb, argument, root, names = jobs.get()
        work, results = VERBS[verb](argument), []
        told = time.monotonic()
        for name in names:
            if number in ended:
                break
            try:
                results.append(work(native(root, name)))
            except OSError as error:
                results.append(error.errno or errno.EIO)
            if time.monotonic() - told > _OFTEN:
                tell(number, results)
                results, told = [], time.monotonic()
        tell(number, results)


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyboardInterrupt):
        os._exit(3)
