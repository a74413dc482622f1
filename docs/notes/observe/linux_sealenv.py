"""Observations in bash on Linux of environments that sealenv made from the channel of `sealenv demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.notes.observe.note import Observation

_SETTLE = ((r"python3\.\d+", "python3.X"),)
_GIVEN = (
    "`envs/my_env`, made from the channel of `sealenv demo`, with stand-ins for conda and mamba."
)


def _made(stage: Any, folder: Path) -> None:
    stage.environment(folder)


def _tools(stage: Any, folder: Path) -> None:
    stage.install(folder)


def sealed(name: str, question: str, script: str, answer: str, **more: Any) -> Observation:
    """An observation in bash with `sealenv` on PATH."""
    more = {"prepare": _made, "given": _GIVEN, "place": "env", "changing": _SETTLE, **more}
    return Observation(f"env-{name}", question, script, "bash", answer, **more)


OBSERVATIONS = [
    sealed(
        "zero-trace",
        "What does a create write outside the environment and the package cache?",
        """
sealenv create -q my_env -c "$CHANNEL" --no-pyc
echo "exit code $?"
echo 'in the home folder:'; find home -mindepth 1
echo 'in TMPDIR:'; find tmp -mindepth 1
sealenv run my_env -- python -c 'import sys, os; print(os.path.relpath(sys.prefix))'
""",
        "Nothing: no rc file, no `~/.conda/environments.txt`, no profile, and the temporary folder is empty again.",
        prepare=_tools,
        given="the channel of `sealenv demo`, named by CHANNEL.",
    ),
    sealed(
        "gate",
        "What does activation do in a shell that is not clean?",
        """
export PYTHONPATH=/other/lib VIRTUAL_ENV=/other/venv
before=$PATH
. envs/my_env/activate.sh
echo "exit code $?"
[ "$PATH" = "$before" ] && echo 'PATH is as it was'
""",
        "It refuses with everything that is in the way, and changes nothing.",
    ),
    sealed(
        "activate",
        "What does activation set, and what does `deactivate` leave?",
        """
env | sort > before
. envs/my_env/activate.sh
env | grep -E '^(CONDA_|MAMBA_|PYTHON|SEALENV_PREFIX)' | grep -v DONTWRITE | sort
echo "${PATH%%:*}"
deactivate
env | sort | diff before - | grep -v '^[<>] _='
""",
        "The variables of CEP 32, the executables of conda and mamba, and three more. Afterwards the shell is what it was: the comparison prints nothing.",
    ),
    sealed(
        "altered-file",
        "What does `verify` say after a file was changed, one lost and one added?",
        """
cd envs/my_env
commands=$(find lib -path '*site-packages/pip/_internal/commands')
echo '# changed' >> "$commands/debug.py"
rm "$commands/hash.py"
echo 'print()' > "$commands/extra.py"
sealenv verify . --json | grep -E '"(kind|path)"' | sort | sed 's/^ *//'
sealenv verify . >/dev/null 2>&1; echo "exit code $?"
""",
        "All three, each with its path; the exit code is 1.",
    ),
    sealed(
        "pending",
        "What is an environment whose create was killed?",
        """
mkdir -p envs/half/conda-meta
printf 'sealenv-bootstrap 0.1.0\\n' > envs/half/conda-meta/sealenv.pending
: > envs/half/conda-meta/history
sealenv list 2>&1 | awk '{print $1, $NF}' | tail -n +2
sealenv run half -- python -V
echo "exit code $?"
""",
        "`list` calls it pending, and nothing runs in it. The marker is the file `conda-meta/sealenv.pending`.",
    ),
    sealed(
        "moved",
        "What happens in an environment that was moved by hand?",
        """
mkdir other && mv envs/my_env other/my_env
. other/my_env/activate.sh
echo "exit code $?"
sealenv move -q --here other/my_env
echo "move --here: exit code $?"
. other/my_env/activate.sh && python -c 'import sys, os; print(os.path.relpath(sys.prefix))'
""",
        "Activation is refused and shows the original path; `move --here` rewrites the files.",
    ),
]
