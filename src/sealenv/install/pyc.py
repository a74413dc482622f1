"""Compile Python files once per machine, with the environment's own python.

py-rattler compiles nothing (conda does, CEP 34). The .pyc have a hash of their source instead of its
time, and file names relative to the prefix: the same bytes in every prefix and after a move. So those
of packages are stored, and the next environment links them. docs/explanation/pyc.md has the details.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from sealenv.errors import EngineError, from_oserror
from sealenv.layout import python_exe
from sealenv.locks import Lock
from sealenv.prefix.records import PrefixRecord
from sealenv.store.archives import Store
from sealenv.store.compiled import MODE, CompiledFile, CompiledPackage
from sealenv.system.hashing import processors, sha256_of

INVALIDATION = "checked-hash"

_STDLIB = re.compile(r"(lib/python3\.\d+|Lib)/(?!(.*/)?(site-packages|test|tests|idlelib)/).*\.py$")
_COMPILED = re.compile(r"__pycache__/([^/]+)\.[^./]+\.pyc$")
_CHUNK = 16
"""Files that a process gets at a time."""

_PROGRAM = r"""
import errno, hashlib, json, os, queue, sys, threading
import py_compile
job = json.loads(sys.stdin.buffer.readline())
chunks = queue.SimpleQueue()
def listen():
    for line in sys.stdin.buffer:
        chunks.put(json.loads(line))
    os._exit(3)
threading.Thread(target=listen, daemon=True).start()
mode = py_compile.PycInvalidationMode[job["validation"].upper().replace("-", "_")]
def write(path, data, mode=None):
    # The standard library's own accepts a short write on a full disk (gh-126606).
    global sha256
    sha256 = hashlib.sha256(data).hexdigest()
    partial = f"{path}.{os.getpid()}"
    try:
        fd = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, job["mode"])
        with open(fd, "wb") as file:
            file.write(data)
        os.chmod(partial, job["mode"])
        os.replace(partial, path)
    except OSError:
        try:
            os.unlink(partial)
        except OSError:
            pass
        raise
py_compile.importlib._bootstrap_external._write_atomic = write
out = sys.stdout
while chunk := chunks.get():
    for path in chunk:
        try:
            pyc = py_compile.compile(
                os.path.join(job["prefix"], path), dfile=path, doraise=True, invalidation_mode=mode
            )
            pyc = os.path.relpath(pyc, job["prefix"]).replace(os.sep, "/")
            line = [path, pyc, sha256, None, None]
        except OSError as error:  # py_compile raises one without a number if the .pyc is not a file
            reason = error.strerror or str(error)
            line = [path, None, None, error.errno or errno.EEXIST, reason]
        except Exception:
            line = [path, None, None, None, None]
        out.write(json.dumps(line) + "\n")
    out.flush()
os._exit(0)
"""


def compile_packages(
    prefix: Path,
    lock: Lock,
    store: Store,
    records: Sequence[PrefixRecord],
    environ: Mapping[str, str],
    on_file: Callable[[int, int], None],
    *,
    wheels: Mapping[str, str],
    since: int,
    keep_fd: int | None = None,
) -> dict[str, list[CompiledFile]]:
    """Link stored compiled files into a new prefix, and compile and store the rest.

    Args:
        prefix: the linked prefix, of a platform that runs here.
        lock: its packages, with python.
        store: has the compiled files.
        records: its package records.
        environ: a clean environment.
        on_file: called with the numbers of compiled and of all files to compile.
        wheels: the sources of wheels, with the RECORD of each. These are not stored.
        since: when linking ended, see `Known`.
        keep_fd: see `run_quietly`.

    Returns:
        The compiled files by owner: the package's name, or the wheel's RECORD.

    Raises:
        EngineError: the environment's python does not run.
        FilesystemError: a .pyc cannot be written.
    """
    packages = {package.name: package for package in lock.packages}
    owner = dict(wheels)
    stored: dict[str, CompiledPackage] = {}
    shared: dict[str, list[str]] = {}
    made: dict[str, CompiledFile | None] = {}
    for record in records:
        if sources := _sources_of(record):
            name = record.name
            owner |= dict.fromkeys(sources, name)
            shared[name] = _unchanged(prefix, record, sources, since)
            stored[name] = CompiledPackage(store, packages[name], packages["python"], INVALIDATION)
            made |= stored[name].link(prefix, shared[name])
    missing = [source for source in owner if source not in made]
    made |= compile_files(prefix, lock.platform, missing, environ, on_file, keep_fd=keep_fd)
    for name in {owner[source] for source in missing}.intersection(stored):
        if not set(shared[name]).isdisjoint(missing):
            stored[name].keep(prefix, {source: made[source] for source in shared[name]})
    compiled: dict[str, list[CompiledFile]] = {}
    for source, file in made.items():
        if file is not None:
            compiled.setdefault(owner[source], []).append(file)
    return compiled


def _sources_of(record: PrefixRecord) -> list[str]:
    """List the importable .py files that the package does not ship compiled.

    These are the files of noarch python packages, as in conda; and those of python's own library,
    because otherwise its first run would write into the sealed prefix.
    """
    known = [p.path for p in record.paths_data.paths]
    if record.name == "python":
        shipped = {_COMPILED.sub(r"\1.py", path) for path in known if path.endswith(".pyc")}
        return [p for p in known if _STDLIB.match(p) and p not in shipped]
    if record.noarch != "python":
        return []
    return [p for p in known if p.endswith(".py") and "/site-packages/" in f"/{p}"]


def _unchanged(prefix: Path, record: PrefixRecord, sources: Sequence[str], since: int) -> list[str]:
    """Select the sources with the bytes of their archive: only these are the same everywhere."""
    archived = {
        entry.path: entry.sha256
        for entry in record.paths_data.paths
        if entry.original_path is None and entry.sha256_in_prefix in {None, entry.sha256}
    }
    found = []
    for source in sources:
        sha256 = archived.get(source)
        with contextlib.suppress(OSError):
            path = f"{prefix}/{source}"
            status = os.lstat(path)
            changed = status.st_mtime_ns if os.name == "nt" else status.st_ctime_ns
            if sha256 and (changed < since or sha256_of(path).hex() == sha256):
                found.append(source)
    return found


def compile_files(
    prefix: Path,
    platform: str,
    sources: Sequence[str],
    environ: Mapping[str, str],
    on_file: Callable[[int, int], None],
    *,
    keep_fd: int | None = None,
) -> dict[str, CompiledFile | None]:
    """Compile sources with the environment's python, on all processors.

    Invalid Python (templates, tests of syntax errors) is skipped, as in conda.

    Args:
        prefix: the prefix.
        platform: its subdir, one that runs here.
        sources: relative to the prefix.
        environ: a clean environment.
        on_file: called with the numbers of compiled and of all files.
        keep_fd: see `run_quietly`.

    Returns:
        source -> the compiled file; None: it is not valid Python.

    Raises:
        EngineError: the environment's python does not run.
        FilesystemError: a .pyc cannot be written.
    """
    if not sources:
        return {}
    # Largest first and a few at a time: the processes end at about the same time.
    ordered = sorted(sources, key=lambda p: (-_size(prefix / p), p))
    chunks = [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)]
    job = {"prefix": str(prefix), "validation": INVALIDATION, "mode": MODE}
    count = min(processors(), len(chunks))
    workers = [_start(prefix, platform, environ, keep_fd) for _ in range(count)]
    todo = iter(chunks)
    done = itertools.count(1)
    lock = threading.Lock()

    def step() -> None:
        with lock:
            on_file(next(done), len(ordered))

    with ThreadPoolExecutor(count) as pool:
        try:
            results = list(pool.map(lambda worker: _talk(worker, job, todo, step), workers))
        except BaseException:
            for worker in workers:
                worker.kill()
            raise
    made: dict[str, CompiledFile | None] = {}
    for source, pyc, sha256, number, reason in itertools.chain.from_iterable(results):
        if number is not None:
            raise from_oserror(OSError(number, reason, source))
        made[source] = CompiledFile(pyc, sha256) if pyc else None
    return made


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _start(
    prefix: Path, platform: str, environ: Mapping[str, str], keep_fd: int | None
) -> subprocess.Popen[bytes]:
    """Start a python of the environment; it ends when its stdin closes."""
    return subprocess.Popen(
        [str(python_exe(prefix, platform)), "-I", "-S", "-B", "-W", "ignore", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environ),
        cwd=prefix,
        pass_fds=(keep_fd,) if keep_fd is not None and os.name == "posix" else (),
    )


def _talk(
    worker: subprocess.Popen[bytes],
    job: dict[str, Any],
    todo: Iterator[list[str]],
    step: Callable[[], None],
) -> list[Any]:
    """Send the job and chunk after chunk to a worker, and return its lines."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert worker.stderr is not None
    lines = []
    wanted = 0
    with worker.stdin, worker.stdout, worker.stderr:
        with contextlib.suppress(BrokenPipeError):  # it died; its exit code says so
            _send(worker.stdin, job)
            for chunk in todo:
                _send(worker.stdin, chunk)
                wanted += len(chunk)
                for line in itertools.islice(worker.stdout, len(chunk)):
                    lines.append(json.loads(line))
                    step()
            _send(worker.stdin, [])
        code = worker.wait()
        complaint = worker.stderr.read()
    if code != 0 or len(lines) != wanted:
        raise EngineError(
            f"the environment's python could not compile its packages (exit code {code})",
            details=complaint.decode(errors="replace").strip().splitlines()[-5:],
            hint="run the same command again, or skip this step with --no-pyc",
        )
    return lines


def _send(stream: IO[bytes], value: object) -> None:
    stream.write(json.dumps(value).encode() + b"\n")
    stream.flush()
