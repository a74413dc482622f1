"""A test that Wine hung in runs once more, and only such a one; a whole pytest of its own each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.__main__ import hung_in
from tests.windows.machine import REPO

_START = """
from pathlib import Path
import pytest
from tests.windows.hung import WineHungError

HERE = Path(__file__).parent

def first(name):
    seen = HERE / name
    if seen.exists():
        return False
    seen.touch()
    return True

def hang(name):
    if first(name):
        raise WineHungError(f"Wine hung: fake, in {name}")

@pytest.fixture
def windows():
    pass
"""


def run(folder: Path, tests: str, *options: str) -> tuple[int, str, Path]:
    """Exit code, output and report of a pytest with these tests."""
    (folder / "test_fake.py").write_text(_START + tests)
    report = folder / "junit.xml"
    command = [sys.executable, "-m", "pytest", "-p", "tests.windows.again", "-c", os.devnull]
    command += ["-p", "no:cacheprovider", f"--rootdir={folder}", f"--junitxml={report}"]
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *options, "test_fake.py"],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join([str(REPO), str(REPO / "src")])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr, report


def test_it_passes_the_second_time_and_the_summary_says_so(tmp_path: Path) -> None:
    tests = """
def test_hangs(windows): hang("a")
def test_is_well(windows): pass
"""
    code, said, report = run(tmp_path, tests)
    assert code == 0, said
    assert "2 passed" in said
    assert "run again after Wine hung: 1 (test_fake.py::test_hangs)" in said
    assert "Wine hung: fake, in a" in said
    assert hung_in(report) == ["test_fake::test_hangs"]


def test_nothing_else_is_run_again(tmp_path: Path) -> None:
    tests = """
import subprocess
def test_assertion(windows): assert not first("a")
def test_timeout(windows):
    if first("b"): raise subprocess.TimeoutExpired("wine", 1)
def test_that_names_it(windows):
    if first("c"): raise ValueError("WineHungError: Wine hung")
def test_assertion_after_it(windows):
    try: hang("d")
    finally: assert not first("e")
@pytest.fixture
def after(): yield; assert not first("f")
def test_with_an_error_beside_it(windows, after): hang("g")
def test_not_on_windows(): hang("h")
"""
    code, said, report = run(tmp_path, tests)
    assert code == 1, said
    assert "6 failed, 1 error" in said
    assert "run again" not in said
    assert hung_in(report) == []


def test_more_than_two_fail_the_run(tmp_path: Path) -> None:
    tests = """
@pytest.mark.parametrize("n", range(3))
def test_hangs(windows, n): hang(f"hang-{n}")
"""
    code, said, report = run(tmp_path, tests, "-n", "2")
    assert "3 passed" in said
    assert len(hung_in(report)) == 3
    assert "more than 2: this run has failed" in said
    assert code == 1, said
