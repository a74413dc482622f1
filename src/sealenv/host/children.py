"""Programs of others that end when we do, and that hold the prefix's lock while they live.

Our own engine ends when its pipe closes. A program of others does not know of us: on Linux the kernel
kills it when we die, on Windows a job object does, and elsewhere `end_all` before we leave. What a
kill leaves alive all the same (macOS, a kill of this process alone) still holds the lock on POSIX:
nobody else gets at the prefix before it has ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.host import winjob

__all__ = ["ask", "end_all", "start"]

_LAUNCH = """\
import ctypes, os, signal, sys
keeper = int(sys.argv[1])
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != keeper:
    os._exit(125)
try:
    os.execv(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.stderr.write(f"{sys.argv[2]}: {error.strerror}\\n")
    sys.stderr.flush()
os._exit(126)
"""
"""PR_SET_PDEATHSIG, in a process between: between fork and exec of ours, threads forbid it."""

_running: list[subprocess.Popen[bytes]] = []


def start(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, keep_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program with nothing on stdin; stdout and stderr come as one pipe.

    It is in a session of its own, so that Ctrl-C reaches us alone. Call this in the main thread: the
    kernel takes the end of the thread that started a child for our end.

    Args:
        argv: the program's absolute path and its arguments.
        env: its whole environment.
        cwd: its folder.
        keep_fds: descriptors that it inherits, with the locks on them (POSIX).

    Raises:
        OSError: it cannot be started (where nothing starts it for us).
    """
    words = list(argv)
    if sys.platform == "linux":
        words = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), *words]
    winjob.prepare()
    child = subprocess.Popen(
        words,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=tuple(keep_fds) if os.name == "posix" else (),
        start_new_session=os.name == "posix",
    )
    if sys.platform == "win32":
        winjob.tie(int(child._handle))  # type: ignore[attr-defined]
    _running.append(child)
    return child


def ask(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, timeout: float, most: int = 4096
) -> tuple[int | None, str]:
    """Run a program that nobody vouches for: what it says first, however much, however long it runs.

    Args:
        argv, env, cwd: as for `start`.
        timeout: seconds; then it is killed, with its children.
        most: bytes; what says more is killed too.

    Returns:
        the exit code, None if it was killed; and what it said.

    Raises:
        OSError: it cannot be started.
    """
    winjob.prepare()
    child = subprocess.Popen(  # at once, so that an OSError says why not
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=os.name == "posix",
    )
    if sys.platform == "win32":
        winjob.tie(int(child._handle))  # type: ignore[attr-defined]
    _running.append(child)
    assert child.stdout is not None
    over = threading.Event()

    def stop() -> None:
        over.set()
        _end(child)

    clock = threading.Timer(timeout, stop)
    clock.start()
    said = b""
    with child.stdout:
        while len(said) < most and (piece := child.stdout.read1(most - len(said))):  # type: ignore[attr-defined]
            said += piece
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(0.5 if len(said) >= most else timeout)
    clock.cancel()
    code = None if over.is_set() else child.poll()
    _end(child)  # and what it has started
    child.wait()
    _running.remove(child)
    return code, said.decode(errors="replace")


def end_all() -> None:
    """Kill what was started here and still runs, with its own children."""
    for child in _running:
        if child.poll() is None:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            child.kill()  # its children go with the job, when this process ends
        else:
            os.killpg(child.pid, signal.SIGKILL)
