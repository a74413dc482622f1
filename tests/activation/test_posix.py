"""What people set in bash, zsh and dash, and activation has to survive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.activation.conftest import ORDERED
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

POSIX = ["bash", "bash-posix", "zsh", "dash"]
STEPS = " ".join(f"activate:{name}" for name in ORDERED)

EVERYWHERE = {
    "eu": "set -eu",
    "noglob": "set -f",
    "noclobber": "set -C",
    "allexport": "set -a",
    "ifs": "IFS=/abc:",
    "no-ifs": "unset IFS",
    "aliases": "\n".join(
        f"alias {name}='echo ALIASED'"
        for name in (
            *("printf", "echo", "test", "export", "unset", "set", "eval", "return", "read"),
            *("hash", "deactivate", "command", "builtin", "shift", "break", "continue"),
        )
    ),
    "functions": "\n".join(
        f"{n}() {{ echo SHADOWED; }}" for n in ("echo", "test", "cd", "command")
    ),
    "lc_all": "{ LC_ALL=xx_YY.UTF-8; } 2>/dev/null",
}
BASH = {
    "failglob": "shopt -s failglob",
    "nullglob": "shopt -s nullglob dotglob nocaseglob nocasematch extglob globstar",
    "aliases-on": "shopt -s expand_aliases\n" + EVERYWHERE["aliases"],
    "inherit": "set -o pipefail -o errtrace -o functrace",
}
ZSH = {
    "emulate-ksh": "emulate ksh",
    "emulate-sh": "emulate sh",
    "emulate-csh": "emulate csh",
    "junkie": "setopt csh_junkie_quotes rc_quotes csh_null_glob",
    "arrays": "setopt ksh_arrays sh_word_split glob_subst numeric_glob_sort extended_glob",
    "fussy": "setopt warn_create_global err_return no_unset no_function_argzero",
    "null": "setopt null_glob glob_dots no_case_glob ignore_braces magic_equal_subst all_export",
}


def settings() -> list[tuple[str, str, str]]:
    rows = [(shell, name, text) for shell in POSIX for name, text in EVERYWHERE.items()]
    rows += [("bash", name, text) for name, text in BASH.items()]
    return rows + [("zsh", name, text) for name, text in ZSH.items()]


def posix(name: str) -> Dialect:
    require_shell(DIALECTS[name].program)
    return DIALECTS[name]


@pytest.mark.parametrize(("shell", "name", "text"), settings())
def test_settings(
    shell: str,
    name: str,
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
        'export STEPS="${STEPS-} activate:a"\nexport U="$NOT_SET_ANYWHERE"\nfalse\n'
    )
    if name == "aliases" and shell == "dash":
        for path in prefix.glob("etc/conda/*.d/*.sh"):
            path.write_text(path.read_text().replace("export ", "\\export "))
    done = dialect.run(
        work,
        [
            text,
            dialect.save_state(work, "before").replace("alias;", "'alias';"),
            # Aliases apply to lines read later: dash and zsh read this file as one.
            dialect.source(dialect.script(prefix)),
            dialect.run_python(work, "inside"),
            "\\deactivate",
            "\\unset STEPS U",
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after").replace("alias;", "'alias';"),
        ],
        environ,
    )
    assert done.code == 0, done.said
    assert done.err == ""
    assert "SHADOWED" not in done.out
    inside = done.env("inside")
    assert inside["STEPS"].strip() == STEPS
    assert inside["HARD"].startswith("hostile $(touch PWNED)")
    assert "HIDDEN" not in inside
    after = done.env("after")
    expected = {**environ, **({"LC_ALL": "xx_YY.UTF-8"} if "LC_ALL" in after else {})}
    assert {key: after[key] for key in expected} == expected
    extra = done.state("after") ^ done.state("before")
    # A plain sh cannot give an alias back.
    lost = ("deactivate=",) if shell == "dash" else ()
    assert {line for line in extra if not line.startswith(lost)} == set()


@pytest.mark.parametrize("shell", POSIX)
def test_it_is_sourced_by_a_relative_path(
    shell: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    lines = [f"cd '{fake_prefix.parent}'", f". ./{fake_prefix.name}/activate.sh"]
    for more in (lines, [f"cd '{fake_prefix}'", ". ./activate.sh"]):
        done = posix(shell).run(work, [*more, posix(shell).run_python(work, "in")], environ)
        assert done.env("in")["CONDA_PREFIX"] == str(fake_prefix), done.said


@pytest.mark.parametrize("shell", POSIX)
def test_run_instead_of_sourced_it_says_so(
    shell: str, fake_prefix: Path, environ: dict[str, str]
) -> None:
    done = subprocess.run(
        posix(shell).argv(fake_prefix / "activate.sh"), env=environ, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "has to be sourced" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_what_was_not_exported_is_not_exported_after(
    shell: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    lines = ["BOTH='only here'", f". '{fake_prefix}/activate.sh'", "deactivate", 'echo "$BOTH"']
    done = posix(shell).run(work, [*lines, posix(shell).run_python(work, "after")], environ)
    assert done.out == "only here\n"
    assert "BOTH" not in done.env("after")


@pytest.mark.parametrize("path", ["", "PATH=", "unset PATH"])
@pytest.mark.parametrize("shell", POSIX)
def test_an_empty_path(
    shell: str, path: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = posix(shell)
    lines = [path or "PATH=/bin::/usr/bin:", f". '{fake_prefix}/activate.sh'", 'echo "$PATH"']
    lines += ["deactivate", 'echo "${PATH-unset}"']
    done = dialect.run(tmp_path / "work", lines, environ)
    own = f"{fake_prefix}/bin"
    expected = {
        "": [f"{own}:/bin::/usr/bin:", "/bin::/usr/bin:"],
        "PATH=": [own, ""],
        "unset PATH": [own, "unset"],
    }
    assert done.out.split("\n")[:2] == expected[path], done.err


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
            # It asks tput for the width of what is no terminal, each time it prints.
            started = [x for x in started if "execve(" in x and "tput" not in x]
        written = {x.split(" ", 1)[1] for x in found if "O_WRONLY" in x or "O_RDWR" in x}
        mine = {x for x in written if str(fake_prefix) in x or "/tmp/sh-" in x}
        return started, mine

    empty = "null" if dialect.ext == "nu" else "cd ."
    plain, _ = trace([empty], "plain")
    active, written = trace([dialect.source(dialect.script(fake_prefix)), "deactivate"], "active")
    assert len(active) == len(plain), "\n".join(active)
    assert written == set()


@pytest.mark.parametrize("shell", [*POSIX, "tcsh", "fish"])
def test_order_in_a_locale_that_sorts_otherwise(
    shell: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    names = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    given = [os.environ.get("SEALENV_TEST_LOCALE", "")]
    found = [n for n in given + names if n.endswith((".utf8", ".UTF-8")) and n[0] != "C"]
    if not found:
        pytest.skip("no locale but C on this machine (SEALENV_TEST_LOCALE and LOCPATH name one)")
    dialect = posix(shell)
    work = tmp_path / "work"
    environ["LC_ALL"] = found[0]
    lines = [dialect.source(dialect.script(fake_prefix)), dialect.run_python(work, "in")]
    done = dialect.run(work, lines, environ)
    assert done.env("in")["STEPS"].strip() == STEPS, done.said


@pytest.mark.parametrize(
    "name", ["PATH", "CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV", "WAS_SET", "BOTH"]
)
@pytest.mark.parametrize("shell", POSIX)
def test_a_readonly_variable_is_a_refusal(
    shell: str, name: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = posix(shell)
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            f"readonly {name}",
            dialect.save_state(work, "first"),
            dialect.run_python(work, "before"),
            dialect.save_state(work, "before"),
            f". '{fake_prefix}/activate.sh' || echo STATUS:$?",
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after"),
        ],
        environ,
    )
    assert done.statuses() == [1], done.said
    assert f"read-only here: {name} Nothing was changed" in done.said
    assert done.err.count("\n") == 4
    assert done.env("after") == done.env("before")
    assert done.state("after") == done.state("before")


@pytest.mark.parametrize("shell", POSIX)
def test_a_readonly_prompt_is_a_refusal(
    shell: str, fake_prefix: Path, environ: dict[str, str]
) -> None:
    program = require_shell(DIALECTS[shell].program)
    lines = f"PS1='old> '; readonly PS1; . '{fake_prefix}/activate.sh'; echo STATUS:$?"
    done = subprocess.run(
        [program, *(["-f"] if shell == "zsh" else []), "-i", "-c", lines],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert done.stdout == "STATUS:1\n", done.stderr
    assert "are read-only here:\n  PS1\n" in done.stderr


@pytest.mark.parametrize("many", [40, 200])
@pytest.mark.parametrize("shell", POSIX)
def test_a_shell_that_was_given_many_files(
    shell: str, many: int, fake_prefix: Path, environ: dict[str, str]
) -> None:
    """dash holds its script behind them, and is none the less the one of the environment."""
    program = require_shell(DIALECTS[shell].program)
    start = "import os,sys\nfor n in range(3, int(sys.argv[1])): os.dup2(0, n)\n"
    start += "os.execv(sys.argv[2], sys.argv[2:])"
    done = subprocess.run(
        [
            *(sys.executable, "-I", "-c", start, str(many)),
            *(program, "-c", f". '{fake_prefix}/activate.sh'"),
        ],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stderr) == (0, "")
