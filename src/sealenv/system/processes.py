"""Child processes: run them quietly, end them with us, find those that run, and end at once."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn


@contextlib.contextmanager
def clean_home() -> Iterator[Path]:
    """Yield a temporary HOME for programs of packages, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="sealenv-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_quietly(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float | None = None,
    keep_fd: int | None = None,
    text_input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with captured output and nothing on stdin.

    Args:
        argv: program and arguments.
        env: its whole environment.
        cwd: its folder.
        timeout: seconds, None for no limit.
        keep_fd: a descriptor that the child inherits: a lock on it lasts as long as the child.
        text_input: what it reads on stdin.

    Raises:
        subprocess.TimeoutExpired: it was killed.
    """
    return subprocess.run(
        list(argv),
        env=dict(env),
        cwd=cwd,
        timeout=timeout,
        input=text_input,
        stdin=subprocess.DEVNULL if text_input is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=(keep_fd,) if keep_fd is not None and os.name == "posix" else (),
    )


def programs_in(folder: Path) -> list[str]:
    """List `PID COMMAND` of each process whose program is in the folder.

    Only an administrator sees the programs of other users.
    """
    import psutil  # 20 ms; only commands that remove, move or repair need it

    root = os.path.normcase(os.path.join(os.path.realpath(folder), ""))
    found = []
    for process in psutil.process_iter(["exe", "cmdline"]):
        program, command = process.info["exe"], process.info["cmdline"]
        if program and process.pid != os.getpid() and os.path.normcase(program).startswith(root):
            found.append(f"{process.pid} {' '.join(command or [program])[:80]}")
    return found


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _KILL_ON_JOB_CLOSE = 0x2000
    _SILENT_BREAKAWAY = 0x1000
    _EXTENDED_LIMITS = 9
    _job: list[int] = []
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
    _kernel.SetInformationJobObject.argtypes = [
        wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
    ]  # fmt: skip
    _kernel.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel.TerminateProcess.argtypes = [wintypes.HANDLE, wintypes.UINT]

    class _Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = (
            ("times", ctypes.c_int64 * 2),
            ("flags", wintypes.DWORD),
            ("sizes", ctypes.c_size_t * 2),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("classes", wintypes.DWORD * 2),
            ("io", ctypes.c_uint64 * 6),
            ("memory", ctypes.c_size_t * 4),
        )

    def prepare_job() -> int:
        """Create our job object, before a process is started that is put into it."""
        if not _job:
            _job.append(_kernel.CreateJobObjectW(None, None))
            limits = _Limits(flags=_KILL_ON_JOB_CLOSE | _SILENT_BREAKAWAY)
            size = ctypes.sizeof(limits)
            _kernel.SetInformationJobObject(_job[0], _EXTENDED_LIMITS, ctypes.byref(limits), size)
        return _job[0]

    def tie_to_job(process: int) -> None:
        """Put a process (its handle) into our job, so that Windows ends it when we end.

        Processes that it starts are not in the job.
        """
        _kernel.AssignProcessToJobObject(prepare_job(), process)

else:

    def prepare_job() -> int:
        """Do nothing: only Windows has job objects."""
        return 0

    def tie_to_job(process: int) -> None:
        """Do nothing: only Windows has job objects."""


def leave_now(code: int) -> NoReturn:
    """End this process at once: no handler runs, and nothing is flushed.

    A usual exit can crash while native threads (py-rattler's) run. On Windows `os._exit` is
    ExitProcess, which stops the other threads and then calls every DLL; one that waits for a lock of
    a stopped thread waits forever. TerminateProcess calls no DLL.

    Args:
        code: the exit code, 0 to 255.
    """
    if sys.platform == "win32":
        _kernel.TerminateProcess(_kernel.GetCurrentProcess(), code)
    os._exit(code)
