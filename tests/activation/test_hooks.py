"""Activation in a shell that has loaded the hook of conda or mamba, with nothing active.

Afterwards `conda` and `mamba` are those of the environment, and `deactivate` gives the others back.
The functions below stand in for those of the hooks: they start `$CONDA_EXE` or `$MAMBA_EXE`, and
evaluate what it prints for a shell.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.quoting import QUOTE
from tests.activation.dialects import DIALECTS
from tests.shells import require_shell

FAKE_HOOKS = {
    "conda": """\
export CONDA_EXE={exe} CONDA_PYTHON_EXE={exe} _CE_M= _CE_CONDA= CONDA_SHLVL=0
fake_conda_exe() ( "$CONDA_EXE" "$@" )
conda() {{
    case ${{1-}} in
        install) fake_conda_exe "$@" && eval "$(fake_conda_exe shell.posix reactivate)" ;;
        *) fake_conda_exe "$@" ;;
    esac
}}
""",
    "mamba": """\
export MAMBA_EXE={exe} MAMBA_ROOT_PREFIX={root} CONDA_SHLVL=0
fake_mamba_exe() ( "$MAMBA_EXE" "$@" )
{name}() {{
    case ${{1-}} in
        install) fake_mamba_exe "$@" && eval "$(fake_mamba_exe shell reactivate --shell bash)" ;;
        *) fake_mamba_exe "$@" ;;
    esac
}}
""",
}


def fake_program(path: Path, label: str) -> None:
    """A program that prints its label and arguments; for `shell...` a line that prints them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'#!/bin/sh\ncase $1 in shell*) echo "echo {label} $*" ;; *) echo "{label} $*" ;; esac\n'
    )
    path.chmod(0o755)


@pytest.mark.parametrize("hook", list(FAKE_HOOKS))
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_conda_and_mamba_are_those_of_the_environment(
    shell: str, hook: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    require_shell(shell)
    dialect = DIALECTS[shell]
    for name in ("conda", "mamba"):
        fake_program(fake_prefix / "bin" / name, f"own {name}")
    root = tmp_path / "other"
    (root / "conda-meta").mkdir(parents=True)
    fake_program(root / "bin" / hook, f"other {hook}")
    fake_program(root / "condabin" / hook, f"other {hook}")
    quote = QUOTE["sh"]
    done = dialect.run(
        tmp_path / "work",
        [
            FAKE_HOOKS[hook].format(
                name=hook, exe=quote(str(root / "bin" / hook)), root=quote(str(root))
            ),
            f"export PATH={quote(str(root / 'condabin'))}:$PATH",
            f"{hook} before",
            dialect.source(dialect.script(fake_prefix)),
            "conda install six",
            "mamba install six",
            "deactivate",
            f"{hook} after",
        ],
        environ,
    )
    before, *inside, after = done.out.splitlines()
    assert (before, after) == (f"other {hook} before", f"other {hook} after"), done.said
    assert {"own conda install six", "own mamba install six"} <= set(inside), done.said
    assert all(line.startswith("own ") for line in inside), done.said
