"""`sealenv run` and `shell` by Windows Python, in a real environment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from sealenv.activation.windows import batch_command_line
from sealenv.errors import UsageError
from sealenv.gates.rules import RULES
from tests.channel import Channels
from tests.windows.machine import REPO, Done, Windows
from tests.windows.prefixes import create_on_this_machine

SHOW = "import json, sys; print(json.dumps(sys.argv[1:]))"


@pytest.fixture(scope="module")
def prefix(windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("run")
    made = create_on_this_machine(root, channels, "activate-hooks", "env-vars")
    forward = f'@"%~dp0..\\python.exe" -c "{SHOW}" %*\r\n'
    (made / "Scripts/forward.bat").write_bytes(forward.encode())
    (made / "Scripts/twice.cmd").write_bytes(b'@call "%~dp0forward.bat" %*\r\n')
    (made / "Scripts/code.bat").write_bytes(b"@exit /b %1\r\n")
    return made


def run(
    windows: Windows,
    prefix: Path,
    *args: str,
    env: dict[str, str] | None = None,
) -> Done:
    return windows.run(windows.sealenv_argv("run", windows.path(prefix), "--", *args), env=env)


def test_the_exit_code_is_the_commands(windows: Windows, prefix: Path) -> None:
    assert run(windows, prefix, "python", "-c", "raise SystemExit(42)").returncode == 42
    assert run(windows, prefix, "code", "42").returncode == 42


@pytest.mark.parametrize(
    ("command", "code"),
    [("no-such-command", 127), ("python312.dll", 126)],
)
def test_our_failures_are_env_1s(windows: Windows, prefix: Path, command: str, code: int) -> None:
    done = run(windows, prefix, command)
    assert done.returncode == code
    assert command in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_refused_is_125(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    assert run(windows, prefix.with_name("nope"), "python").returncode == 125
    for variable in RULES[:3]:  # Python itself obeys the others before we are there
        done = run(windows, prefix, "python", env={variable.name: "C:\\x & y"})
        assert done.returncode == 125
        assert f"{variable.name}=C:\\x & y" in done.stderr
    folder = tmp_path / "e"
    (folder / "conda-meta").mkdir(parents=True)
    (folder / "conda-meta/sealenv.pending").write_text("token\n")
    assert "never finished" in run(windows, folder, "python").stderr


def test_a_moved_environment_is_refused(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    for name in ("conda-meta/sealenv", "etc/sealenv/prefix.txt"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(prefix / name, folder / name)
    (folder / "etc/sealenv/prefix.txt").write_text(windows.path(tmp_path / "before") + "\n")
    done = run(windows, folder, "python")
    assert done.returncode == 125
    assert windows.path(tmp_path / "before") in done.stderr


def test_the_environment_is_active(windows: Windows, prefix: Path) -> None:
    show = "import json, os, sys; print(json.dumps([sys.prefix, dict(os.environ)]))"
    done = run(windows, prefix, "python", "-c", show, env={"KEEP": "x ! ^ % y"})
    inside, variables = json.loads(done.stdout)
    here = windows.path(prefix)
    assert inside == variables["CONDA_PREFIX"] == variables["SEALENV_PREFIX"] == here
    assert variables["CONDA_SHLVL"] == variables["PYTHONNOUSERSITE"] == "1"
    assert variables["CONDA_DEFAULT_ENV"] == prefix.name
    assert variables["CONDA_BAT"] == f"{here}\\condabin\\conda.bat"
    assert variables["PATH"].split(";")[:2] == [here, f"{here}\\condabin"]
    assert "system32" in variables["PATH"].lower()
    assert variables["KEEP"] == "x ! ^ % y"
    # A package's script, and a value that no batch file could hold.
    assert variables["SEALENV_TEST_HOOK"] == "active bat"
    awkward = "a b $HOME `id` $(id) \"q\" 'p' %PATH% ! ^ & ; é"
    assert variables["SEALENV_TEST_AWKWARD"] == awkward


def test_it_sets_what_activate_bat_sets(windows: Windows, prefix: Path) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    by_run = json.loads(run(windows, prefix, "python", "-c", show).stdout)
    call = f'call "{windows.path(prefix / "activate.bat")}"'
    by_bat = json.loads(windows.cmd(f'{call} && python -c "{show}"').stdout)
    by_run.pop("SEALENV_TEST_AWKWARD")  # no batch file can hold it, and create says so
    by_bat.pop("PROMPT")
    by_run.pop("PROMPT", None)
    different = {n for n in by_run.keys() | by_bat.keys() if by_run.get(n) != by_bat.get(n)}
    assert {n for n in different if not n.startswith("_SEALENV_OLD_")} == set()


def test_a_script_that_speaks_and_one_that_ends_cmd(
    windows: Windows, prefix: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "e"
    for name in ("conda-meta/history", "etc/conda/activate.d/x.bat"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    script = folder / "etc/conda/activate.d/x.bat"
    script.write_bytes(b'@echo A=hello\r\n@set "B=1"\r\n@exit /b 3\r\n')
    python = windows.path(windows.python)
    show = "import os; print(os.environ.get('A'), os.environ.get('B'))"
    done = run(windows, folder, python, "-c", show)
    assert done.stdout.split() == ["None", "1"]
    assert "A=hello" in done.stderr
    script.write_bytes(b"@exit 3\r\n")
    done = run(windows, folder, python, "-c", show)
    assert done.returncode == 125
    assert "x.bat" in done.stderr


def test_the_wrappers_of_conda_and_mamba(windows: Windows, prefix: Path) -> None:
    for tool in ("conda", "mamba", "conda.exe", "mamba.bat"):
        done = run(windows, prefix, tool, "--version")
        assert done.stdout.startswith(tool[:5]), done.stderr


HARD = ["", " ", "a b", "a'b", "&calc", "a&b", "|", "<x", "numpy>=1.2", "(", ")", "()", ";", ",", "=",
        "a=b", "!", "!OS!", "numpy!=1.2", "*", "?", "~", "$x", "`id`", "[", "]", "{", "}", "#", "@",
        "\\", "a\\", "a b\\", "a b\\\\", "/?", "--", "-x", "é日", "a\tb", "+", ":", "."]  # fmt: skip
REFUSED = [
    '"',
    'a"b',
    "%",
    "%PATH%",
    "50%",
    "^",
    "a^b",
    "\n",
    "a\r\nb",
    "\x01",
    'x" & echo PWNED & "',
]


def test_every_metacharacter_reaches_a_batch_file_as_it_is(windows: Windows, prefix: Path) -> None:
    done = run(windows, prefix, "twice", *HARD)
    assert json.loads(done.stdout) == HARD, done.stderr


def test_arguments_of_a_program_are_never_refused(windows: Windows, prefix: Path) -> None:
    words = [*HARD, *REFUSED]
    done = run(windows, prefix, "python", "-c", SHOW, *words)
    assert json.loads(done.stdout) == words, done.stderr


@pytest.mark.parametrize("argument", REFUSED)
def test_what_a_batch_file_cannot_be_given_is_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="cannot be given to a batch file"):
        batch_command_line("C:\\x.bat", [argument], {})


def test_the_current_folder_is_not_searched(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "conda.bat").write_bytes(b"@echo PWNED\r\n")
    argv = windows.sealenv_argv("run", windows.path(prefix), "--", "conda", "--version")
    assert windows.run(argv, cwd=tmp_path).stdout.startswith("conda ")
    argv = windows.sealenv_argv("run", windows.path(prefix), "--", ".\\conda")
    assert windows.run(argv, cwd=tmp_path).stdout.startswith("PWNED")


def test_a_shell(windows: Windows, prefix: Path) -> None:
    lines = "echo [%CONDA_PREFIX%]\r\necho [%PROMPT%]\r\nexit 5\r\n"
    done = windows.run(windows.sealenv_argv("shell", windows.path(prefix)), stdin=lines)
    assert f"[{windows.path(prefix)}]" in done.stdout, done.stderr
    if not windows.wine:  # Wine's cmd.exe has a prompt of its own, and loses this exit code
        assert "[(my env) $P$G]" in done.stdout
        assert done.returncode == 5


DRIVER = """
import ctypes, signal, subprocess, sys
ctypes.windll.kernel32.AllocConsole()  # a test may have none; with one this does nothing
group = subprocess.CREATE_NEW_PROCESS_GROUP
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, creationflags=group)
assert child.stdout.readline().strip() == b"ready"
child.send_signal(signal.CTRL_BREAK_EVENT)
sys.exit(child.wait(timeout=60))
"""
WAITING = """
import signal, sys, time
signal.signal(signal.SIGBREAK, lambda *_: sys.exit(9))
print("ready", flush=True)
while True: time.sleep(0.1)
"""


IGNORING = """
import os, signal, sys
sys.path.insert(0, {source!r})
from sealenv.commands.run import wait_for
code = wait_for([sys.executable, "-c", "raise SystemExit(5)"], sys.executable, dict(os.environ))
signal.raise_signal(signal.SIGINT)
signal.raise_signal(signal.SIGBREAK)
print(code)
"""


def test_ctrl_break_is_the_commands(windows: Windows, prefix: Path) -> None:
    """The command's own handler decides the exit code; `run` only waits. (Ctrl-C goes the same way.)"""
    if windows.wine:  # such an event needs a console, so only ignoring it is tested
        program = IGNORING.format(source=windows.path(REPO / "src"))
        assert windows.run([windows.python, "-c", program]).stdout.strip() == "5"
        return
    argv = windows.sealenv_argv("run", windows.path(prefix), "--", "python", "-c", WAITING)
    done = windows.run([windows.python, "-c", DRIVER, *argv])
    assert done.returncode == 9, done.stderr


def test_the_active_environment_is_entered_again(windows: Windows, prefix: Path) -> None:
    again = windows.sealenv_argv("run", windows.path(prefix), "--", "python", "-V")
    source = f"import subprocess, sys; sys.exit(subprocess.call({again!r}))"
    done = run(windows, prefix, "python", "-c", source)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Python 3")
