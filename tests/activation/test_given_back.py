"""What a user's own shell has, in bash, zsh and dash, and gets back from `deactivate` as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.activation.dialects import DIALECTS, Dialect, Result
from tests.shells import require_shell

BOTH = pytest.mark.parametrize("shell", ["bash", "zsh"])
POSIX = pytest.mark.parametrize("shell", ["bash", "bash-posix", "zsh", "dash"])

# Of names that an activation takes out (PYENV_*, CONDARC is also set), or that it sets (BOTH).
OF_BASH = {
    "array": "PYENV_LIST=(a b 'c d')",
    "exported-array": "declare -ax PYENV_LIST=(a b 'c d')",
    "sparse": "PYENV_LIST=([5]=x)",
    "dict": "declare -A CONDA_MAP=([x]=1 [0]=2)",
    "integer": "declare -ix PYENV_N=5",
    "upper": "declare -xu PYENV_U=abc",
    "not-exported": "PYENV_A='b c'; declare -i CONDA_I=4; CONDA_EXE=/mine",
    "marked": "export BOTH PYENV_MARKED",
    "reference": "MYVAR=kept; declare -n CONDA_REF=MYVAR",
    "exported-reference": "export MYVAR=kept; declare -n CONDA_REF=MYVAR",
}
OF_ZSH = {
    "array": "PYENV_LIST=(a b 'c d')",
    "dict": "typeset -A CONDA_MAP=(x 1)",
    "integer": "typeset -ix PYENV_N=5",
    "float": "typeset -Fx PYENV_F=1.5",
    "tied": "typeset -Tx PYENV_T pyenv_t=(a b); typeset -Tx BOTH both=(a b)",
    "lower": "typeset -lx PYENV_L=abc",
    "padded": "typeset -xL 5 PYENV_P=abcde",
    "not-exported": "PYENV_A='b c'; typeset -i CONDA_I=4; CONDA_EXE=/mine",
}
NAMES = "BOTH CONDA_MAP CONDA_I CONDA_EXE CONDA_REF MYVAR"
NAMES += "".join(f" PYENV_{name}" for name in (*"NUAFTLP", "LIST", "MARKED"))


def posix(name: str) -> Dialect:
    require_shell(DIALECTS[name].program)
    return DIALECTS[name]


def shown(done: Result, mark: str) -> list[str]:
    lines = done.out.split("\n")
    return lines[lines.index(f"<{mark}") : lines.index(f"{mark}>")][1:]


def show(mark: str, names: str = NAMES) -> str:
    return f"echo '<{mark}'; typeset -p {names} 2>/dev/null || :; echo '{mark}>'"


@pytest.mark.parametrize("options", ["", "set -eu"])
@pytest.mark.parametrize(
    ("shell", "kind"),
    [*(("bash", k) for k in OF_BASH), *(("bash-posix", k) for k in OF_BASH)]
    + [("zsh", k) for k in OF_ZSH],
)
def test_variables_of_every_kind(
    shell: str,
    kind: str,
    options: str,
    fake_prefix: Path,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    dialect = posix(shell)
    work = tmp_path / "work"
    lines = [
        (OF_ZSH if shell == "zsh" else OF_BASH)[kind],
        show("before"),
        options,
        dialect.run_python(work, "before"),
        f". '{fake_prefix}/activate.sh'",
        dialect.run_python(work, "inside"),
        "deactivate",
        dialect.run_python(work, "after"),
        show("after"),
    ]
    done = dialect.run(work, lines, environ)
    assert done.err == "", done.said
    assert shown(done, "after") == shown(done, "before") != []
    inside = done.env("inside")
    assert not {n for n in inside if n.startswith("PYENV_") or n in ("CONDA_MAP", "CONDA_I")}
    after = done.env("after")
    after.pop("STEPS")
    assert after == done.env("before")


@BOTH
@pytest.mark.parametrize("kind", ["array", "dict", "integer", "upper"])
def test_what_takes_no_text_is_refused(
    shell: str, kind: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """An exported array reaches no child, and an integer makes 0 of a path."""
    dialect = posix(shell)
    work = tmp_path / "work"
    define = {
        "array": "BOTH=(a b)",
        "dict": "typeset -A BOTH; BOTH[x]=1",
        "integer": "typeset -i BOTH=3",
        "upper": "typeset -u BOTH=a",
    }[kind]
    script = f". '{fake_prefix}/activate.sh' || echo STATUS:$?"
    lines = [define, "set -u", show("before"), dialect.save_state(work, "before"), script]
    lines += [show("after"), dialect.save_state(work, "after")]
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [1], done.said
    assert "are read-only here: BOTH Nothing was changed" in done.said
    assert shown(done, "after") == shown(done, "before")
    assert done.state("after") == done.state("before")


@POSIX
@pytest.mark.parametrize("name", ["IFS", "LC_ALL", "GLOBSORT"])
def test_what_is_read_only_for_a_moment_too(
    shell: str, name: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = posix(shell)
    work = tmp_path / "work"
    lines = [
        f"{name}=C; readonly {name}",
        dialect.save_state(work, "first"),
        dialect.save_state(work, "before"),
        f". '{fake_prefix}/activate.sh' || echo STATUS:$?",
        dialect.run_python(work, "after"),
        dialect.save_state(work, "after"),
    ]
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [1], done.said
    assert f"are read-only here: {name} Nothing was changed" in done.said
    assert done.err.count("\n") == 4
    assert "CONDA_PREFIX" not in done.env("after")
    assert done.state("after") == done.state("before")


@POSIX
@pytest.mark.parametrize("exported", [True, False])
@pytest.mark.parametrize("name", ["LC_ALL", "GLOBSORT"])
def test_what_is_changed_for_a_moment_is_exported_as_before(
    name: str,
    exported: bool,
    shell: str,
    fake_prefix: Path,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    dialect = posix(shell)
    work = tmp_path / "work"
    define = f"{name}=C.UTF-8" + f"; export {name}" * exported
    lines = [define, "set -a", f". '{fake_prefix}/activate.sh'", dialect.run_python(work, "inside")]
    lines += ["deactivate", dialect.run_python(work, "after")]
    lines += [f'case $- in *a*) echo STATUS:0 "$# ${name}" ;; esac']
    done = dialect.run(work, lines, environ)
    assert "STATUS:0 0 C.UTF-8" in done.out, done.said
    for when in ("inside", "after"):
        assert (name in done.env(when)) == exported, when
        assert not {n for n in done.env(when) if n.startswith("_sealenv")}


@POSIX
@pytest.mark.parametrize("old", ["unset PS1", "PS1=", "PS1='old> '"])
def test_the_prompt_is_as_it_was(
    shell: str, old: str, fake_prefix: Path, environ: dict[str, str]
) -> None:
    dialect = posix(shell)
    script = f". '{fake_prefix}/activate.sh'"
    look = 'echo "[${PS1-unset}]"'
    text = "\n".join([old, look, script, look, "deactivate", look])
    done = subprocess.run(
        [require_shell(dialect.program), *dialect.options, "-i", "-c", text],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    before, inside, after = done.stdout.splitlines()
    assert after == before, done.stderr
    assert inside == f"[(my_env) {before.strip('[]').replace('unset', '')}]"


@pytest.mark.parametrize(
    ("shell", "kind"), [("bash", "alias"), ("zsh", "alias"), ("zsh", "function")]
)
@pytest.mark.parametrize("options", ["", "set -eu"])
def test_a_deactivate_of_ones_own(
    shell: str, options: str, kind: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = posix(shell)
    work = tmp_path / "work"
    # An alias that the text of the function must not meet again.
    function = "deactivate() { print -r -- OWN *(N) ${(U):-x}; }\nalias print='echo ALIASED'"
    alias = "alias deactivate=\"echo OWN 'x  y' \\$#\""
    lines = [
        "shopt -s expand_aliases" if shell == "bash" else "setopt extended_glob",
        function if kind == "function" else alias,
        dialect.save_state(work, "first"),
        dialect.save_state(work, "before"),
        options,
        f". '{fake_prefix}/activate.sh'",
        "\\deactivate",
        options and "set +eu",
        dialect.save_state(work, "after"),
        "eval 'deactivate'",
    ]
    done = dialect.run(work, lines, environ)
    assert done.err == "", done.said
    assert "OWN" in done.out
    assert "ALIASED" not in done.out
    extra = done.state("after") ^ done.state("before")
    assert {line for line in extra if not line.startswith("STEPS")} == set()


@pytest.mark.parametrize("define", ["set -r path = (/usr/bin /bin)", "set -r prompt = (old)"])
def test_csh_ends_a_script_that_meets_what_is_read_only(
    define: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Before there is anything of ours. Only an interactive shell goes on behind it."""
    dialect = posix("tcsh")
    lines = [
        define,
        dialect.save_state(tmp_path, "before"),
        dialect.source(dialect.script(fake_prefix)),
        "echo STATUS:$status",
        dialect.save_state(tmp_path, "after"),
        dialect.run_python(tmp_path, "after"),
    ]
    done = subprocess.run(
        [require_shell("tcsh"), "-f", "-i"],
        input="\n".join(lines).encode() + b"\n",
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        start_new_session=True,
    )
    result = Result(done, tmp_path)
    assert result.statuses() == [1], result.said
    assert "is read-only" in result.err
    assert result.state("after") == result.state("before")
    assert "CONDA_PREFIX" not in result.env("after")
