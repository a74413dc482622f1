"""The activation scripts, run by the real shells."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.activation.conftest import HOSTILE, ORDERED
from tests.activation.dialects import Dialect

STEPS_IN = [f"activate:{name}" for name in ORDERED]
STEPS_OUT = [f"deactivate:{name}" for name in reversed(ORDERED)]


def in_order(dialect: Dialect, steps: str) -> list[str]:
    """fish has an order of its own for file names; the others have that of conda."""
    return sorted(steps.split()) if dialect.ext == "fish" else steps.split()


def test_activate_and_deactivate(
    dialect: Dialect,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    name = HOSTILE.replace("/", "")
    prefix = make_prefix(name)
    work = tmp_path / "work"
    environ["PATH"] += ":/nowhere"
    done = dialect.run(
        work,
        [
            # What the shell loads on first use is not what is compared.
            dialect.save_state(work, "first"),
            dialect.run_python(work, "before"),
            dialect.save_state(work, "before"),
            dialect.source(dialect.script(prefix)),
            dialect.run_python(work, "inside"),
            "python --hello",
            "deactivate",
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after"),
        ],
        environ,
    )
    assert done.code == 0, done.said
    assert "fake python --hello" in done.out
    assert not list(tmp_path.rglob("PWNED"))
    inside = done.env("inside")
    assert inside["PATH"] == f"{prefix}/bin:/usr/bin:/bin:/nowhere"
    before = done.env("before")
    changed = {key: value for key, value in inside.items() if value != before.get(key)}
    assert in_order(dialect, changed.pop("STEPS")) == STEPS_IN
    assert changed == {
        "PATH": inside["PATH"],
        "CONDA_PREFIX": str(prefix),
        "CONDA_SHLVL": "1",
        "CONDA_DEFAULT_ENV": name,
        "CONDA_PROMPT_MODIFIER": f"({name}) ",
        "MAMBA_ROOT_PREFIX": str(prefix),
        "PYTHONNOUSERSITE": "1",
        "PIP_CONFIG_FILE": "/dev/null",
        "CONDARC": f"{prefix}/.condarc",
        "MAMBARC": f"{prefix}/.condarc",
        "SEALENV_PREFIX": str(prefix),
        "FROM_PACKAGE": "a",
        "BOTH": "state",
        "UPPER_FIRST": "b",
        "HARD": HOSTILE,
        "WAS_SET": "new",
    }
    after = done.env("after")
    steps = after.pop("STEPS", "")
    if dialect.ext == "nu":
        # Hiding the overlay takes back what scripts set too, and runs no script.
        assert steps == ""
        assert "nushell cannot run these on deactivate" in done.said
    else:
        assert len(steps.split()) == len(STEPS_IN + STEPS_OUT)
        assert dialect.ext == "fish" or steps.split() == STEPS_IN + STEPS_OUT
        assert done.err == ""
    assert after == before
    extra = done.state("after") ^ done.state("before")
    assert {line for line in extra if not line.startswith("STEPS")} == set()


@pytest.mark.parametrize("name", ["CONDA_PREFIX", "PIP_USER", "PATH"])
def test_a_dirty_shell_is_refused_and_left_alone(
    name: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    if name == "PATH":
        (tmp_path / "other/bin").mkdir(parents=True)
        (tmp_path / "other/pyvenv.cfg").touch()
        environ["PATH"] += f":{tmp_path}/other/bin"
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            # Set inside: xonsh is a Python, and would not start with another PYTHONHOME.
            dialect.set_variable(name, str(tmp_path)) if name != "PATH" else "",
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
    assert f"{name}=" in done.said
    assert "to clear it: " in done.said
    assert f"sealenv shell --clean {fake_prefix}" in done.said.replace("'", "")
    assert done.env("after") == done.env("before")
    assert done.state("after") == done.state("before")


@pytest.mark.parametrize("marker", ["pending", "moving"])
def test_an_unfinished_prefix(
    marker: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Only the check at the end of `create`, which uses a POSIX shell, enters a pending one."""
    (fake_prefix / f"conda-meta/sealenv.{marker}").write_text("token\nmore\n")
    lines = [dialect.attempt(dialect.script(fake_prefix))]
    for wrong in ({}, {"SEALENV_CHECK_TOKEN": "another"}):
        done = dialect.run(tmp_path / "work", lines, environ | wrong)
        assert done.statuses() == [1], done.said
        assert "is unfinished" in done.said
    done = dialect.run(tmp_path / "work", lines, {**environ, "SEALENV_CHECK_TOKEN": "token"})
    assert done.statuses() == [0 if (dialect.ext, marker) == ("sh", "pending") else 1]


def test_a_moved_or_copied_prefix_is_refused(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(fake_prefix, copy)
    if dialect.name not in ("dash", "tcsh"):  # they do not know where a script lies
        done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(copy))], environ)
        assert done.statuses() == [1], done.said
        assert "was moved or copied by hand" in done.said
        assert "sealenv move --here" in done.said
        assert str(fake_prefix) in done.said
    moved = tmp_path / "moved"
    fake_prefix.rename(moved)
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(moved))], environ)
    assert done.statuses() == [1], done.said
    assert "moved" in done.said
    assert "sealenv move --here" in done.said


@pytest.mark.parametrize("second", ["same", "other"])
def test_a_second_activation_leaves_the_first(
    second: str,
    dialect: Dialect,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    """The same environment succeeds and changes nothing; another one is refused."""
    first = make_prefix("first")
    prefix = first if second == "same" else make_prefix("second")
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            dialect.run_python(work, "before"),
            dialect.source(dialect.script(first)),
            dialect.run_python(work, "inside"),
            dialect.attempt(dialect.script(prefix)),
            dialect.attempt(dialect.script(prefix)),
            dialect.run_python(work, "still"),
            "deactivate",
            dialect.run_python(work, "after"),
        ],
        environ,
    )
    assert done.statuses() == ([0, 0] if second == "same" else [1, 1]), done.said
    assert ("to clear it: deactivate" in done.said or "next: deactivate" in done.said) == (
        second == "other"
    )
    assert done.env("still") == done.env("inside")
    after = done.env("after")
    after.pop("STEPS", None)
    assert after == done.env("before")


@pytest.mark.parametrize("by", ["sealenv", "conda"])
def test_a_child_of_an_active_shell(
    by: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Nothing is set, so `deactivate` leaves what the other activation has set."""
    work = tmp_path / "work"
    environ["PATH"] = f"{fake_prefix}/bin:{environ['PATH']}"
    environ |= {"CONDA_PREFIX": str(fake_prefix), "CONDA_SHLVL": "1"}
    environ["CONDA_EXE"] = "/opt/conda/bin/conda"
    if by == "sealenv":
        environ |= {"SEALENV_PREFIX": str(fake_prefix), "PYTHONNOUSERSITE": "1"}
    done = dialect.run(
        work,
        [
            dialect.run_python(work, "before"),
            dialect.source(dialect.script(fake_prefix)),
            dialect.run_python(work, "inside"),
            "deactivate",
            dialect.run_python(work, "after"),
        ],
        environ,
    )
    assert done.code == 0, done.said
    assert dialect.ext == "nu" or f"activate.{dialect.ext} has changed nothing" in done.said
    assert done.env("inside") == done.env("after") == done.env("before")


@pytest.mark.parametrize("folder", ["", "mine", "mine with python"])
def test_an_active_shell_whose_start_up_file_sets_path(
    folder: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """A folder of the user may come first, if it has no Python; a PATH that was reset is named."""
    first = tmp_path / folder
    first.mkdir(parents=True, exist_ok=True)
    (first / "python3").touch() if folder == "mine with python" else None
    work = tmp_path / "work"
    own = f"{fake_prefix}/bin"
    environ |= {"CONDA_PREFIX": str(fake_prefix), "SEALENV_PREFIX": str(fake_prefix)}
    environ["PATH"] = f"{first}:{own}:/usr/bin" if folder else "/usr/bin:/bin"
    lines = [dialect.attempt(dialect.script(fake_prefix)), dialect.run_python(work, "inside")]
    lines += ["deactivate", dialect.run_python(work, "after")] if folder == "mine" else []
    done = dialect.run(work, lines, environ)
    if folder == "mine":
        assert done.statuses() == [0], done.said
        assert done.env("inside")["PATH"] == environ["PATH"]
        assert dialect.ext == "nu" or done.env("after")["PATH"] == environ["PATH"]
        return
    assert done.statuses() == [1], done.said
    assert "PATH=" in done.said
    assert "is active, but its programs do not come first" in done.said

    # The command that is printed works in this shell.
    clear = done.said.partition("; to clear it: ")[2].partition(" Then activate")[0]
    lines = [clear, dialect.source(dialect.script(fake_prefix)), dialect.run_python(work, "inside")]
    done = dialect.run(work, lines, environ)
    assert done.env("inside")["CONDA_PREFIX"] == str(fake_prefix), done.said
    assert done.env("inside")["PATH"].startswith(f"{own}:")


def test_a_failing_script_of_a_package_is_named(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """By its last line; the activation goes on."""
    failing = {"sh": "(exit 3)", "xsh": "1 / 0", "nu": "error make {msg: 'no'}"}
    script = fake_prefix / f"etc/conda/activate.d/a.{dialect.ext}"
    text = dialect.set_variable("A", "1")
    script.write_text(f"{text}\n{failing.get(dialect.ext, 'sh -c false')}\n")
    work = tmp_path / "work"
    lines = [dialect.attempt(dialect.script(fake_prefix)), dialect.run_python(work, "inside")]
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [0], done.said
    word = "failed" if dialect.ext in ("xsh", "nu") else "ended with exit code"
    assert f"sealenv: {script} {word}" in done.said
    assert done.env("inside")["A"] == "1"
    assert "activate:é" in done.env("inside")["STEPS"]
