"""Gap 2: py-rattler can crash the interpreter that shuts down after it (1 to 8 % of processes)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.engine.rattler import Engine
from sealenv.errors import EngineError
from sealenv.spec.model import build_spec
from sealenv.store.archives import Store
from tests.channel import Channels
from tests.machine import SRC

_WORKER = """
import atexit, os, sys
sys.path.insert(0, sys.argv[1])
atexit.register(os.write, 2, b"shut down\\n")
from sealenv.engine.worker import main
main()
"""


def test_the_engine_never_shuts_an_interpreter_down() -> None:
    """What crashes is not run: neither after an End nor when stdin closes."""
    for request in (b'{"type": "end"}\n', b""):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER, str(SRC)],
            input=request,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert b"shut down" not in done.stderr
    plain = _WORKER.replace("main()\n", "")
    done = subprocess.run([sys.executable, "-c", plain, str(SRC)], capture_output=True, check=False)
    assert b"shut down" in done.stderr


def test_twenty_engines_end_well(tmp_path: Path, channels: Channels) -> None:
    spec = build_spec(
        python=None, with_packages=["prio"], without=["python", "conda", "mamba", "pip"],
        channels=[channels.main_url],
    )  # fmt: skip
    store = Store(tmp_path / "cache")
    store.prepare()
    engines = [Engine(store) for _ in range(20)]
    try:
        for engine in engines:
            assert [p.name for p in engine.solve(spec, offline=False).lock.packages] == ["prio"]
    finally:
        for engine in engines:
            engine.close()
    assert [engine._process.returncode for engine in engines] == [0] * 20


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_told_with_what_to_do(tmp_path: Path) -> None:
    engine = Engine(Store(tmp_path / "cache"))
    os.kill(engine._process.pid, signal.SIGSEGV)
    with pytest.raises(EngineError, match="SIGSEGV") as caught:
        engine.join(tmp_path)
    engine.close()
    assert caught.value.hint
