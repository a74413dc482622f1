"""Compile Python files with the environment's own python, in parallel.

py-rattler compiles nothing (conda does, CEP 34). The .pyc have a hash of their source instead of its
time, and file names relative to the prefix: the same bytes in every prefix and after a move.
docs/explanation/pyc.md compares the ways to validate them.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sealenv.errors import EngineError, from_oserror
from sealenv.layout import python_exe
from sealenv.prefix.records import PrefixRecord
from sealenv.system.files import OF_ALL
from sealenv.system.hashing import processors

__all__ = ["INVALIDATION", "compile_packages"]

INVALIDATION = "checked-hash"

_STDLIB = re.compile(r"(lib/python3\.\d+|Lib)/(?!(.*/)?(site-packages|test|tests|idlelib)/).*\.py$")

_PROGRAM = r"""
import errno, json, os, sys, threading
import py_compile
job = json.loads(sys.stdin.buffer.readline())
def leave():
    sys.stdin.buffer.read()
    os._exit(3)
threading.Thread(target=leave, daemon=True).start()
mode = py_compile.PycInvalidationMode[job["mode"].upper().replace("-", "_")]
def write(path, data, mode=0o666):
    # The standard library's own accepts a short write on a full disk (gh-126606).
    partial = f"{path}.{os.getpid()}"
    if job["scratch"]:
        partial = os.path.join(job["scratch"], str(os.getpid()))
    try:
        fd = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode & 0o666)
        with open(fd, "wb") as file:
            file.write(data)
        os.replace(partial, path)
    except OSError:
        try:
            os.unlink(partial)
        except OSError:
            pass
        raise
py_compile.importlib._bootstrap_external._write_atomic = write
out = sys.stdout
for path in job["paths"]:
    try:
        pyc = py_compile.compile(
            os.path.join(job["prefix"], path), dfile=path, doraise=True, invalidation_mode=mode
        )
        line = [path, os.path.relpath(pyc, job["prefix"]).replace(os.sep, "/"), None, None]
    except OSError as error:  # py_compile raises one without a number if the .pyc is not a file
        line = [path, None, error.errno or errno.EEXIST, error.strerror or str(error)]
    except Exception:
        line = [path, None, None, None]
    out.write(json.dumps(line) + "\n")
    out.flush()
os._exit(0)
"""


def compile_packages(
    prefix: Path,
    platform: str,
    records: Sequence[PrefixRecord],
    environ: Mapping[str, str],
    on_file: Callable[[int, int], None],
    *,
    more: Mapping[str, str] | None = None,
    keep_fd: int | None = None,
    refused: dict[str, str] | None = None,
    scratch: Path | None = None,
) -> dict[str, list[str]]:
    """Compile, and return the .pyc by owner: the package's name, or the value in `more`.

    Invalid Python (templates, tests of syntax errors) is skipped, as in conda.

    Args:
        prefix: the linked prefix.
        platform: its subdir, one that runs here.
        records: its package records.
        environ: a clean environment.
        on_file: called with the numbers of compiled and of all files.
        more: further sources, with their owners.
        keep_fd: see `run_quietly`.
        refused: receives source -> reason if a .pyc cannot be written, instead of an error.
        scratch: a folder on the same file system for partial files; by default beside the .pyc.

    Raises:
        EngineError: the environment's python does not run.
        FilesystemError: a .pyc cannot be written.
    """
    owner = {path: r.name for r in records for path in _sources_of(r)} | dict(more or {})
    if not owner:
        return {}
    # Deal out the files in turn, largest first: the processes end at about the same time.
    ordered = sorted(owner, key=lambda p: (-_size(prefix / p), p))
    count = min(processors(), len(ordered))
    job = {"prefix": str(prefix), "mode": INVALIDATION, "scratch": scratch and str(scratch)}
    jobs = [{**job, "paths": ordered[number::count]} for number in range(count)]
    workers = [_start(prefix, platform, environ, keep_fd) for _ in jobs]
    done = itertools.count(1)
    lock = threading.Lock()

    def step() -> None:
        with lock:
            on_file(next(done), len(ordered))

    with ThreadPoolExecutor(count) as pool:
        try:
            results = list(pool.map(_talk, workers, jobs, [step] * count))
        except BaseException:
            for worker in workers:
                worker.kill()
            raise
    compiled: dict[str, list[str]] = {}
    for source, pyc, number, reason in (line for lines in results for line in lines):
        if pyc is not None:
            compiled.setdefault(owner[source], []).append(pyc)
        elif number is not None:
            if refused is None or number in OF_ALL:
                raise from_oserror(OSError(number, reason, source))
            refused[source] = reason
    return compiled


def _sources_of(record: PrefixRecord) -> list[str]:
    """List the importable .py files that the package does not ship compiled.

    These are the files of noarch python packages, as in conda; and python's own if it ships none
    compiled, because otherwise its first run would write into the sealed prefix.
    """
    known = [p.path for p in record.paths_data.paths]
    if record.name == "python":
        if any(path.endswith(".pyc") for path in known):
            return []
        return [p for p in known if _STDLIB.match(p)]
    if record.noarch != "python":
        return []
    return [p for p in known if p.endswith(".py") and "/site-packages/" in f"/{p}"]


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
    worker: subprocess.Popen[bytes], job: dict[str, Any], step: Callable[[], None]
) -> list[Any]:
    """Send a job to a worker, and return its lines."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert worker.stderr is not None
    lines = []
    try:
        with contextlib.suppress(OSError):  # it died; its exit code says so
            worker.stdin.write(json.dumps(job).encode() + b"\n")
            worker.stdin.flush()
        for line in worker.stdout:
            lines.append(json.loads(line))
            step()
        code = worker.wait()
        complaint = worker.stderr.read()
    finally:
        for stream in (worker.stdin, worker.stdout, worker.stderr):
            with contextlib.suppress(OSError):
                stream.close()
    if code != 0 or len(lines) != len(job["paths"]):
        raise EngineError(
            f"the environment's python could not compile its packages (exit code {code})",
            details=complaint.decode(errors="replace").strip().splitlines()[-5:],
            hint="run the same command again, or skip this step with --no-pyc",
        )
    return lines
