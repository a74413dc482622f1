"""What people set in bash, zsh and dash, and activation has to survive."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.activation.conftest import ORDERED
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

POSIX = ["bash", "bash-posix", "zsh", "dash"]
STEPS = " ".join(f"activate:{name}" for name in ORDERED)

EVERYWHERE = "set -euC; { LC_ALL=xx_YY.UTF-8; } 2>/dev/null; IFS=/abc:"
BASH = "shopt -s nullglob nocaseglob nocasematch extglob globstar; set -o pipefail -o errtrace"
SETTINGS = [
    *((shell, EVERYWHERE) for shell in POSIX),
    ("bash", BASH),
    ("zsh", "setopt ksh_arrays sh_word_split glob_subst extended_glob"),
]


def posix(name: str) -> Dialect:
    require_shell(DIALECTS[name].program)
    return DIALECTS[name]


@pytest.mark.parametrize(("shell", "text"), SETTINGS)
def test_settings(
    shell: str,
    text: str,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    dialect = posix(shell)
    prefix = make_prefix("my env")
    work = tmp_path / "work"
    (prefix / "etc/conda/activate.d/.hidden.sh").write_text("export HIDDEN=1\n")
    (prefix / "etc/conda/activate.d/a.sh").write_text(
        'export STEPS="${STEPS-} activate:a"\nexport U="$NOT_SET_ANYWHERE"\n'
    )
    done = dialect.run(
        work,
        [
            text,
            dialect.save_state(work, "before"),
            dialect.source(dialect.script(prefix)),
            dialect.run_python(work, "inside"),
            "deactivate",
            "unset STEPS U",
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after"),
        ],
        environ,
    )
    assert done.code == 0, done.said
    assert done.err == ""
    inside = done.env("inside")
    assert inside["STEPS"].strip() == STEPS
    assert inside["HARD"].startswith("hostile $(touch PWNED)")
    assert "HIDDEN" not in inside
    after = done.env("after")
    expected = {**environ, **({"LC_ALL": "xx_YY.UTF-8"} if "LC_ALL" in after else {})}
    assert {key: after[key] for key in expected} == expected
    extra = done.state("after") ^ done.state("before")
    assert extra == set()


PROMPTS = [
    ("bash", ["--norc", "--noprofile"], 'echo "[$PS1]"'),
    ("zsh", ["-f"], 'print -r -- "[$PS1]"'),
    ("dash", [], 'echo "[$PS1]"'),
    ("fish", ["--no-config"], "echo [(fish_prompt)]"),
]


@pytest.mark.parametrize(("shell", "options", "show"), PROMPTS, ids=lambda v: str(v)[:9])
def test_the_prompt_of_an_interactive_shell(
    shell: str,
    options: list[str],
    show: str,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
) -> None:
    prefix = make_prefix("env $(touch PWNED) %n")
    dialect = posix(shell)
    start = "function fish_prompt; echo -n 'old> '; end" if shell == "fish" else "PS1='old> '"
    lines = [start, dialect.source(dialect.script(prefix)), show, "deactivate", show]
    command = [require_shell(dialect.program), *options, "-i", "-c", "\n".join(lines)]
    for extra, shown in (
        ({}, "(env _(touch PWNED) _n) old> "),
        ({"CONDA_CHANGEPS1": "False"}, "old> "),
        ({"SEALENV_NO_PROMPT": "1"}, "old> "),
    ):
        done = subprocess.run(
            command,
            env={**environ, **extra},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert done.stdout == f"[{shown}]\n[old> ]\n", done.stderr
    assert not list(prefix.parent.rglob("PWNED"))


def _strace() -> str | None:
    strace = shutil.which("strace")
    if strace is None:
        return None
    works = subprocess.run([strace, "-qq", "true"], capture_output=True).returncode == 0
    return strace if works else None


STRACE = _strace()


@pytest.mark.skipif(STRACE is None, reason="no working strace")
def test_no_process_is_started_and_no_file_written(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Compared with the same shell that sources nothing."""
    work = tmp_path / "work"

    def trace(lines: list[str], name: str) -> tuple[list[str], set[str]]:
        log = tmp_path / name
        # A first run, so that a shell's own caches are made.
        dialect.run(work, lines, environ)
        options = [str(STRACE), "-f", "-qq", "-y", "-s", "300", "-e"]
        options += ["trace=process,open,openat,creat,unlink,unlinkat,rename,mkdir", "-o", str(log)]
        done = dialect.run(work, lines, environ, *options)
        assert done.code == 0, done.said
        found = log.read_text(errors="replace").splitlines()
        started = [x for x in found if "fork(" in x or "execve(" in x]
        started += [x for x in found if "clone" in x and "CLONE_THREAD" not in x and "(" in x]
        started = [x for x in started if "resumed" not in x]
        if dialect.ext == "nu":
            # It asks tput for the width of what is not a terminal, each time it prints.
            started = [x for x in started if "execve(" in x and "tput" not in x]
        written = {x.split(" ", 1)[1] for x in found if "O_WRONLY" in x or "O_RDWR" in x}
        mine = {x for x in written if str(fake_prefix) in x or "/tmp/sh-" in x}
        return started, mine

    empty = "null" if dialect.ext == "nu" else "cd ."
    plain, _ = trace([empty], "plain")
    active, written = trace([dialect.source(dialect.script(fake_prefix)), "deactivate"], "active")
    assert len(active) == len(plain), "\n".join(active)
    assert written == set()


@pytest.mark.parametrize("shell", POSIX)
def test_a_failing_script_under_set_e(
    shell: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """It does not end the shell; later commands do."""
    (fake_prefix / "etc/conda/activate.d/a.sh").write_text("export A=1\n(exit 3)\n")
    lines = ["set -e", f". '{fake_prefix}/activate.sh'", 'echo "$A"', "false", "echo not here"]
    assert posix(shell).run(tmp_path / "work", lines, environ).out == "1\n"
