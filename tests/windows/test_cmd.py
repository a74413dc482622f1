"""docs/how-to/cmd.md: what the page tells to write does what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.windows.machine import REPO, Done, Windows
from tests.windows.prefixes import create_on_this_machine

PAGE = (REPO / "docs/how-to/cmd.md").read_text(encoding="utf-8")
SHOW = "import json, sys; print(json.dumps(sys.argv[1:]))"


@pytest.fixture(scope="module")
def prefix(windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = create_on_this_machine(tmp_path_factory.mktemp("cmd"), channels)
    (made / "__home__").mkdir()
    # As conda.bat calls conda.exe, with a program that says what arrived.
    wrapper = f'@CALL "%~dp0..\\python.exe" -c "{SHOW}" %*\r\n'
    (made / "condabin/show.bat").write_bytes(wrapper.encode())
    return made


def block(start: str) -> str:
    """The example that begins with a line."""
    (found,) = [b for b in re.findall(r"```bat\n(.*?)```", PAGE, re.S) if b.startswith(start)]
    return str(found)


def batch(windows: Windows, prefix: Path, text: str) -> Done:
    script = prefix / "__home__" / "user.bat"
    script.write_bytes(text.replace("\n", "\r\n").encode())
    return windows.run(["cmd", "/d", "/c", script], cwd=prefix / "__home__")


def test_the_batch_file_runs_to_its_end_and_keeps_all_to_itself(
    windows: Windows, prefix: Path
) -> None:
    program = "import sys; print('build', sys.prefix)"
    (prefix / "__home__" / "build.py").write_text(program)
    # The stand-in for conda knows no `list`; what counts is that the file goes on after it.
    text = block("@echo off").replace("call conda list", "call conda --version")
    done = batch(windows, prefix, text + "echo [%CONDA_PREFIX%]\n")
    assert f"build {windows.path(prefix)}" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_build_script_that_begins_with_an_activation(windows: Windows, prefix: Path) -> None:
    """By hand, in an activated window, and by `sealenv run`."""
    show = "import os, sys; print('built', sys.prefix, os.environ['CONDA_SHLVL'])"
    text = f'@call ..\\activate.bat || exit /b 1\n@python -c "{show}"\n'
    built = f"built {windows.path(prefix)} 1"
    assert batch(windows, prefix, text).stdout.split("\n")[0].strip() == built
    script = windows.path(prefix / "__home__/user.bat")
    activate = windows.path(prefix / "activate.bat")
    done = windows.cmd(f'call "{activate}" && call "{script}"', cwd=prefix / "__home__")
    assert done.stdout.strip() == built, done.stderr
    words = windows.sealenv_argv("run", windows.path(prefix), "--", script)
    done = windows.run(words, cwd=prefix / "__home__")
    assert (done.returncode, done.stdout.strip()) == (0, built), done.stderr


def test_without_call_nothing_runs_after_it(windows: Windows, prefix: Path) -> None:
    text = '@call "%~dp0..\\activate.bat"\n@conda --version\n@echo after\n'
    assert "after" not in batch(windows, prefix, text).stdout
    assert "after" in batch(windows, prefix, text.replace("@conda", "@call conda")).stdout


def test_it_does_not_go_on_in_a_shell_that_is_not_clean(windows: Windows, prefix: Path) -> None:
    text = block("@echo off").replace("@echo off", "@echo off\nset PYTHONPATH=x")
    done = batch(windows, prefix, text)
    assert done.returncode == 1
    assert "conda" not in done.stdout


def test_a_spec_in_quotes_arrives_whole(windows: Windows, prefix: Path) -> None:
    line = block("call conda install").replace("call conda", "call show").strip()
    done = batch(windows, prefix, f'@call "%~dp0..\\activate.bat"\n@{line}\n')
    assert json.loads(done.stdout) == ["install", "numpy>=1.26,<3", "pandas>2"], done.stderr


def test_run_quotes_a_spec_itself(windows: Windows, prefix: Path) -> None:
    argv = windows.sealenv_argv("run", windows.path(prefix), "--", "show", "install", "numpy>=1.26")
    assert json.loads(windows.run(argv).stdout) == ["install", "numpy>=1.26"]
