"""Real shells: a block of conda init is found, fixed, and restored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.computers import write
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
# fake_conda: prints what the hook of a real conda runs at the end.
case "$1" in
shell.fish) echo 'set -gx CONDA_PREFIX /fake; set -gx CONDA_SHLVL 1' ;;
shell.tcsh) echo 'setenv CONDA_PREFIX /fake; setenv CONDA_SHLVL 1' ;;
*) echo 'export CONDA_PREFIX=/fake CONDA_SHLVL=1' ;;
esac
"""


def environment(machine: Machine, shell: str) -> dict[str, str]:
    """The variables that a new interactive shell passes to a program."""
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


def test_a_universal_variable_of_fish(machine: Machine) -> None:
    """Found as fish writes it. The command that the finding names removes the variable."""
    fish = require_shell("fish")
    ask = "set -Ux PYTHONPATH '/a b' /c; set -Ux PYTHONHOME; set -Ux LANG C"
    subprocess.run([fish, "-c", ask], env=machine.env, check=True)
    (found,) = machine.json("doctor", "--only", "profile-variable", code=1)["findings"]
    assert "PYTHONPATH:" in found["evidence"][0]
    assert "set -Ue NAME" in found["fix"]
    subprocess.run([fish, "-c", "set -Ue PYTHONPATH"], env=machine.env, check=True)
    assert "PYTHONPATH" not in environment(machine, "fish")
    assert machine.json("doctor", "--only", "profile-variable")["findings"] == []
