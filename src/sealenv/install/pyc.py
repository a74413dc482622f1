"""Byte-compile noarch python packages with the environment's own python, in parallel.

py-rattler does not compile (conda does, CEP 34). The .pyc carry a hash of their source instead of its
time, and file names relative to the prefix: the same bytes in every prefix, on every day, and right
after a move. Whether the hash is checked on import is decided in docs/explanation/pyc.md, with the
cost measured.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sealenv.errors import EngineError, from_oserror
from sealenv.layout import python_exe
from sealenv.prefix.records import PrefixRecord
from sealenv.system.files import OF_ALL
from sealenv.system.hashing import processors

__all__ = ["INVALIDATION", "compile_packages", "sources_of"]

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
try:
    # The thread has to wait while a large file is compiled; a signal ends us there too.
    import fcntl, signal
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
except (ImportError, AttributeError, OSError):
    pass
mode = py_compile.PycInvalidationMode[job["mode"].upper().replace("-", "_")]
def write(path, data, mode=0o666):
    # The standard library's own takes a short write on a full disk for a whole one (gh-126606).
    partial = f"{path}.{os.getpid()}"
    if job.get("scratch"):
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
        line = ["+", os.path.relpath(pyc, job["prefix"]).replace(os.sep, "/")]
    except OSError as error:  # py_compile raises one without a number where no file is
        line = ["!", path, error.errno or errno.EEXIST, error.strerror or str(error)]
    except Exception as error:
        line = ["-", path, type(error).__name__]
    out.write(json.dumps(line) + "\n")
    out.flush()
os._exit(0)
"""


def sources_of(record: PrefixRecord) -> list[str]:
    """Return the .py files that python could import and whose package does not ship them compiled.

    These are the files of noarch python packages, as in conda, and those of python's own library that
    it does not ship compiled: its first run would write them into the sealed prefix.
    """
    known = [p.path for p in record.paths_data.paths]
    if record.name == "python":
        shipped = {_stem(path) for path in known if path.endswith(".pyc")}
        return [p for p in known if _STDLIB.match(p) and _cached(p) not in shipped]
    if record.noarch != "python":
        return []
    return [p for p in known if p.endswith(".py") and "/site-packages/" in f"/{p}"]


def compile_packages(
    prefix: Path,
    platform: str,
    records: list[PrefixRecord],
    environ: Mapping[str, str],
    on_file: Callable[[int, int], None],
    *,
    more: Mapping[str, str] | None = None,
    keep_fd: int | None = None,
    refused: dict[str, str] | None = None,
    scratch: Path | None = None,
) -> dict[str, list[str]]:
    """Compile, and return the .pyc by owner: the package's name, or what `more` says.

    A source that is no Python (templates, tests of syntax errors) is left uncompiled, as conda does.

    Args:
        prefix: the linked prefix.
        platform: its subdir, one that runs here.
        records: its package records.
        environ: a clean environment.
        on_file: called with files done and files in all.
        more: further sources, with their owners.
        keep_fd: see `run_quietly`.
        refused: where it is noted what the file system says of a source's .pyc, instead of an error.
        scratch: a folder on the same file system for what is not whole yet; beside the .pyc without it.

    Raises:
        EngineError: the environment's python cannot be run for this.
        FilesystemError: the .pyc cannot be written.
    """
    owner = {path: r.name for r in records for path in sources_of(r)} | dict(more or {})
    if not owner:
        return {}
    # Largest first, dealt out in turn: the processes end at about the same time.
    ordered = sorted(owner, key=lambda p: (-_size(prefix / p), p))
    count = max(1, min(processors(), len(ordered)))
    pyc_owner = {_cached(p): name for p, name in owner.items()}
    compiled: dict[str, list[str]] = {}
    progress = _Counter(len(ordered), on_file)
    workers = [
        _Worker(prefix, platform, ordered[i::count], environ, keep_fd, progress, scratch)
        for i in range(count)
    ]
    try:
        for worker in workers:
            worker.wait()
    except BaseException:
        for worker in workers:
            worker.kill()
        raise
    for worker in workers:
        for error in worker.troubles:
            if refused is None or error.errno in OF_ALL:
                raise from_oserror(error)
            refused[str(error.filename)] = error.strerror or str(error)
        for pyc in worker.made:
            name = pyc_owner.get(_stem(pyc))
            if name:
                compiled.setdefault(name, []).append(pyc)
    return compiled


def _cached(source: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}"


def _stem(pyc: str) -> str:
    folder, _, name = pyc.rpartition("/")
    return f"{folder}/{name.rsplit('.', 2)[0]}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Counter:
    def __init__(self, total: int, on_file: Callable[[int, int], None]) -> None:
        self.done = 0
        self.total = total
        self.on_file = on_file
        self._lock = threading.Lock()

    def step(self) -> None:
        with self._lock:
            self.done += 1
            self.on_file(self.done, self.total)


class _Worker:
    """One python of the environment; it ends when our end of its stdin closes."""

    def __init__(
        self,
        prefix: Path,
        platform: str,
        paths: list[str],
        environ: Mapping[str, str],
        keep_fd: int | None,
        progress: _Counter,
        scratch: Path | None,
    ) -> None:
        self.made: list[str] = []
        self.troubles: list[OSError] = []
        self._expected = len(paths)
        self._seen = 0
        self._progress = progress
        self._process = subprocess.Popen(
            [str(python_exe(prefix, platform)), "-I", "-S", "-B", "-W", "ignore", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            cwd=prefix,
            pass_fds=(keep_fd,) if keep_fd is not None and os.name == "posix" else (),
        )
        job = json.dumps(
            {
                "prefix": str(prefix),
                "paths": paths,
                "mode": INVALIDATION,
                "scratch": str(scratch) if scratch else None,
            }
        )
        self._thread = threading.Thread(target=self._collect, args=(job,), daemon=True)
        self._thread.start()

    def _collect(self, job: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(job.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return
        for line in self._process.stdout:
            verdict = json.loads(line)
            self._seen += 1
            if verdict[0] == "+":
                self.made.append(verdict[1])
            elif verdict[0] == "!":
                self.troubles.append(OSError(verdict[2], verdict[3], verdict[1]))
            self._progress.step()

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        try:
            while self._thread.is_alive():
                self._thread.join(0.2)  # a plain join cannot be interrupted on Windows
            code = self._process.wait()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            complaint = self._process.stderr.read() if self._process.stderr else b""
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                if stream:
                    stream.close()
        if code != 0 or self._seen != self._expected:
            raise EngineError(
                f"the environment's python could not compile its packages (exit code {code})",
                details=complaint.decode(errors="replace").strip().splitlines()[-5:],
                hint="run the same command again, or skip this step with --no-pyc",
            )
