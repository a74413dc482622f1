"""Observations in bash on Linux: what any shell and any Python do with PATH and variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.notes.observe.note import Observation


def bash(name: str, question: str, script: str, answer: str, **more: Any) -> Observation:
    """An observation in bash."""
    return Observation(f"sh-{name}", question, script, "bash", answer, **more)


def _script(stage: Any, folder: Path) -> None:
    stage.copy(folder, "micromamba_bootstrap.sh")


_GIVEN = "`micromamba_bootstrap.sh` of bootstrap/."

OBSERVATIONS = [
    bash(
        "silent-fallback",
        "What does a script see when the Python of its environment is gone, with and without a system Python?",
        """
export PATH="$PWD/envs/mine/bin:$PWD/system/bin:/usr/bin:/bin"
sh -c tool
rm envs/mine/bin/tool
echo 'broken, with a system one behind it:'
sh -c tool; echo "exit code $?"
echo 'broken, and nothing behind it:'
PATH="$PWD/envs/mine/bin:/usr/bin:/bin" sh -c tool 2>/dev/null; echo "exit code $?"
""",
        "The search goes on to the next folder and succeeds there: exit code 0, the wrong program. Without a second "
        "one the exit code is 127.",
        files={
            "envs/mine/bin/tool": "#!/bin/sh\necho 'tool of the environment'\n",
            "system/bin/tool": "#!/bin/sh\necho 'tool of the system'\n",
        },
    ),
    bash(
        "path-order",
        "What does the order of two entries in PATH decide?",
        """
for order in "$PWD/a:$PWD/b" "$PWD/b:$PWD/a"; do
    PATH="$order:/usr/bin:/bin" sh -c tool
done
""",
        "Everything: the same two folders in another order start another program, and neither is an error.",
        files={
            "a/tool": "#!/bin/sh\necho 'the one in a'\n",
            "b/tool": "#!/bin/sh\necho 'the one in b'\n",
        },
    ),
    bash(
        "inherited-activation",
        "What does a process see that was started from an activated shell?",
        """
export CONDA_PREFIX=/envs/one CONDA_SHLVL=1 PATH="/envs/one/bin:$PATH"
sh -c 'echo "CONDA_PREFIX=$CONDA_PREFIX"; echo "PATH begins with ${PATH%%:*}"'
env -i /bin/sh -c 'echo "after env -i: [$CONDA_PREFIX]"'
""",
        "Activation is a set of variables, and a child gets them all. Only a process that was started with a bare "
        "environment is clean.",
    ),
    bash(
        "moved-interpreter-line",
        "What becomes of a script whose first line names an interpreter by an absolute path?",
        """
mkdir -p env/bin
ln -s /bin/sh env/bin/python
printf '#!%s/env/bin/python\\necho it runs\\n' "$PWD" > env/bin/tool
chmod +x env/bin/tool
env/bin/tool
mv env moved
head -n 1 moved/bin/tool
moved/bin/tool >/dev/null 2>&1; echo "exit code $?"
""",
        "The first line leads to where the folder was. Every entry point of an environment is such a script.",
    ),
    bash(
        "digest-without-a-name",
        "Can `sha256sum -c` check a file that holds the 64 digits alone, as upstream publishes it?",
        """
printf 'micromamba' > micromamba-win-64
sha256sum < micromamba-win-64 | cut -d ' ' -f 1 | tr -d '\\n' > micromamba-win-64.sha256
wc -c < micromamba-win-64.sha256
sha256sum -c micromamba-win-64.sha256 >/dev/null 2>&1; echo "sha256sum -c: exit code $?"
printf '%s  %s\\n' "$(cat micromamba-win-64.sha256)" micromamba-win-64 | sha256sum -c
""",
        "It refuses: it wants a name on the line. With one put behind the digits it checks.",
    ),
    bash(
        "bootstrap-help",
        "How is the script for POSIX shells called?",
        """
sh micromamba_bootstrap.sh --help
echo "exit code $?"
""",
        "As the batch file, with the same options and exit codes.",
        prepare=_script,
        given=_GIVEN,
    ),
    bash(
        "bootstrap-dry-run",
        "What would it do, and does it write anything?",
        """
PY_ENVS=$PWD/envs sh micromamba_bootstrap.sh my_env 3.12 --dry-run
echo "exit code $?"
find home tmp envs 2>/dev/null
""",
        "It says where everything would be, and writes nothing.",
        prepare=_script,
        given=_GIVEN,
        changing=((r"1-(linux|osx)-\S+", "1-<platform>"),),
    ),
    bash(
        "bootstrap-gate",
        "What does it say in a shell that is not clean?",
        """
CONDA_PREFIX=/opt/other PYTHONPATH=/opt/lib sh micromamba_bootstrap.sh my_env 3.12
echo "exit code $?"
CONDA_SHLVL=0 sh micromamba_bootstrap.sh my_env 3.12 --dry-run >/dev/null
echo "with CONDA_SHLVL=0 alone: exit code $?"
""",
        "All that is in the way is listed. `CONDA_SHLVL=0`, which a hook leaves behind, is not.",
        prepare=_script,
        given=_GIVEN,
    ),
]
