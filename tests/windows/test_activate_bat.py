"""activate.bat in a real cmd.exe: what it sets, what it refuses, what it leaves alone."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealenv.activation.variables import UNSET
from sealenv.errors import SpecError
from sealenv.gates.rules import RULES
from sealenv.quoting import quote_cmd
from tests.channel import Channels
from tests.windows.machine import Done, Windows
from tests.windows.prefixes import (
    AWKWARD,
    SCRIPTS,
    VARIABLES,
    create_on_this_machine,
    fake_prefix,
    write,
)

NAME = "my (env) & 'x', y=z"
MODES = pytest.mark.parametrize("mode", ["/v:off", "/v:on"])


@pytest.fixture
def prefix(windows: Windows, tmp_path: Path) -> Path:
    return write(windows, fake_prefix(tmp_path / "envs" / NAME))


def use(
    windows: Windows,
    prefix: Path,
    folder: Path,
    *,
    mode: str = "/v:off",
    before: str = "",
    env: dict[str, str] | None = None,
) -> tuple[Done, dict[str, str]]:
    """Call activate.bat from a batch file with echo on, and what `set` shows afterwards."""
    script = folder / "use.bat"
    call = f'@call "{windows.path(prefix / "activate.bat")}"'
    lines = [before, "@echo on", call, "@echo code=%ERRORLEVEL%", "@set"]
    script.write_bytes("\r\n".join(lines).encode() + b"\r\n")
    done = windows.run(["cmd", "/d", mode, "/c", script], env=env)
    said, _, rest = done.stdout.partition("code=")
    assert said.strip() == ""  # with echo on: every line keeps itself quiet
    code, *shown = rest.splitlines()
    variables = dict(line.split("=", 1) for line in shown if "=" in line)
    variables = {name.upper(): value for name, value in variables.items()}
    variables["code"] = code.strip()
    return done, variables


@MODES
def test_what_it_sets(windows: Windows, prefix: Path, tmp_path: Path, mode: str) -> None:
    done, shown = use(windows, prefix, tmp_path, mode=mode)
    here = windows.path(prefix)
    assert done.stderr == ""
    assert shown["code"] == "0"
    for name in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX", "SEALENV_PREFIX"):
        assert shown[name] == here
    assert shown["CONDA_DEFAULT_ENV"] == NAME
    assert shown["CONDA_PROMPT_MODIFIER"] == f"({NAME}) "
    assert shown["CONDA_SHLVL"] == "1"
    assert shown["PYTHONNOUSERSITE"] == "1"
    assert shown["PIP_CONFIG_FILE"] == "nul"
    assert shown["CONDARC"] == shown["MAMBARC"] == f"{here}\\.condarc"
    assert shown["PROMPT"] == f"({NAME}) $P$G"
    for name, value in VARIABLES.items():
        assert shown[name] == value
    assert "PWNED" not in done.stdout.replace(AWKWARD, "")
    kept = [name for name in shown if name.startswith("_SEALENV")]
    assert all(name.startswith("_SEALENV_OLD_") for name in kept)


@MODES
def test_the_path(windows: Windows, prefix: Path, tmp_path: Path, mode: str) -> None:
    here = windows.path(prefix)
    levels = (r"Library\mingw64\bin", r"Library\mingw-w64\bin", r"Library\usr\bin", r"Library\bin")
    ours = [here, f"{here}\\condabin"]
    ours += [f"{here}\\{level}" for level in (*levels, "Scripts", "bin")]
    old = r'C:\with & and ( ) 100%%;"C:\quoted ^& place";%PATH%'
    _, shown = use(windows, prefix, tmp_path, mode=mode, before=f'@set "PATH={old}"')
    entries = shown["PATH"].split(";")
    assert entries[: len(ours)] == ours
    assert entries[len(ours) : len(ours) + 2] == [r"C:\with & and ( ) 100%", r'"C:\quoted & place"']


@pytest.mark.parametrize(("length", "code"), [(5500, "0"), (7700, "1")])
def test_a_path_that_is_too_long_is_refused(
    windows: Windows, prefix: Path, tmp_path: Path, length: int, code: str
) -> None:
    """cmd.exe leaves out a line that gets too long, and goes on: with the PATH of before."""
    folders = "C:\\folder;" * (length // 10)
    old = f"set PATH=C:\\Windows\\System32;{folders}"
    done, shown = use(windows, prefix, tmp_path, before=f"@{old}")
    assert shown["code"] == code
    assert ("more than 6000 characters" in done.stderr) == (code == "1")
    assert ("SEALENV_PREFIX" in shown) == (code == "0")


def test_a_dirty_shell_is_refused_and_nothing_is_changed(
    windows: Windows, prefix: Path, tmp_path: Path
) -> None:
    value = 'C:\\x" & echo PWNED & "%OS%'
    dirt = {rule.name: value for rule in RULES}
    done, shown = use(windows, prefix, tmp_path, mode="/v:on", env=dirt)
    assert shown["code"] == "1"
    for name in dirt:
        assert f"  {name}={value}" in done.stderr
    assert "sealenv shell --clean" in done.stderr
    assert "PWNED" not in done.stdout.replace(value, "")
    before = windows.run(["cmd", "/d", "/c", "set"], env=dirt).stdout.splitlines()
    expected = {n.upper(): v for n, _, v in (line.partition("=") for line in before)}
    assert {n: v for n, v in shown.items() if n != "code"} == expected


@pytest.mark.parametrize(("kind", "mode"), [("conda", "/v:off"), ("venv", "/v:on")])
def test_a_folder_of_another_environment_on_path(
    windows: Windows, prefix: Path, tmp_path: Path, kind: str, mode: str
) -> None:
    other = tmp_path / "other (x) & y"
    (other / "Scripts").mkdir(parents=True)
    if kind == "conda":
        (other / "conda-meta").mkdir()
    else:
        (other / "pyvenv.cfg").touch()
    scripts = windows.path(other / "Scripts")
    before = f"@set PATH=%PATH%;{windows.path(prefix)};{scripts}"
    done, shown = use(windows, prefix, tmp_path, mode=mode, before=before.replace("&", "^&"))
    assert shown["code"] == "1"
    assert f"  PATH={scripts}: a folder on PATH belongs to another environment" in done.stderr
    assert "CONDA_PREFIX" not in shown


def test_a_second_activation_changes_nothing(
    windows: Windows, prefix: Path, tmp_path: Path
) -> None:
    mode = "/v:on"
    call = f'@call "{windows.path(prefix / "activate.bat")}"'
    _, once = use(windows, prefix, tmp_path, mode=mode)
    done, twice = use(windows, prefix, tmp_path, mode=mode, before=call)
    assert (done.stderr, twice) == ("", once)
    other = write(windows, fake_prefix(tmp_path / "other"))
    call = f'@call "{windows.path(other / "activate.bat")}"'
    done, shown = use(windows, prefix, tmp_path, mode=mode, before=call)
    assert shown["code"] == "1"
    assert f"CONDA_PREFIX={windows.path(other)}" in done.stderr


def test_the_active_environment_without_its_path(
    windows: Windows, prefix: Path, tmp_path: Path
) -> None:
    here = windows.path(prefix)
    env = {"CONDA_PREFIX": here, "CONDA_SHLVL": "1"}
    done, shown = use(windows, prefix, tmp_path, env=env)
    assert shown["code"] == "1"
    assert "is active, but its programs are not first on PATH" in done.stderr
    assert done.stderr.endswith(
        f'next: open a new Command Prompt, or: sealenv shell --clean "{here}"\n'
    )
    # After `conda activate`, which puts the folder itself first.
    (prefix / "python.exe").touch()
    (tools := tmp_path / "tools").mkdir()
    own = f'@set "PATH={here};%PATH%"'
    first = f'@set "PATH={windows.path(tools)};{here};%PATH%"'
    # A folder of the user may come first, if it has no Python.
    for before in (own, first):
        done, shown = use(windows, prefix, tmp_path, env=env, before=before)
        assert (shown["code"], done.stderr) == ("0", "")
        assert "SEALENV_PREFIX" not in shown
    (tools / "python.exe").touch()
    _, shown = use(windows, prefix, tmp_path, env=env, before=first)
    assert shown["code"] == "1"


@MODES
def test_deactivate_gives_everything_back(
    windows: Windows, prefix: Path, tmp_path: Path, mode: str
) -> None:
    env = {"PIP_CONFIG_FILE": r"C:\mine & yours.ini", "QUOTED": 'a "b" ^ & c', "CONDA_EXE": "!x!"}
    script = prefix / "etc/conda/deactivate.d/last.bat"
    script.parent.mkdir(parents=True)
    script.write_bytes(b"@set SEALENV_PREFIX>left.txt\r\n")
    write(windows, prefix)
    _, before = use(windows, prefix, tmp_path, mode=mode, env={**env, "PYTHONHOME": "x"})
    del before["PYTHONHOME"]
    show = tmp_path / "show.bat"
    lines = [
        r'@set "PATH=C:\a (b) & c;%PATH%"',
        "@set PATH>before.txt",
        f'@call "{windows.path(prefix / "activate.bat")}"',
        "@call deactivate",
        "@echo code=%ERRORLEVEL%",
        "@set PATH>after.txt",
        "@set",
    ]
    show.write_bytes("\r\n".join(lines).encode() + b"\r\n")
    done = windows.run(["cmd", "/d", mode, "/c", show], env=env, cwd=tmp_path)
    assert done.stderr == ""
    assert windows.path(prefix) in (tmp_path / "left.txt").read_text()
    after = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    after = {name.upper(): value for name, value in after.items()}
    assert (tmp_path / "before.txt").read_bytes() == (tmp_path / "after.txt").read_bytes()
    steps = ("PATH", "CODE", "code", "STEPS")
    assert {n: v for n, v in after.items() if n not in steps} == {
        n: v for n, v in before.items() if n not in steps
    }


@pytest.mark.parametrize(
    ("marker", "token", "code"),
    [("abc\nmore\n", "abc", "0"), ("abc\n", "x", "1"), ("", "", "1")],
)
def test_a_pending_environment(
    windows: Windows, prefix: Path, tmp_path: Path, marker: str, token: str, code: str
) -> None:
    (prefix / "conda-meta/sealenv.pending").write_text(marker)
    env = {"SEALENV_CHECK_TOKEN": token} if token else {}
    done, shown = use(windows, prefix, tmp_path, env=env)
    assert shown["code"] == code
    assert ("never finished" in done.stderr) == (code == "1")
    assert ("CONDA_PREFIX" in shown) == (code == "0")


def test_a_moved_environment_is_refused(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    elsewhere = prefix.with_name("moved away")
    shutil.move(prefix, elsewhere)
    done, shown = use(windows, elsewhere, tmp_path)
    assert shown["code"] == "1"
    assert windows.path(prefix) in done.stderr
    assert "CONDA_PREFIX" not in shown


def test_package_scripts_in_code_point_order_and_later_ones_last(
    windows: Windows, prefix: Path, tmp_path: Path
) -> None:
    _, shown = use(windows, prefix, tmp_path)
    assert shown["STEPS"].split() == sorted(SCRIPTS)
    late = prefix / "etc/conda/activate.d/0late.bat"
    late.write_bytes(b'@set "STEPS=%STEPS% late"\r\n@exit /b 3\r\n')
    (prefix / "etc/conda/activate.d/9.bat").unlink()
    (prefix / "etc/conda/activate.d/no.bat.txt").write_bytes(b"@set STEPS=wrong\r\n")
    failing = prefix / "etc/conda/activate.d/_z.bat"
    failing.write_bytes(failing.read_bytes() + b"@exit /b 5\r\n")
    done, shown = use(windows, prefix, tmp_path)
    assert shown["STEPS"].split() == [*(n for n in sorted(SCRIPTS) if n != "9"), "late"]
    assert shown["code"] == "0"
    assert re.findall(r'\\(\w+\.bat" failed)', done.stderr) == [
        '_z.bat" failed',
        '0late.bat" failed',
    ]


def test_no_program_and_no_file(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    """Only words of cmd.exe itself, no redirection into a file, no label; and nothing was written."""
    own = {"setlocal", "endlocal", "set", "if", "for", "echo", "call", "exit", "rem"}
    text = (prefix / "activate.bat").read_text()
    test = r'(?:/i )?(?:not )?(?:defined \S+|exist "[^"]*"|"[^"]*"=="[^"]*") '
    commands = re.sub(f"(?<=if ){test}", "@", re.sub("@rem.*", "", text))
    assert set(re.findall(r"(?:@|& |do )(?:>&2 )?@?(\w+)", commands)) <= own
    assert re.findall(r"^\s*:", text, re.M) == []
    assert set(re.findall(r">\S*", re.sub("@rem.*", "", text))) == {">&2"}
    before = {path: path.stat().st_mtime_ns for path in prefix.rglob("*")}
    use(windows, prefix, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in prefix.rglob("*")} == before


TEXT = st.text(st.sampled_from("%!^&|<>()\"' =,;$~@#*?[]{}\\/abcOS1\t`"), max_size=25)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


@MODES
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(TEXT | ASCII, min_size=60, max_size=80))
def test_any_value_comes_back(
    windows: Windows, tmp_path_factory: pytest.TempPathFactory, mode: str, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    values = {
        f"V{number}": text
        for number, text in enumerate([AWKWARD, *texts])
        if text not in ("", UNSET)
    }
    prefix = write(windows, fake_prefix(folder / "e", values))
    script = folder / "show.bat"
    call = f'@call "{windows.path(prefix / "activate.bat")}"'
    program = folder / "show.py"
    program.write_text("import json, os; print(json.dumps(dict(os.environ)))")
    python = windows.path(windows.python)
    script.write_bytes(f'{call}\r\n@"{python}" "{windows.path(program)}"\r\n'.encode())
    done = windows.run(["cmd", "/d", mode, "/c", script])
    shown = json.loads(done.stdout)
    kept = {}
    for name, text in values.items():
        try:
            quote_cmd(text)
        except SpecError:
            continue
        kept[name] = text
    assert {name: shown.get(name) for name in kept} == kept
    assert set(values) - set(kept) == {n for n in values if n not in shown}


@pytest.fixture(scope="module")
def real(windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """python.exe, and the stand-ins for conda and mamba."""
    return create_on_this_machine(tmp_path_factory.mktemp("real"), channels)


def test_python_and_the_wrappers_are_those_of_the_environment(windows: Windows, real: Path) -> None:
    show = 'python -c "import sys; print(sys.prefix)"'
    tools = "call conda --version& call mamba --version& pip --version& where conda"
    done = windows.cmd(f'call "{windows.path(real / "activate.bat")}" && {show}& {tools}')
    lines = [line for line in done.stdout.splitlines() if line]
    here = windows.path(real)
    assert lines[0] == here
    assert lines[1].startswith("conda ")
    assert lines[2].startswith("mamba ")
    assert here in lines[3]
    assert lines[4].lower() == f"{here}\\condabin\\conda.bat".lower()
