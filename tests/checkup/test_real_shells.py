"""Contamination made for real: it happens in the real shell, is found, fixed, gone, and undone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.checkup.computers import write
from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX shells")

PROFILES = {
    "bash": ".bashrc",
    "zsh": ".zshrc",
    "fish": ".config/fish/config.fish",
    "tcsh": ".tcshrc",
}
BLOCK = {
    "bash": """\
# >>> conda initialize >>>
# !! Contents within this block are managed by 'conda init' !!
__conda_setup="$('{conda}' 'shell.bash' 'hook' 2> /dev/null)"
if [ $? -eq 0 ]; then
    eval "$__conda_setup"
else
    export PATH="{bin}:$PATH"
fi
unset __conda_setup
# <<< conda initialize <<<
""",
    "fish": """\
# >>> conda initialize >>>
if test -f {conda}
    eval {conda} "shell.fish" "hook" $argv | source
end
# <<< conda initialize <<<
""",
    "tcsh": """\
# >>> conda initialize >>>
eval `{conda} shell.tcsh hook`
# <<< conda initialize <<<
""",
}
BLOCK["zsh"] = BLOCK["bash"].replace("shell.bash", "shell.zsh")
FAKE_CONDA = """\
#!/bin/sh
# fake_conda: says what the hook of a real one has a shell do in the end.
case "$1" in
shell.fish) echo 'set -gx CONDA_PREFIX /fake; set -gx CONDA_SHLVL 1' ;;
shell.tcsh) echo 'setenv CONDA_PREFIX /fake; setenv CONDA_SHLVL 1' ;;
*) echo 'export CONDA_PREFIX=/fake CONDA_SHLVL=1' ;;
esac
"""


def environment(machine: Machine, shell: str) -> dict[str, str]:
    """The variables that a program has which a new interactive shell of the user starts."""
    program = require_shell(shell)
    script = machine.root / "show.py"
    script.write_text("import json, os, sys\nprint('\\n@' + json.dumps(dict(os.environ)))\n")
    line = f"'{sys.executable}' -S '{script}'"
    arguments = ["-c", line] if shell == "tcsh" else ["-i", "-c", line]
    done = subprocess.run(
        [program, *arguments], env=machine.env | {"TERM": "dumb"}, cwd=machine.root,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60,
        start_new_session=True,
    )  # fmt: skip
    answer = [line for line in done.stdout.splitlines() if line.startswith("@")]
    assert answer, done.stdout + done.stderr
    assert "syntax" not in done.stderr.lower(), done.stderr
    found: dict[str, str] = json.loads(answer[-1][1:])
    return found


def profile_of(machine: Machine, shell: str) -> Path:
    return machine.home / PROFILES[shell]


@pytest.mark.parametrize("shell", PROFILES)
def test_a_block_of_conda_init(machine: Machine, shell: str) -> None:
    conda = write(machine.home / "miniconda3/bin/conda", FAKE_CONDA)
    conda.chmod(0o755)
    block = BLOCK[shell].format(conda=conda, bin=conda.parent)
    before = f"# mine\n{block}# the end, without a newline"
    profile = write(profile_of(machine, shell), before)
    profile.chmod(0o640)
    assert environment(machine, shell)["CONDA_PREFIX"] == "/fake"
    report = machine.json("doctor", code=1)
    found = [f for f in report["findings"] if f["id"] == "conda-init"]
    assert [(f["severity"], f["where"], f["fixable"]) for f in found] == [
        ("error", f"{profile}:2", True)
    ]
    machine.run("doctor", "--fix", "conda-init", "-y")
    assert "CONDA_PREFIX" not in environment(machine, shell)
    assert profile.read_text() == "# mine\n# the end, without a newline"
    assert profile.stat().st_mode & 0o777 == 0o640
    assert machine.json("doctor", "--only", "conda-init")["findings"] == []
    machine.run("doctor", "--undo", "conda-init", "-y")
    assert profile.read_text() == before
    assert profile.stat().st_mode & 0o777 == 0o640
    assert environment(machine, shell)["CONDA_PREFIX"] == "/fake"


LINES = {
    "bash": "if true; then . '{venv}/bin/activate'; fi\nexport PYTHONPATH=/x EDITOR=vi\nPYTHONHOME=; "
    "true && export PYTHONSTARTUP=/y # why\nexport AFTER=1\n",
    "fish": "if true\n  source '{venv}/bin/activate.fish'\nend\nset -gx PYTHONPATH /x; true\n"
    "true; and set -gx PYTHONSTARTUP /y\nset -gx AFTER 1\n",
    "tcsh": "set prompt = x\nif (1) then\n  source '{venv}/bin/activate.csh'\nendif\n"
    "if (1) setenv PYTHONPATH /x\nsetenv PYTHONSTARTUP /y; setenv AFTER 1\n",
}  # fmt: skip
LINES["zsh"] = LINES["bash"]


@pytest.mark.parametrize("shell", PROFILES)
def test_commands_outside_of_blocks(machine: Machine, shell: str, real_venv: Path) -> None:
    """A real virtual environment; what cannot be taken out without harm is left, and named."""
    before = LINES[shell].format(venv=real_venv)
    profile = write(profile_of(machine, shell), before)
    dirty = environment(machine, shell)
    assert dirty["VIRTUAL_ENV"] == str(real_venv)
    assert dirty["PYTHONPATH"] == "/x"
    assert dirty["PYTHONSTARTUP"] == "/y"
    found = {f["id"] for f in machine.json("doctor", code=1)["findings"]}
    assert {"profile-activate", "profile-variable"} <= found
    machine.run("doctor", "--fix", "profile-activate", "--fix", "profile-variable", "-y")
    clean = environment(machine, shell)
    assert "VIRTUAL_ENV" not in clean
    assert "PYTHONSTARTUP" not in clean
    assert clean["AFTER"] == "1"
    if shell in {"bash", "zsh"}:  # `export PYTHONPATH=/x EDITOR=vi` does something else too
        assert (clean["PYTHONPATH"], clean["EDITOR"]) == ("/x", "vi")
    else:
        assert "PYTHONPATH" not in clean
    machine.run("doctor", "--undo", "-y")
    assert profile.read_text() == before


def test_universal_variables_of_fish(machine: Machine) -> None:
    fish = require_shell("fish")
    subprocess.run(
        [fish, "-c", "set -Ux PYTHONPATH '/a b' /c; set -Ux KEPT 1"], env=machine.env, check=True
    )
    before = (machine.home / ".config/fish/fish_variables").read_bytes()
    assert environment(machine, "fish")["PYTHONPATH"] == "/a b:/c"
    machine.run("doctor", "--fix", "fish-variables", "-y")
    clean = environment(machine, "fish")
    assert ("PYTHONPATH" in clean, clean["KEPT"]) == (False, "1")
    machine.run("doctor", "--undo", "-y")
    assert (machine.home / ".config/fish/fish_variables").read_bytes() == before


def test_fishs_list_of_paths_keeps_the_users_own(machine: Machine) -> None:
    fish = require_shell("fish")
    ask = "set -U fish_user_paths ~/go/bin /opt/miniconda3/bin '/my tools'; set -Ux PYTHONHOME /x"
    subprocess.run([fish, "-c", ask], env=machine.env, check=True)
    machine.run("doctor", "--fix", "fish-variables", "-y")
    done = subprocess.run(
        [fish, "-c", "string join : $fish_user_paths; set -q PYTHONHOME; or echo gone"],
        env=machine.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [f"{machine.home}/go/bin:/my tools", "gone"]


@pytest.fixture(scope="module")
def real_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "a venv"
    venv.create(folder, with_pip=False)
    return folder


KNOTTY = """\
if true; then
  # >>> conda initialize >>>
  eval "$(/a/conda shell.bash hook)"
  # <<< conda initialize <<<
fi
f() {
# >>> mamba initialize >>>
export MAMBA_EXE=/b;
# <<< mamba initialize <<<
}
time conda activate b
conda activate d > /dev/null 2>&1 &
! conda activate kept
for i in 1; do conda activate $i; done
{ conda activate z; } 2>/dev/null
export PYTHONPATH="a
b"
eval "$(conda shell.bash hook)" || echo no
conda activate kept && echo ok
export PATH="/opt/miniconda3/bin:$PATH" # why
if conda activate kept; then echo; fi
case x in x) conda activate x ;; (y) ;; esac
while conda activate kept; do break; done | cat
x=$(conda activate kept) && conda activate r; cat <<E
conda activate kept
E
(conda activate kept) && [[ a && b ]] && \\
  conda activate u"""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_stays_one_for_the_shell(machine: Machine, shell: str) -> None:
    program = require_shell(shell)
    profile = write(profile_of(machine, shell), KNOTTY)
    subprocess.run([program, "-n", str(profile)], check=True)
    named = ("conda-init", "conda-hook", "profile-activate", "profile-variable", "profile-path")
    machine.run("doctor", *(word for name in named for word in ("--fix", name)), "-y")
    done = subprocess.run(
        [program, "-n", str(profile)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), profile.read_text()
    left = [line.split("#")[0] for line in profile.read_text().splitlines()]
    assert [line for line in left if "activate" in line and "kept" not in line] == []
    assert len([line for line in left if "activate" in line]) == 7
    assert 'eval "$(conda shell.bash hook)" || echo no' in left
    machine.run("doctor", "--undo", "-y")
    assert profile.read_text() == KNOTTY
