"""What is read in a prefix: a file's sha256 and mode, what it holds, a folder. And a helper's program.

A bare interpreter runs this file (`bare`), so that it imports nothing of ours; we call the same
functions. A job comes on stdin as a `packed` (number, verb, argument, root, names, expected), the names
with a NUL between two; it may name a `Part` of a file instead, in which these or those are. Answers go
to stdout as (number, results in order), some at a time; a number as a result is an errno, and None says
that it is what was expected (`answers`). A later job is done first. HURRY as a verb asks for answers at
once, END for no more of them, of the job of that number. The helper ends when stdin closes, at once: it
never outlives who asked.
"""

from __future__ import annotations

import errno
import hashlib
import marshal
import os
import stat
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO, Any

__all__ = [
    "END",
    "HURRY",
    "STATUS",
    "VERBS",
    "Names",
    "Part",
    "Source",
    "Wanted",
    "answers",
    "identity",
    "is_blank",
    "leads_outside",
    "main",
    "modulo",
    "names_of",
    "native",
    "packed",
    "part_of",
    "searcher",
    "sha256_of",
    "status_of",
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
    wanted = min(status.st_size, _BLOCK) + 1
    try:
        piece = os.read(fd, wanted)
        digest = hashlib.sha256(piece)
        if len(piece) == wanted:  # there is more; else this was the whole of it, nearly always
            while piece := os.read(fd, _BLOCK):
                digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest(), status.st_mode & 0o7777


Wanted = tuple[bool, list[bytes]]
"""What is searched for: whether ASCII letters count in either case (then what follows is in lower case),
and texts."""


def searcher(wanted: Wanted) -> Callable[[str | bytes], bytes]:
    """A function that tells which texts a regular file holds: a byte 0 or 1 for each.

    Empty where it holds none. A file of any size takes a few MB of memory. The function raises OSError:
    the file cannot be read, or is none.
    """
    fold, texts = wanted
    overlap = max([*map(len, texts), 1]) - 1

    def look(data: bytes, held: bytearray) -> bytearray:
        if is_blank(data):
            return held
        data = data.lower() if fold else data
        for number, text in enumerate(texts):
            if text in data:
                held = held or bytearray(len(texts))
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


Names = tuple[bytes, list[tuple[bytes, int, bytes]]]
"""The names of a folder's regular files, sorted, a NUL between two; everything else in it, sorted: name,
mode, and sha256 of a link's text."""


def names_of(folder: str | bytes) -> Names:
    """What lies in a folder, links not followed; no file is asked for anything (POSIX).

    Raises:
        OSError: something of it cannot be looked at.
    """
    files: list[bytes] = []
    others: list[tuple[bytes, int, bytes]] = []
    with os.scandir(os.fsencode(folder)) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                files.append(entry.name)
                continue
            mode = entry.stat(follow_symlinks=False).st_mode
            text = stat.S_ISLNK(mode) and hashlib.sha256(os.readlink(entry.path)).digest()
            others.append((entry.name, mode, text or b""))
    return b"\0".join(sorted(files)), sorted(others)


STATUS = struct.Struct("<QQQQ")
"""A path's mode with its kind, time of the last change of its bytes in ns since 1970, inode, and size in
bytes. `modulo`: a time may be before 1970 or after 2554, and an inode of ReFS has 128 bits."""
modulo = ((1 << 64) - 1).__and__
"""A number as it is in there."""


def status_of(path: str | bytes) -> bytes:
    """What speaks for a change of a path itself, as `STATUS`; without size of a link.

    Raises:
        OSError: it is gone, or its folder cannot be read (POSIX).
    """
    now = os.lstat(path)
    mode = now.st_mode
    size = 0 if stat.S_ISLNK(mode) else now.st_size
    return STATUS.pack(mode, modulo(now.st_mtime_ns), modulo(now.st_ino), size)


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
    "names": lambda _: names_of,
    "status": lambda _: status_of,
}
"""What is done with a file or folder, for an argument."""
HURRY, END = "hurry", "end"
_OFTEN, _SELDOM = 0.001, 0.05
"""Answers are held back for so many seconds at most, while another is worked on: as long as nobody waits
for them longer, since who reads them has other work, and is kept from it."""


def native(root: str, name: str | bytes) -> str | bytes:
    """A path as the operating system takes it.

    Args:
        root: a folder with the separator after it, or nothing; bytes that are no UTF-8 as surrogates,
            whatever the locale.
        name: below it, with `/`; the same, or those bytes.
    """
    if isinstance(name, bytes):
        return root.encode("utf-8", "surrogateescape") + name
    if os.name == "nt":
        return root + name.replace("/", os.sep)
    return (root + name).encode("utf-8", "surrogateescape")


def answers(
    work: Callable[[str | bytes], Any],
    root: str,
    names: Sequence[Any],
    goal: Sequence[Any] | bytes | None,
) -> Iterator[list[Any]]:
    """What the work tells of each: None where it is what was expected, an OSError where it raises one.

    In order, some at a time: as many as take no longer than one file may take.

    Args:
        work: of `VERBS`.
        root: see `native`.
        names: likewise.
        goal: what is expected of each; bytes of one size in one piece, where the names are bytes too
            and none is followed that leads elsewhere than below the root; None: nothing.
    """
    if not isinstance(goal, bytes):
        for name, wanted in zip(names, goal or [None] * len(names)):  # noqa: B905
            yield [_asked(work, root, name, wanted)]
        return
    size = len(goal) // len(names)
    for start in range(0, len(names), _TOGETHER):
        some = names[start : start + _TOGETHER]
        wanted = goal[start * size : (start + len(some)) * size]
        if not leads_outside(b"/".join(some)) and _are_all(work, root, some, wanted):
            yield [None] * len(some)
            continue
        yield [
            OSError(errno.EINVAL, "it may lead outside", name)
            if leads_outside(name)
            else _asked(work, root, name, wanted[number * size :][:size])
            for number, name in enumerate(some)
        ]


_TOGETHER = 50
"""So many answers are compared at once, and one by one only where they are not what was expected."""


def _are_all(
    work: Callable[[str | bytes], Any],
    root: str,
    names: Sequence[str | bytes],
    wanted: bytes,
) -> bool:
    base = native(root, b"")
    try:
        return b"".join([work(base + name) for name in names]) == wanted  # type: ignore[operator]
    except OSError:
        return False


def leads_outside(paths: bytes) -> bool:
    """Whether one of these, a `/` between two, is absolute, empty, or has a name that is no name."""
    text = b"/%b/" % paths
    if os.name == "nt":
        text = text.replace(b"\\", b"/").replace(b":", b"//")
    return b"//" in text or b"/./" in text or b"/../" in text


def _asked(work: Callable[[str | bytes], Any], root: str, name: str | bytes, wanted: Any) -> Any:
    try:
        result = work(native(root, name))
    except OSError as error:
        return error
    return None if result == wanted else result


Part = tuple[bytes, tuple[int, ...], int, int]
"""Of a file: its path, its `identity`, and from which byte on how many bytes."""


Source = tuple[bytes, tuple[int, ...], int, int]
"""A file of names and of what is expected of each: its path, its `identity`, and where either begins."""


def identity(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file from one that was put in its place, or written since."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def part_of(part: Part) -> bytes:
    """These bytes.

    Raises:
        OSError: they cannot be read, or it is not that file any more.
    """
    path, known, start, size = part
    fd, status = _open(path)
    with open(fd, "rb", buffering=0) as file:
        if identity(status) != known:
            raise OSError(errno.ESTALE, "it is another file now", path)
        file.seek(start)
        return file.read(size)


def packed(message: Any) -> bytes:
    """A message as it goes through a pipe: its length, and marshal's bytes.

    marshal reads from a stream bit by bit, each by a call: that takes longer than what we do with it.
    From version 3 on it looks for what is in there twice, which takes longer still.
    """
    data = marshal.dumps(message, 2)
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
    import _thread  # `threading` and `queue` take as long to import as all the rest here
    import gc
    import time

    jobs: list[tuple[int, str, Any, str, Any, Any]] = []
    idle = _thread.allocate_lock()
    hurried, ended = set(), set()
    gc.disable()  # many small objects, none of them in a cycle

    def receive() -> None:
        try:
            while True:
                job = unpacked(sys.stdin.buffer)
                if job[1] == END:
                    ended.add(job[0])
                elif job[1] == HURRY:
                    hurried.add(job[0])
                else:
                    jobs.append(job)
                    if idle.locked():
                        idle.release()
        except (EOFError, ValueError, TypeError):
            os._exit(3)

    def tell(number: int, results: list[Any]) -> None:
        sys.stdout.buffer.write(packed((number, results)))
        sys.stdout.buffer.flush()

    def run(number: int, verb: str, argument: Any, root: str, text: Any, goal: Any) -> None:
        text, goal = (part_of(it) if isinstance(it, tuple) else it for it in (text, goal))
        names = text.split(b"\0" if isinstance(text, bytes) else "\0")
        results, told = [], time.monotonic()
        for some in answers(VERBS[verb](argument), root, names, goal):
            if number in ended:
                break
            results += [(a.errno or errno.EIO) if isinstance(a, OSError) else a for a in some]
            if time.monotonic() - told > (_OFTEN if number in hurried else _SELDOM):
                tell(number, results)
                results, told = [], time.monotonic()
            while jobs:
                run(*jobs.pop())  # who asks for a second thing needs it sooner
        tell(number, results)

    _thread.start_new_thread(receive, ())
    while True:
        idle.acquire()
        while jobs:
            run(*jobs.pop())


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyboardInterrupt):
        os._exit(3)
