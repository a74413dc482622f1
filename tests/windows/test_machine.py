"""The test bed itself: what the other tests rely on."""

from __future__ import annotations

from pathlib import Path

from tests.windows.machine import Windows


def test_exit_codes_and_output_arrive(windows: Windows, tmp_path: Path) -> None:
    done = windows.cmd("echo out& echo err>&2& exit /b 7", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip(), done.stderr.strip()) == (7, "out", "err")


def test_the_environment_is_bare(windows: Windows) -> None:
    done = windows.cmd("set", env={"SEALENV_TEST": "a b"})
    names = {line.partition("=")[0].upper() for line in done.stdout.splitlines()}
    assert "SEALENV_TEST" in names
    assert not {n for n in names if n.startswith(("CONDA", "MAMBA", "PYTHON"))}
