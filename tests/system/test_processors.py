"""How many processors are counted: what is left to this process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sealenv.system.processors import processors
from tests.machine import SRC


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_those_that_are_left_to_us() -> None:
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{one}}})\n"
    code += "from sealenv.system.processors import processors; print(processors())"
    environ = os.environ | {"PYTHONPATH": str(SRC)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_at_least_this_one() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
