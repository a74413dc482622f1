"""The compiler is a process of the environment's python, and ends with us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.install.pyc import _PROGRAM, INVALIDATION


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends after the file at hand")
def test_it_ends_at_once_in_the_middle_of_a_large_file(tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text("VALUE = 1\n")
    (tmp_path / "large.py").write_text("VALUE = [\n" + "    (1, 'a', b'c'),\n" * 1_000_000 + "]\n")
    paths = ["small.py", "large.py"]
    job = {"prefix": str(tmp_path), "validation": INVALIDATION, "mode": 0o644, "paths": paths}
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin, child.stdout:
        child.stdin.write(json.dumps(job).encode() + b"\n")
        child.stdin.flush()
        assert json.loads(child.stdout.readline())[1] is not None
        child.stdin.close()
        assert child.wait() == 3
