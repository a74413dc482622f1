"""The demo channel: a real, relocatable python, reproducible archives, labelled stand-ins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour import DemoChannel, build_demo_channel
from sealenv.tour.python import Interpreter, inspect_interpreter
from tests.channel.link import link

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


def _candidates() -> dict[str, Path | None]:
    found: dict[str, Path | None] = {"running": None}
    distribution = Path("/usr/bin/python3")
    if distribution.exists():
        found["distribution"] = distribution
    return found


@pytest.fixture(scope="module", params=_candidates().items(), ids=lambda item: str(item[0]))
def demo(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DemoChannel, Interpreter]:
    executable: Path | None = request.param[1]
    folder = tmp_path_factory.mktemp("demo")
    channel = build_demo_channel(folder, executables=[executable])
    return channel, inspect_interpreter(executable)


@pytest.fixture(scope="module")
def prefix(demo: tuple[DemoChannel, Interpreter], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linked")
    target = folder / "a prefix, é"
    done = link(target, demo[0].archives, folder / "cache")
    assert done.returncode == 0, done.stderr
    return target


def _run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run with an empty environment, away from every source tree."""
    return subprocess.run(
        [str(program), *arguments],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
    )


def test_python_lives_in_its_new_prefix(
    demo: tuple[DemoChannel, Interpreter], prefix: Path
) -> None:
    done = _run(prefix / "bin" / "python", "-X", "utf8", "-c", _ASK)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["version"] == demo[1].version == demo[0].python_version
    assert answer["prefix"] == answer["config"] == str(prefix)
    outside = [p for p in answer["path"] + answer["paths"] if not Path(p).is_relative_to(prefix)]
    assert outside == []
    assert str(prefix / "lib" / demo[1].tagged / "site-packages") in answer["path"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("pip", "--version"), "pip "),
        (("demo-hello",), "Hello from "),
        (("conda", "--version"), "conda 0.0.0 (stand-in made by sealenv for demo and tests"),
        (("mamba", "--version"), "mamba 0.0.0 (stand-in made by sealenv for demo and tests"),
    ],
)
def test_programs_run_from_the_new_prefix(
    prefix: Path, command: tuple[str, ...], expected: str
) -> None:
    program = prefix / "bin" / command[0]
    done = _run(program, *command[1:])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(expected)


def test_nothing_of_the_original_prefix_is_left(
    demo: tuple[DemoChannel, Interpreter], prefix: Path
) -> None:
    interpreter = demo[1]
    if interpreter.shares_system_prefix:
        pytest.skip(f"{interpreter.prefix} belongs to the system")
    needle = os.fsencode(interpreter.prefix)
    files = [path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 500
    payload = [path for path in files if "conda-meta" not in path.parts]
    assert [path for path in payload if needle in path.read_bytes()] == []


def test_two_builds_have_the_same_bytes(tmp_path: Path) -> None:
    steps: list[str] = []
    one = build_demo_channel(tmp_path / "one", on_step=steps.append)
    build_demo_channel(tmp_path / "two")
    assert any("stand-ins" in step for step in steps)
    files = [path for path in one.path.rglob("*") if path.is_file()]
    assert len(files) == len(one.archives) + 4
    for path in files:
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(one.path)).read_bytes()
