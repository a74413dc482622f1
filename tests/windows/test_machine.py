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


def test_a_batch_file_with_a_space_gets_its_arguments(windows: Windows, tmp_path: Path) -> None:
    script = tmp_path / "a b.bat"
    script.write_bytes(b"@echo off\r\necho [%~1] [%~2]\r\n")
    assert windows.batch(script, "c d", "e").stdout.strip() == "[c d] [e]"


def test_python_for_windows_has_the_dependencies(windows: Windows) -> None:
    done = windows.run(
        [windows.python, "-c", "import sys, rattler, msgspec; print(sys.platform, sys.version)"]
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("win32 3.")


def test_the_command_runs_from_the_sources(windows: Windows) -> None:
    done = windows.run(windows.sealenv_argv("--version"))
    assert done.stdout.startswith("sealenv ")
