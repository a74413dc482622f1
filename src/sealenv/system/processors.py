"""How many processors this process may use."""

from __future__ import annotations

import os
import sys

__all__ = ["processors"]


def processors() -> int:
    """As `nproc` tells it: those that taskset, a container or a batch system leaves to this process.

    (`os.process_cpu_count` of Python 3.13.)
    """
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
