"""How much memory create takes at its peak, parent and engine each."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.channel import Channels
from tests.machine import SRC, Machine, tiny

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss in KiB")
_MOST_KIB = 200 * 1024
_BOOT = """
import json, re, resource, sys
sys.path.insert(0, sys.argv.pop(1))
from sealenv.__main__ import main
code = main()
# ru_maxrss of this process begins with what the process that started it had.
own = int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read()).group(1))
sizes = [own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]
sys.stderr.write("\\n" + json.dumps(sizes))
sys.exit(code)
"""


@pytest.mark.slow
def test_create_stays_below_200_mb(machine: Machine, channels: Channels) -> None:
    """Cold: fetching, reading and unpacking; the largest child is the engine."""
    args = ("create", "e", "-c", channels.main_url, "-q", *tiny("python", "pip", "demo-hello"))
    done = subprocess.run(
        [sys.executable, "-c", _BOOT, str(SRC), *args], env=machine.env, cwd=machine.root,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parent, child = json.loads(done.stderr.splitlines()[-1])
    print(f"parent {parent} KiB, engine {child} KiB")
    assert parent < _MOST_KIB
    assert child < _MOST_KIB
