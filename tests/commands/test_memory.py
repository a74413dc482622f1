"""How much memory create, verify, seal and repair take at their peak, parent and children each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
    measure(
        machine, "create", "e", "-c", channels.main_url, "-q", *tiny("python", "pip", "demo-hello")
    )


@pytest.mark.slow
def test_a_large_file_is_never_held(machine: Machine, channels: Channels) -> None:
    """A file of a distribution, an edited file of a package, and an untracked one."""
    prefix = Path(machine.tiny("e", channels.main_url, "prio")["prefix"])
    site = prefix / "lib/python3.12/site-packages"
    (site / "a-1.dist-info").mkdir(parents=True)
    (site / "a-1.dist-info" / "RECORD").write_text("big.bin,,\nbig.py,,\n../../../bin/big,,\n")
    (prefix / "bin").mkdir(exist_ok=True)
    for path in (site / "big.bin", prefix / "bin" / "big"):
        with path.open("wb") as file:
            file.truncate(400 << 20)
    measure(machine, "verify", "e", "-q", code=1)
    measure(machine, "seal", "e", "-y")
    measure(machine, "verify", "e", "-q")
    record = next((prefix / "conda-meta").glob("prio-*.json"))
    path = prefix / json.loads(record.read_text())["paths_data"]["paths"][0]["_path"]
    path.unlink()
    for large in (path, prefix / "own.bin"):
        with large.open("wb") as file:
            file.truncate(400 << 20)
    measure(machine, "verify", "e", "-q", code=1)
    measure(machine, "repair", "e", "-q")
    assert path.stat().st_size < 1000


def measure(machine: Machine, *args: str, code: int = 0) -> None:
    """Run it: parent and children below the limit."""
    done = subprocess.run(
        [sys.executable, "-c", _BOOT, str(SRC), *args], env=machine.env, cwd=machine.root,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    parent, child = json.loads(done.stderr.splitlines()[-1])
    print(f"{args[0]}: parent {parent} KiB, largest child {child} KiB")
    assert parent < _MOST_KIB
    assert child < _MOST_KIB
