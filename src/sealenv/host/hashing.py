"""sha256 of many files, by as many processes as there are processors.

Threads are slower here: most files are small, and opening one holds the interpreter. A helper is a bare
interpreter that gets its list on stdin and ends as soon as that closes, so that it never outlives us; it
is started by spawning alone, which is safe beside threads and the same on Windows.
"""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sealenv.host.environ import engine_environ

__all__ = ["hash_file", "hash_files", "sha256_of"]

_BLOCK = 1 << 20
_COST = 20_000
"""What opening a file costs, in bytes that could be hashed meanwhile."""
_ALONE = 24_000_000
"""Below this cost a helper would take longer to start than it saves."""
_STEP = 200

_HELPER = """
import hashlib, os, sys, threading
def leave():
    sys.stdin.buffer.read()
    os._exit(3)
size = int(sys.stdin.buffer.readline())
names = sys.stdin.buffer.read(size).split(b"\\0")
threading.Thread(target=leave, daemon=True).start()
flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
def one(name):
    fd = os.open(name if os.name != "nt" else name.decode("utf-8", "surrogatepass"), flags)
    try:
        digest = hashlib.sha256()
        while piece := os.read(fd, 1 << 20):
            digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest()
out = []
for name in names:
    try:
        out.append(b"\\0\\0\\0\\0" + one(name))
    except OSError as error:
        out.append((error.errno or 5).to_bytes(4, "big") + bytes(32))
sys.stdout.buffer.write(b"".join(out))
sys.stdout.buffer.flush()
os._exit(0)
"""


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 (hex) and size in bytes of a file."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        buffer = memoryview(bytearray(min(1 << 20, os.fstat(file.fileno()).st_size + 1)))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            size += count
    return digest.hexdigest(), size


def sha256_of(path: str | bytes) -> bytes:
    """The digest of one file; a link in its place is an error, not followed (where that can be told).

    Raises:
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(path, flags)
    try:
        digest = hashlib.sha256()
        while piece := os.read(fd, _BLOCK):
            digest.update(piece)
    finally:
        os.close(fd)
    return digest.digest()


def hash_files(
    files: Sequence[tuple[str | bytes, int]],
    on_file: Callable[[int, int], None] = lambda done, total: None,
    *,
    processes: int | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    meanwhile_cost: int = 0,
) -> list[bytes | OSError]:
    """The digest of each file, or why it cannot be read; in the order given.

    Args:
        files: path and size in bytes (a wrong size costs time, nothing else).
        on_file: called now and then with files done and files in all.
        processes: how many, this one included; as many as processors without it.
        meanwhile: done here once the helpers are at work.
        meanwhile_cost: what that costs, in bytes that could be hashed instead.
    """
    count = processes or os.cpu_count() or 1
    cost = sum(size + _COST for _, size in files)
    if cost < _ALONE:
        count = 1
    shares = _deal(files, min(count, len(files)), meanwhile_cost)
    results: list[bytes | OSError] = [b""] * len(files)
    helpers = [_Helper([files[i][0] for i in share]) for share in shares[1:]]
    try:
        meanwhile()
        for done, number in enumerate(shares[0] if shares else ()):
            try:
                results[number] = sha256_of(files[number][0])
            except OSError as error:
                results[number] = error
            if done % _STEP == 0:
                on_file(done * len(files) // len(shares[0]), len(files))
        for helper, share in zip(helpers, shares[1:], strict=True):
            for number, digest in zip(share, helper.collect(), strict=True):
                results[number] = digest
    finally:
        for helper in helpers:
            helper.close()
    on_file(len(files), len(files))
    return results


def _deal(files: Sequence[tuple[str | bytes, int]], count: int, handicap: int) -> list[list[int]]:
    """Indices for each process, largest first to whoever has the least."""
    if count <= 1:
        return [list(range(len(files)))] if files else []
    loads = [handicap, *[0] * (count - 1)]
    shares: list[list[int]] = [[] for _ in range(count)]
    for number in sorted(range(len(files)), key=lambda i: -files[i][1]):
        least = loads.index(min(loads))
        shares[least].append(number)
        loads[least] += files[number][1] + _COST
    return shares


class _Helper:
    """One bare interpreter with its share; what it could not do is done here."""

    def __init__(self, paths: list[str | bytes]) -> None:
        self.paths = paths
        names = [p if isinstance(p, bytes) else _name(p) for p in paths]
        data = b"\0".join(names)
        try:
            self._process: subprocess.Popen[bytes] | None = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", _HELPER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=engine_environ(os.environ),
            )
            assert self._process.stdin is not None
            self._process.stdin.write(b"%d\n%s" % (len(data), data))
            self._process.stdin.flush()
        except OSError:
            self.close()
            self._process = None

    def collect(self) -> list[bytes | OSError]:
        """Wait for its digests."""
        data = b""
        if self._process is not None and self._process.stdout is not None:
            data = self._process.stdout.read()
        if len(data) != 36 * len(self.paths):
            return [_try(path) for path in self.paths]
        return [
            OSError(code, os.strerror(code), path) if code else digest
            for path, (code, digest) in zip(
                self.paths, struct.iter_unpack(">I32s", data), strict=True
            )
        ]

    def close(self) -> None:
        """End it, whatever it is doing."""
        process = getattr(self, "_process", None)
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream:
                try:
                    stream.close()
                except OSError:
                    continue
        process.kill()
        process.wait()


def _name(path: str) -> bytes:
    if os.name == "nt":
        return path.encode("utf-8", "surrogatepass")
    return os.fsencode(path)


def _try(path: str | bytes) -> bytes | OSError:
    try:
        return sha256_of(path)
    except OSError as error:
        return error
