"""The project's own tests that are the same on every system, on CPython for Windows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.windows.machine import REPO, Windows

MODULES = (
    "tests/system/test_filelock.py",
    "tests/prefix/test_marker.py",
    "tests/system/test_volumes.py",
    "tests/seals/test_filetable.py",
    "tests/spec/test_environment_yml.py",
    "tests/spec/test_model.py",
    "tests/test_urls.py",
)
_RUN = """
import os, sys
os.chdir(sys.argv[1])
sys.path[:0] = [os.path.join(sys.argv[1], "src"), sys.argv[1]]
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", *sys.argv[2:]]))
"""


@pytest.mark.skipif(os.name == "nt", reason="the whole suite runs on Windows itself there")
def test_what_is_the_same_everywhere_is_so_on_windows(windows: Windows, tmp_path: Path) -> None:
    temp = {"TEMP": windows.path(tmp_path), "TMP": windows.path(tmp_path)}
    done = windows.run(
        [windows.python, "-B", "-c", _RUN, windows.path(REPO), *MODULES], env=temp, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout.splitlines()[-1]
