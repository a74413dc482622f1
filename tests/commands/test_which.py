"""`sealenv which` on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import SRC, Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="tests/windows/test_which.py")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("which"), cache=warm_cache)
    minor = demo_channel.python_minor
    machine.create("e", demo_channel, "--no-pyc", f"--with=python={minor}")
    return machine


@pytest.fixture(scope="module")
def for_windows(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> Machine:
    """An environment for Windows, made here."""
    machine = Machine(tmp_path_factory.mktemp("which-win"))
    machine.create("w", channels.main_url, "--platform=win-64", "--with=python=3.12")
    return machine


def states(answer: dict[str, Any], root: Path) -> list[tuple[str, str]]:
    return [
        (os.path.relpath(c["path"], root) if c["path"] else "-", c["state"])
        for c in answer["candidates"]
    ]


@pytest.mark.parametrize("name", ["python", "pip", "conda", "ls", "echo", "nope"])
def test_an_activated_shell_says_the_same(made: Machine, name: str) -> None:
    code = 1 if name == "nope" else 0
    answer = made.json("which", "e", name, code=code)
    runs = [c["path"] or name for c in answer["candidates"] if c["state"] == "runs"]
    assert answer["found"] is (code == 0)
    for shell, options in (("bash", ["--norc", "--noprofile"]), ("zsh", ["-f"]), ("dash", [])):
        line = f". {made.envs / 'e'}/activate.sh; command -v {name}"
        asked = subprocess.run(
            [require_shell(shell), *options, "-c", line],
            env=made.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert runs == asked.stdout.split(), shell


def test_owner_interpreter_and_environment(made: Machine) -> None:
    prefix = made.envs / "e"
    (pip, *_) = made.json("which", "e", "pip")["candidates"]
    assert pip["owner"].startswith("pip ")
    assert pip["environment"] == {"prefix": str(prefix), "kind": "conda"}
    assert Path(pip["starts"]["path"]).parent == prefix / "bin"
    assert pip["starts"]["exists"] is True


def test_a_candidate_of_another_environment_is_a_warning(made: Machine, tmp_path: Path) -> None:
    other = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    path = f"{other}/bin:{made.env['PATH']}"
    answer = made.json("which", "e", "python", PATH=path)
    assert states(answer, tmp_path)[1] == ("venv/bin/python", "shadowed")
    assert answer["candidates"][1]["environment"] == {"prefix": str(other), "kind": "venv"}
    unclean, warning = answer["warnings"]
    assert "not clean" in unclean
    assert f"{other}/bin/python is of another environment" in warning
    here = made.json("which", "--here", "python", PATH=path)
    assert states(here, tmp_path)[0] == ("venv/bin/python", "runs")
    assert "it is what runs" in here["warnings"][0]


def test_a_script_without_its_interpreter_is_a_warning(made: Machine) -> None:
    script = made.envs / "e" / "bin" / "broken-one"
    script.write_text("#!/old/place/bin/python\n")
    script.chmod(0o755)
    answer = made.json("which", "e", "broken-one")
    assert answer["warnings"] == [f"{script} does not start: there is no /old/place/bin/python"]
    done = made.run("run", "e", "--", "broken-one", code=None)
    assert done.returncode in (126, 127)
    script.unlink()


def test_the_wrappers_of_conda_and_mamba_on_linux(for_windows: Machine) -> None:
    """Note 4 of the original document: wrapper and program, and which of them a name means."""
    prefix = for_windows.envs / "w"
    answer = for_windows.json("which", "w", "mamba")
    assert answer["shell"] == "cmd"
    assert states(answer, prefix) == [
        ("condabin/mamba.bat", "runs"),
        ("Library/bin/mamba.exe", "shadowed"),
    ]
    wrapper, program = answer["candidates"]
    assert wrapper["starts"] == {"path": program["path"], "exists": True, "how": "wrapper"}
    assert program["starts"]["path"] == str(prefix / "python.exe")
    assert wrapper["owner"].startswith("mamba ")
    assert any("call mamba" in text for text in answer["notes"])
    powershell = for_windows.json("which", "w", "mamba", "--shell", "powershell")
    assert states(powershell, prefix)[0] == ("Library/bin/mamba.exe", "runs")
    conda = for_windows.json("which", "w", "conda")
    assert states(conda, prefix)[0] == ("condabin/conda.bat", "runs")
    assert conda["candidates"][0]["starts"]["path"] == str(prefix / "Scripts/conda.exe")
    assert states(for_windows.json("which", "w", "dir"), prefix) == [("-", "runs")]
    assert for_windows.json("which", "w", "ls", code=1)["candidates"] == []


@pytest.mark.parametrize(
    "args",
    [
        ("which", "e"),
        ("which", "--here", "e", "python"),
        ("which", "e", "python", "--shell", "cmd"),
        ("which", "e", "python", "--shell", "bash"),
        ("which", "e", ""),
    ],
)
def test_usage(made: Machine, args: tuple[str, ...]) -> None:
    made.run(*args, code=2)


def test_the_shell_where_one_is(made: Machine) -> None:
    """In an activated shell `--here` says what that shell says."""
    prefix = made.envs / "e"
    boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); sys.argv[0] = 'sealenv'; "
    boot += "from sealenv.__main__ import script; sys.exit(script())"
    text = '. "$1"; type -p pip; exec "$2" -c "$3" which --here pip --json'
    done = subprocess.run(
        [require_shell("bash"), "-c", text, "bash", prefix / "activate.sh", sys.executable, boot],
        env=made.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, _, rest = done.stdout.partition("\n")
    answer = json.loads(rest)
    assert answer["candidates"][0]["path"] == first
    assert answer["prefix"] == str(prefix)
    assert answer["warnings"] == []
