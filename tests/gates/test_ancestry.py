"""No switching in children: the processes above are asked, not only the variables."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.gates.ancestry import Process, above, judge
from tests.machine import Machine
from tests.shells import require_shell

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc of Linux")


def test_what_processes_say(tmp_path: Path) -> None:
    sealed = tmp_path / "sealed"
    (sealed / "conda-meta").mkdir(parents=True)
    (sealed / "conda-meta" / "sealenv").touch()
    exe = str(sealed / "bin" / "python")
    processes = [
        Process(5, "sh", "/bin/sh", b"A=1\0SEALENV_PREFIX=/envs/a\0CONDA_PREFIX=/envs/a\0"),
        Process(4, "code", "/bin/code", b"CONDA_PREFIX=/opt/base\0VIRTUAL_ENV=/own\0"),
        Process(3, "sh", "/bin/sh", b"NOT_SEALENV_PREFIX=/x\0SEALENV_PREFIX=\0"),
        Process(2, "python", exe, b""),
    ]
    found = [(f.level, f.value, f.what.split(" was")[0].split(" is")[0])
             for f in judge(processes, ["/own"])]  # fmt: skip
    assert found == [
        ("active", "/envs/a", "process 5 (sh)"),
        ("present", "/opt/base", "process 4 (code)"),
        ("active", str(sealed), "process 2 (python)"),
    ]
    assert [f.value for f in judge(processes, ["/own", str(sealed)])] == ["/envs/a", "/opt/base"]


@linux
def test_our_own_parents_are_seen() -> None:
    pids = [process.pid for process in above()]
    assert pids[:1] == [os.getppid()]
    assert len(pids) == len(set(pids))


SCRUBBED = "for name in $(env | sed -n 's/=.*//p'); do case $name in PATH|HOME|SEALENV_ENVS|"
SCRUBBED += "SEALENV_CACHE|PYTHONPATH) ;; *) unset $name 2>/dev/null;; esac; done; "


@linux
def test_a_child_that_has_cleared_everything_is_still_a_child(used: Machine) -> None:
    """A real shell inside the environment takes all variables out; then sealenv is asked."""
    sealenv = shlex.join(used.command())
    for words in ("run e -- true", "shell -s sh e"):
        text = f"{SCRUBBED}{sealenv} {words} </dev/null; echo code $?; :"
        done = used.run("run", "e", "--", "sh", "-c", text)
        assert done.stdout == "code 125\n"
        assert f"ancestor={used.envs / 'e'}: process " in done.stderr
        assert "was started inside this sealed environment" in done.stderr
        assert "--clean does not lead out" in done.stderr


@linux
@pytest.mark.parametrize("words", ["run --clean e -- echo in", "shell --clean -s sh e"])
def test_clean_does_not_lead_out(used: Machine, words: str) -> None:
    """Neither where everything was cleared, nor in a shell that is activated."""
    sealenv = shlex.join(used.command())
    text = f"{SCRUBBED}{sealenv} {words} </dev/null; echo code $?; :"
    done = used.run("run", "e", "--", "sh", "-c", text)
    assert done.stdout == "code 125\n"
    assert "open a new terminal: --clean does not lead out" in done.stderr
    text = f". {used.envs}/e/activate.sh; {sealenv} {words} </dev/null; echo code $?; "
    text += f"deactivate; {sealenv} run --clean e -- echo in"
    done = subprocess.run(
        ["sh", "-c", text],
        env=used.env, cwd=used.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "code 125\nin\n"
    assert "SEALENV_PREFIX" in done.stderr


@pytest.mark.parametrize("clean", ["", "--clean "])
@pytest.mark.parametrize(
    "gone", [["SEALENV_PREFIX"], ["SEALENV_PREFIX", "CONDA_PREFIX", "CONDA_SHLVL"]]
)
def test_what_an_activation_has_left_is_seen(used: Machine, gone: list[str], clean: str) -> None:
    """In a child of an activated shell that takes out the usual variables."""
    unset = " ".join(f"-u {name}" for name in gone)
    run = f"{shlex.join(used.command())} run {clean}e -- echo in"
    text = f". {used.envs}/e/activate.sh; env {unset} {run}"
    done = subprocess.run(
        ["sh", "-c", f"{text}; echo code $?"],
        env=used.env, cwd=used.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "code 125\n"
    assert f"CONDARC={used.envs}/e/.condarc: an activation of a sealed environment" in done.stderr
    assert "open a new terminal: --clean does not lead out" in done.stderr


@linux
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "dash"])
def test_nothing_that_is_inherited_opens_a_script(used: Machine, shell: str) -> None:
    """A shell in the tree of one environment that has cleared all variables but these."""
    fish = shell == "fish"
    words = f"source {used.envs}/e/activate.fish" if fish else f". {used.envs}/e/activate.sh"
    text = f"env -i SEALENV_ADMITTED=1 _sealenv_fresh=1 {require_shell(shell)} -c '{words}'; :"
    done = used.run("run", "e", "--", "sh", "-c", text)
    assert "ancestor=process" in done.stderr
    assert "open a new terminal." in done.stderr
    assert "--clean" not in done.stderr


@linux
def test_a_command_that_replaces_the_shell_is_not_seen(used: Machine) -> None:
    """What docs/explanation/isolation.md says: no process of the environment is left above it."""
    sealenv = shlex.join(used.command())
    kept = " ".join(f"{name}={used.env[name]}" for name in ("HOME", "SEALENV_ENVS", "PATH"))
    one = f"env -i {kept} {sealenv} run e -- echo in"
    done = used.run("run", "e", "--", "bash", "-c", one)
    assert done.stdout == "in\n"
    assert used.run("run", "e", "--", "bash", "-c", f"{one}; :").stdout == ""


@linux
def test_other_verbs_warn_there(used: Machine) -> None:
    sealenv = shlex.join(used.command())
    done = used.run("run", "e", "--", "sh", "-c", f"{SCRUBBED}{sealenv} verify e --json; :")
    warnings = json.loads(done.stdout)["warnings"]
    assert [w for w in warnings if w.startswith(f"ancestor={used.envs / 'e'}")]


@linux
def test_the_environment_of_another_tool_above_is_a_warning(used: Machine) -> None:
    """As an editor that was started from an activated prompt: its terminals have cleared it."""
    sealenv = shlex.join(used.command())
    done = subprocess.run(
        ["sh", "-c", f"unset CONDA_PREFIX; {sealenv} gate; :"],
        env=used.env | {"CONDA_PREFIX": "/opt/conda"}, cwd=used.root, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.startswith("present  ancestor=/opt/conda\n")
    assert "was started with this as its CONDA_PREFIX" in done.stdout
