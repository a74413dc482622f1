"""Compile Python files once per machine, with the environment's own python.

py-rattler compiles nothing (conda does, CEP 34). The .pyc have a hash of their source instead of its
time, and file names relative to the prefix: the same bytes in every prefix and after a move. So those
of packages are stored, and the next environment links them (docs/explanation/pyc.md):

    <root>/compiled/<python>/<package>-<key>/files.json
    <root>/compiled/<python>/<package>-<key>/lib/python3.12/site-packages/...

Both names are name-version-build. The key is a digest of the archives of the package and of python.
The files are hard links, so an edit in an environment changes them here too. Each file is therefore
hashed before it is used. If one does not match, its package is compiled and stored again.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import EngineError, from_oserror
from sealenv.layout import python_exe
from sealenv.locks import Lock, LockedPackage
from sealenv.prefix.records import PrefixRecord
from sealenv.store.archives import Store
from sealenv.system.hashing import processors, sha256_of

INVALIDATION = "checked-hash"
MODE = 0o644
"""Whatever the umask of the first environment: the others have the same files."""

_STDLIB = re.compile(r"(lib/python3\.\d+|Lib)/(?!(.*/)?(site-packages|test|tests|idlelib)/).*\.py$")
_COMPILED = re.compile(r"__pycache__/([^/]+)\.[^./]+\.pyc$")
_INDEX = "files.json"

_PROGRAM = r"""
import errno, hashlib, json, os, sys, threading
import py_compile
job = json.loads(sys.stdin.buffer.readline())
def watch():
    sys.stdin.buffer.read()
    os._exit(3)
threading.Thread(target=watch, daemon=True).start()
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
for path in job["paths"]:
    try:
        pyc = py_compile.compile(
            os.path.join(job["prefix"], path), dfile=path, doraise=True, invalidation_mode=mode
        )
        pyc = os.path.relpath(pyc, job["prefix"]).replace(os.sep, "/")
        line = [path, pyc, sha256, None, None]
    except OSError as error:  # py_compile raises one without a number if the .pyc is not a file
        line = [path, None, None, error.errno or errno.EEXIST, error.strerror or str(error)]
    except Exception:
        line = [path, None, None, None, None]
    print(json.dumps(line), flush=True)
os._exit(0)
"""


class CompiledFile(msgspec.Struct, frozen=True):
    """The compiled file of a source, relative to the prefix, and its sha256 (hex)."""

    pyc: str
    sha256: str


Files = dict[str, CompiledFile | None]
"""Source -> its compiled file; None: the source is not valid Python."""


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
    stored: dict[str, Path] = {}
    shared: dict[str, list[str]] = {}
    made: Files = {}
    for record in records:
        if sources := _sources_of(record):
            name = record.name
            owner |= dict.fromkeys(sources, name)
            shared[name] = _unchanged(prefix, record, sources, since)
            stored[name] = _stored_at(store, packages[name], packages["python"])
            made |= _link(stored[name], prefix, shared[name])
    missing = [source for source in owner if source not in made]
    made |= _compile(prefix, lock.platform, missing, environ, on_file, keep_fd)
    for name in {owner[source] for source in missing}.intersection(stored):
        if not set(shared[name]).isdisjoint(missing):
            files = {source: made[source] for source in shared[name]}
            _keep(stored[name], prefix, files, store.tmp)
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


def _compile(
    prefix: Path,
    platform: str,
    sources: Sequence[str],
    environ: Mapping[str, str],
    on_file: Callable[[int, int], None],
    keep_fd: int | None,
) -> Files:
    """Compile sources on all processors, each with a python of the environment.

    Invalid Python (templates, tests of syntax errors) is skipped, as in conda.
    """
    if not sources:
        return {}
    # Largest first and in turns: the processes end at about the same time.
    ordered = sorted(sources, key=lambda path: (-_size(prefix / path), path))
    count = min(processors(), len(ordered))
    command = [str(python_exe(prefix, platform)), "-I", "-S", "-B", "-W", "ignore", "-c", _PROGRAM]
    workers = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            cwd=prefix,
            pass_fds=(keep_fd,) if keep_fd is not None and os.name == "posix" else (),
        )
        for _ in range(count)
    ]
    done = itertools.count(1)
    lock = threading.Lock()

    def step() -> None:
        with lock:
            on_file(next(done), len(ordered))

    def talk(number: int) -> list[Any]:
        paths = ordered[number::count]
        job = {"prefix": str(prefix), "validation": INVALIDATION, "mode": MODE, "paths": paths}
        return _talk(workers[number], job, step)

    with ThreadPoolExecutor(count) as pool:
        try:
            results = list(pool.map(talk, range(count)))
        except BaseException:
            for worker in workers:
                worker.kill()
            raise
    made: Files = {}
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


def _talk(
    worker: subprocess.Popen[bytes], job: Mapping[str, Any], step: Callable[[], None]
) -> list[Any]:
    """Send the job to a worker, and return its lines; it would end if its stdin closed."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    assert worker.stderr is not None
    lines = []
    with worker.stdin, worker.stdout, worker.stderr:
        with contextlib.suppress(BrokenPipeError):  # it died; its exit code says so
            worker.stdin.write(json.dumps(job).encode() + b"\n")
            worker.stdin.flush()
        for line in worker.stdout:
            lines.append(json.loads(line))
            step()
        code = worker.wait()
        complaint = worker.stderr.read()
    if code != 0:
        raise EngineError(
            f"the environment's python could not compile its packages (exit code {code})",
            details=complaint.decode(errors="replace").strip().splitlines()[-5:],
            hint="run the same command again, or skip this step with --no-pyc",
        )
    return lines


def _stored_at(store: Store, package: LockedPackage, python: LockedPackage) -> Path:
    """Return the folder of a package's compiled files in the store, for one python."""
    text = f"{package.sha256} {python.sha256} {INVALIDATION}"
    key = hashlib.sha256(text.encode()).hexdigest()
    return store.compiled / python.dist / f"{package.dist}-{key[:32]}"


def _link(stored: Path, prefix: Path, sources: Iterable[str]) -> Files:
    """Link the stored files of sources into a prefix; leave out what is missing or changed."""
    try:
        known = msgspec.json.decode((stored / _INDEX).read_bytes(), type=Files)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
    found: Files = {}
    folders: set[str] = set()
    for source in sources:
        if source not in known:
            continue
        file = known[source]
        if file is not None:
            folder = os.path.dirname(file.pyc)
            if folder not in folders:
                os.makedirs(prefix / folder, exist_ok=True)
                folders.add(folder)
            if not _link_intact(f"{stored}/{file.pyc}", f"{prefix}/{file.pyc}", file.sha256):
                continue
        found[source] = file
    return found


def _keep(stored: Path, prefix: Path, files: Files, tmp: Path) -> None:
    """Replace the stored files of a package by those of a prefix, as far as the disk allows it.

    The folder appears at one instant. If another process stores the same package meanwhile, its
    folder stays.
    """
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=tmp) as scratch:
        fresh = Path(scratch, "fresh")
        fresh.mkdir()
        for file in filter(None, files.values()):
            target = fresh / file.pyc
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(f"{prefix}/{file.pyc}", str(target))
        (fresh / _INDEX).write_bytes(msgspec.json.format(msgspec.json.encode(files)))
        stored.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.rename(stored, Path(scratch, "old"))
        os.rename(fresh, stored)


def _link_intact(stored: str, target: str, sha256: str) -> bool:
    """Link a stored file, and return whether its bytes and mode are right; if not, remove it."""
    try:
        _link_or_copy(stored, target)
    except OSError:
        return False
    with contextlib.suppress(OSError):
        right = os.name == "nt" or stat.S_IMODE(os.lstat(target).st_mode) == MODE
        if right and sha256_of(target).hex() == sha256:
            return True
    os.unlink(target)
    return False


def _link_or_copy(source: str, target: str) -> None:
    """Link a file; copy it to another file system, or if it has too many names."""
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        shutil.copyfile(source, target)
        os.chmod(target, MODE)
