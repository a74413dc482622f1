"""Windows' job objects: a process that ends when we do."""

from __future__ import annotations

import sys

__all__ = ["prepare", "tie"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _KILL_ON_JOB_CLOSE = 0x2000
    _EXTENDED_LIMITS = 9
    _SILENT_BREAKAWAY = 0x1000
    _job: list[int] = []
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.AssignProcessToJobObject.argtypes = [wintypes.HANDLE, wintypes.HANDLE]
    _kernel.SetInformationJobObject.argtypes = [
        wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD,
    ]  # fmt: skip

    class _Limits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = (
            ("per_process_time", ctypes.c_int64),
            ("per_job_time", ctypes.c_int64),
            ("flags", wintypes.DWORD),
            ("smallest_set", ctypes.c_size_t),
            ("largest_set", ctypes.c_size_t),
            ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t),
            ("priority", wintypes.DWORD),
            ("scheduling", wintypes.DWORD),
            ("io", ctypes.c_uint64 * 6),
            ("process_memory", ctypes.c_size_t),
            ("job_memory", ctypes.c_size_t),
            ("most_process_memory", ctypes.c_size_t),
            ("most_job_memory", ctypes.c_size_t),
        )

    def prepare() -> int:
        """Make the job, so that a process that is started next is in it an instant later."""
        if not _job:
            _job.append(_kernel.CreateJobObjectW(None, None))
            limits = _Limits(flags=_KILL_ON_JOB_CLOSE | _SILENT_BREAKAWAY)
            size = ctypes.sizeof(limits)
            _kernel.SetInformationJobObject(_job[0], _EXTENDED_LIMITS, ctypes.byref(limits), size)
        return _job[0]

    def tie(process: int) -> None:
        """Put a process (its handle) into our job: its last handle closes with us, and Windows ends it.

        What the process starts itself is free to live on.
        """
        _kernel.AssignProcessToJobObject(prepare(), process)

else:

    def prepare() -> int:
        """Other systems have no jobs."""
        return 0

    def tie(process: int) -> None:
        """Other systems have no jobs."""
