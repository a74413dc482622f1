"""The demo channel: a real, relocatable python, reproducible archives, labelled stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour.channel import build_demo_channel
from sealenv.tour.python import inspect_interpreter
from tests.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="repackages a POSIX interpreter")

_ASK = """
import bz2, ctypes, json, lzma, sqlite3, ssl, sys, sysconfig, venv, zlib
print(json.dumps({
    "version": sys.version.split()[0],
    "prefix": sys.prefix,
    "path": [entry for entry in sys.path if entry],
    "paths": list(sysconfig.get_paths().values()),
    "config": sysconfig.get_config_var("prefix"),
}))
"""


def _run(program: Path, *arguments: str) -> str:
    """Run with an empty environment, away from every source tree."""
    done = subprocess.run(
        [str(program), *arguments], env={}, cwd="/", capture_output=True, text=True,
        stdin=subprocess.DEVNULL, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("executable", [None, Path("/usr/bin/python3")], ids=str)
def test_python_and_programs_live_in_their_new_prefix(
    executable: Path | None, machine: Machine, tmp_path: Path
) -> None:
    if executable and not executable.exists():
        pytest.skip("the distribution has no Python")
    python = inspect_interpreter(executable)
    channel = build_demo_channel(tmp_path / "channel", executables=[executable])
    prefix = tmp_path / "a prefix, é"
    machine.json(
        "create", "-p", str(prefix), python.minor, "-c", channel.url, "--with", "demo-hello"
    )
    answer = json.loads(_run(prefix / "bin" / "python", "-X", "utf8", "-c", _ASK))
    assert answer["version"] == python.version == channel.python_version
    assert answer["prefix"] == answer["config"] == str(prefix)
    outside = [p for p in answer["path"] + answer["paths"] if not Path(p).is_relative_to(prefix)]
    assert outside == []
    assert str(prefix / "lib" / python.tagged / "site-packages") in answer["path"]
    assert _run(prefix / "bin" / "demo-hello").startswith("Hello from ")
    stand_in = "conda 0.0.0 (stand-in made by sealenv for demo and tests"
    assert _run(prefix / "bin" / "conda", "--version").startswith(stand_in)
    if not python.shares_system_prefix:
        needle = os.fsencode(python.prefix)
        assert [path for path in prefix.rglob("*.py") if needle in path.read_bytes()] == []


def test_two_builds_have_the_same_bytes(tmp_path: Path) -> None:
    one = build_demo_channel(tmp_path / "one")
    build_demo_channel(tmp_path / "two")
    files = [path for path in one.path.rglob("*") if path.is_file()]
    assert len(files) == len(one.archives) + 4
    for path in files:
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(one.path)).read_bytes()
