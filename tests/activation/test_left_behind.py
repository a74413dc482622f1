"""What other tools have left in a shell: hidden from the environment, and given back by `deactivate`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.activation.gatelines import cleared, families, honoured, members, paths
from sealenv.activation.oldrules import PROGRAMS, RULES, rule_of
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

LEFT = {
    "CONDA_EXE": "/opt/conda/bin/conda",
    "CONDA_PYTHON_EXE": "/opt/conda/bin/python",
    "CONDA_CHANNELS": "https://elsewhere",
    "CONDA_ENVS_DIRS": "/elsewhere",
    "CONDA_ENVS_PATH": "/elsewhere",
    "CONDA_REGISTER_ENVS": "true",
    "CONDA_SUBDIR": "osx-64",
    "CONDA_OVERRIDE_CUDA": "99",
    "MAMBA_EXE": "/opt/mamba",
    "MAMBA_CHANNELS": "elsewhere",
    "_CE_CONDA": "conda",
    "_CE_M": "-m",
    "PIXI_HOME": "/pixi",
    "PYENV_VERSION": "3.8",
    "UV_TARGET": "/elsewhere",
    "UV_PYTHON": "3.8",
    "UV_PROJECT_ENVIRONMENT": "/elsewhere",
    "PIP_SRC": "/elsewhere",
    "PYTHONSTARTUP": "/startup.py",
    "BASH_ENV": "/elsewhere",
    "ENV": "/elsewhere",
    "CONDARC": "/elsewhere",
    "MAMBARC": "/elsewhere",
}
KEPT = {"CONDA_PKGS_DIRS": "/pkgs", "CONDA_CHANGEPS1": "true", "PIP_INDEX_URL": "https://index"}
UNKNOWN = {"CONDA_NOBODY_KNOWS_THIS": "1"}
"""Of a family, and not named: only a shell that can list its variables finds it."""


def test_the_lists_are_of_the_table() -> None:
    for name in (*cleared(), *members(), *paths()):
        rule = rule_of(name)
        assert rule is not None
        assert rule.level == "present", name
    assert all(rule_of(name) is None for name in honoured())
    assert honoured() == ["CONDA_CHANGEPS1", "CONDA_PKGS_DIRS"]
    covered = {rule.name for rule in RULES if rule.level == "present"}
    covered -= {*cleared(), *paths(), "BASH_FUNC_*"}
    assert all(name.startswith(tuple(families())) for name in covered)


@pytest.mark.parametrize("condarc", [True, False], ids=["condarc", "no-condarc"])
def test_what_is_left_is_out_until_deactivate(
    condarc: bool, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    if not condarc:
        (fake_prefix / ".condarc").unlink()
    environ.update(LEFT | KEPT | UNKNOWN)
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            dialect.set_variable("UV_PREFIX", "/here"),
            dialect.run_python(work, "before"),
            dialect.source(dialect.script(fake_prefix)),
            dialect.run_python(work, "inside"),
            "deactivate",
            dialect.run_python(work, "after"),
        ],
        environ,
    )
    inside, after = done.env("inside"), done.env("after")
    left = {name for name in (*LEFT, "UV_PREFIX") if name in inside}
    assert left == ({"CONDARC", "MAMBARC"} if condarc else set()), done.said
    if condarc:
        assert inside["CONDARC"] == inside["MAMBARC"] == f"{fake_prefix}/.condarc"
    listed = dialect.name not in ("dash", "tcsh")
    assert ("CONDA_NOBODY_KNOWS_THIS" not in inside) == listed
    assert {name: inside[name] for name in KEPT} == KEPT
    after.pop("STEPS", None)
    assert after == done.env("before")


def test_the_hooks_of_conda_and_mamba_start_its_own(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    for name in ("conda", "mamba"):
        (fake_prefix / "bin" / name).touch()
    environ["CONDA_EXE"] = "/opt/conda/bin/conda"
    work = tmp_path / "work"
    lines = [
        dialect.source(dialect.script(fake_prefix)),
        dialect.run_python(work, "inside"),
        "deactivate",
        dialect.run_python(work, "after"),
    ]
    done = dialect.run(work, lines, environ)
    inside, after = done.env("inside"), done.env("after")
    own = fake_prefix / "bin"
    assert inside["CONDA_EXE"] == f"{own}/conda", done.said
    assert inside["CONDA_PYTHON_EXE"] == f"{own}/python"
    assert inside["MAMBA_EXE"] == f"{own}/mamba"
    assert after["CONDA_EXE"] == "/opt/conda/bin/conda"
    assert not {"CONDA_PYTHON_EXE", "MAMBA_EXE"} & set(after)


def test_a_setting_of_another_program_stays(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Many a program reads ENV; to a shell it is a file."""
    environ["ENV"] = "production"
    work = tmp_path / "work"
    lines = [dialect.source(dialect.script(fake_prefix)), dialect.run_python(work, "inside")]
    assert dialect.run(work, lines, environ).env("inside")["ENV"] == "production"


def shadow(dialect: Dialect, name: str) -> str:
    return {
        "sh": f"{name}() {{ echo OUTER; }}",
        "fish": f"function {name}; echo OUTER; end",
        "csh": f"alias {name} 'echo OUTER'",
        "xsh": f"aliases['{name}'] = lambda args: print('OUTER')",
        "nu": f"def {name} [...rest] {{ print OUTER }}",
    }[dialect.ext]


@pytest.mark.parametrize("name", ["conda", "python", "micromamba"])
def test_a_function_that_hides_a_program_is_refused(
    name: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """As `conda init` leaves one, with nothing active."""
    environ.update(CONDA_EXE="/opt/conda/bin/conda", CONDA_SHLVL="0")
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            shadow(dialect, name),
            dialect.save_state(work, "first"),
            dialect.run_python(work, "before"),
            dialect.save_state(work, "before"),
            dialect.attempt(dialect.script(fake_prefix)),
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after"),
        ],
        environ,
    )
    assert done.statuses() == [1], done.said
    assert f"{name}=(" in done.said
    assert "hides the program of the environment" in done.said
    clear = {
        "sh": f"unset -f {name}",
        "fish": f"functions -e {name}",
        "csh": f"unalias {name}",
        "xsh": f"del aliases['{name}']",
        "nu": f"hide {name}",
    }[dialect.ext]
    assert clear in done.said
    assert f"sealenv shell --clean {fake_prefix}" in done.said
    assert done.env("after") == done.env("before")
    assert done.state("after") == done.state("before")
    # What it says helps.
    lines = [shadow(dialect, name), clear, dialect.attempt(dialect.script(fake_prefix))]
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [0], done.said


@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_an_alias_of_an_interactive_shell(
    shell: str, fake_prefix: Path, environ: dict[str, str]
) -> None:
    program = require_shell(DIALECTS[shell].program)
    start = [program, *(["-f"] if shell == "zsh" else []), "-i"]
    if shell == "bash":
        start[1:1] = ["--norc"]
    for value, code in (
        ("/opt/conda/bin/python", 1),
        # A plain sh cannot read its own aliases.
        ("python3", 1 if shell == "dash" else 0),
        ("noglob python3", 1 if shell == "dash" else 0),
    ):
        text = f"alias python='{value}'\n. '{fake_prefix}/activate.sh'\necho STATUS:$?\n"
        done = subprocess.run(
            [*start, "-c", text],
            env=environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert f"STATUS:{code}\n" in done.stdout, (value, done.stdout, done.stderr)


@pytest.mark.parametrize("value", ["False", "No", "FALSE", "oFF", "0", "N"])
def test_what_pip_takes_for_no_is_harmless(
    value: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["PIP_USER"] = value
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(fake_prefix))], environ)
    assert done.statuses() == [0], done.said


@pytest.mark.parametrize("value", ["1", "Yes", "falsey", "0 false"])
def test_and_nothing_else(
    value: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["PIP_USER"] = value
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(fake_prefix))], environ)
    assert done.statuses() == [1], done.said


@pytest.mark.parametrize("value", ["a\x1b[31mb", "a\nb\tc", "a\u009b31mb", "a\x07"])
def test_no_control_character_reaches_the_terminal(
    value: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["PIP_TARGET"] = value
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(fake_prefix))], environ)
    assert done.statuses() == [1], done.said
    text = (done.out + done.err).replace("\n", "")
    # The box that nushell draws around an error has colours of its own.
    assert all(char.isprintable() for char in text), ascii(text)
    assert "PIP_TARGET=" in done.said


def test_a_value_that_holds_a_line_of_a_start_block_is_none(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["X"] = "foo\nSEALENV_PREFIX=/x"
    environ["NOT_SEALENV_PREFIX"] = "/x"
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(fake_prefix))], environ)
    # dash drops the bytes between two variables.
    expected = 1 if dialect.name == "dash" and sys.platform == "linux" else 0
    assert done.statuses() == [expected], done.said


def test_the_names_of_programs() -> None:
    assert {"python", "pip", "conda", "mamba", "micromamba"} <= set(PROGRAMS)
