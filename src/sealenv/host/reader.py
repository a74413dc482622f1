"""What is read of a file in a prefix: sha256 and mode. And the program of a helper that does it.

A bare interpreter runs this file (`readers`), so that it imports nothing of ours; we call the same
functions. A job comes by marshal on stdin as (number, verb, root, names); answers go to stdout as
(number, results in their order), some at a time; a number as a result is an errno. A job without a verb
ends the one of that number. The helper ends when stdin closes, at once: it never outlives who asked.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["VERBS", "main", "native", "sha256_of"]

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_BLOCK = 1 << 20


def sha256_of(path: str | bytes) -> tuple[bytes, int]:
    """Digest and mode of a regular file; a link in its place is not followed, a FIFO not waited for.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    fd = os.open(path, _FLAGS)
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file", path)
        digest = hashlib.sha256()
        while piece := os.read(fd, _BLOCK):
            digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest(), mode & 0o7777


VERBS: dict[str, Callable[[str | bytes], Any]] = {"sha256": sha256_of}
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


def main() -> None:
    """A helper's whole life."""
    import gc
    import marshal
    import queue
    import threading
    import time

    jobs: queue.SimpleQueue[tuple[int, str, str, list[str]]] = queue.SimpleQueue()
    ended = set()
    gc.disable()  # many small objects, none of them in a cycle

    def receive() -> None:
        try:
            while True:
                job = marshal.load(sys.stdin.buffer)
                if job[1]:
                    jobs.put(job)
                else:
                    ended.add(job[0])
        except (EOFError, ValueError, TypeError):
            os._exit(3)

    def tell(number: int, results: list[Any]) -> None:
        sys.stdout.buffer.write(marshal.dumps((number, results)))
        sys.stdout.buffer.flush()

    threading.Thread(target=receive, daemon=True).start()
    while True:
        number, verb, root, names = jobs.get()
        work, results = VERBS[verb], []
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
