"""The activation scripts, run by the real shells."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.activation.gatelines import named as rules_of
from sealenv.activation.oldrule import ACTIVE, Rule
from tests.activation.conftest import HOSTILE, ORDERED
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

STEPS_IN = [f"activate:{name}" for name in ORDERED]
STEPS_OUT = [f"deactivate:{name}" for name in reversed(ORDERED)]


@pytest.mark.parametrize("name", ["my_env", HOSTILE.replace("/", "")])
def test_activate_and_deactivate(
    name: str,
    dialect: Dialect,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    prefix = make_prefix(name)
    work = tmp_path / "work"
    environ["PATH"] += f":{prefix}/bin:/nowhere"
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
    assert changed.pop("STEPS").split() == STEPS_IN
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
    steps = after.pop("STEPS", "").split()
    if dialect.ext == "nu":
        # Hiding the overlay takes back what scripts set too, and runs no script.
        assert steps == []
        assert "nushell cannot run these on deactivate" in done.said
    else:
        assert steps == STEPS_IN + STEPS_OUT
        assert done.err == ""
    assert after == before
    extra = done.state("after") ^ done.state("before")
    assert {line for line in extra if not line.startswith("STEPS")} == set()


@pytest.mark.parametrize("variable", rules_of(ACTIVE), ids=lambda v: v.name)
def test_a_dirty_shell_is_refused_and_left_alone(
    variable: object, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    name = str(getattr(variable, "name", ""))
    value = "1" if name == "CONDA_SHLVL" else str(tmp_path)
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            # Set inside: xonsh is a Python, and would not start with another PYTHONHOME.
            dialect.set_variable(name, value),
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
    assert f"{name}={value}" in done.said
    # What is inside a sealed environment stays there.
    if name == "SEALENV_PREFIX":
        assert "For another environment open a new terminal." in done.said
        assert "--clean" not in done.said
    else:
        assert f"sealenv shell --clean {fake_prefix}" in done.said
    assert done.env("after") == done.env("before")
    assert done.state("after") == done.state("before")


def test_a_shell_that_was_started_inside_is_still_inside(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """It has taken the variable out, in the words of the gate; what it was started with stays."""
    lines = [
        f"{Rule('SEALENV_PREFIX', ACTIVE, '', '').clear_in(dialect.ext)}\n",
        dialect.attempt(dialect.script(fake_prefix)),
    ]
    environ["SEALENV_PREFIX"] = "/envs/other"
    done = dialect.run(tmp_path / "inside", lines, environ)
    if dialect.ext == "csh" or sys.platform != "linux":
        # A csh reads no file without a program; elsewhere no process shows what it was started with.
        assert done.statuses() == [0]
        return
    assert done.statuses() == [1], done.said
    assert "ancestor=process" in done.said
    assert "SEALENV_PREFIX=/" not in done.said
    assert "--clean" not in done.said
    # Nothing that is inherited lets it in.
    for name in ("SEALENV_ADMITTED", "_sealenv_fresh"):
        done = dialect.run(tmp_path / name, lines, {**environ, name: "1"})
        assert done.statuses() == [1], done.said


def test_clean_values_pass_the_gate(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ.update(CONDA_SHLVL="0", VIRTUAL_ENV="", CONDA_PREFIX="")
    done = dialect.run(
        tmp_path / "work",
        [
            dialect.run_python(tmp_path / "work", "before"),
            dialect.source(dialect.script(fake_prefix)),
            dialect.run_python(tmp_path / "work", "inside"),
            "deactivate",
            dialect.run_python(tmp_path / "work", "after"),
        ],
        environ,
    )
    assert done.env("inside")["CONDA_SHLVL"] == "1"
    after = done.env("after")
    after.pop("STEPS", None)
    assert after == done.env("before")


def test_a_pending_prefix_needs_the_token(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    marker = fake_prefix / "conda-meta/sealenv.pending"
    lines = [dialect.attempt(dialect.script(fake_prefix))]
    for content, token, status in (
        ("", "", 1),
        ("secret\n", None, 1),
        ("secret\n", "other", 1),
        ("\nsecret\n", "secret", 1),
        ("secret\nmore\n", "secret", 1 if dialect.ext == "csh" else 0),
    ):
        marker.write_text(content)
        extra = {} if token is None else {"SEALENV_CHECK_TOKEN": token}
        done = dialect.run(tmp_path / "work", lines, {**environ, **extra})
        assert done.statuses() == [status], done.said
        assert ("was never finished" in done.said) == bool(status)


def test_a_moved_or_copied_prefix_is_refused(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(fake_prefix, copy)
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
    assert f"move it back to {fake_prefix}," in done.said
    assert "sealenv create" in done.said


def test_a_link_to_the_script_alone_works(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    link = tmp_path / "elsewhere" / f"activate.{dialect.ext}"
    link.parent.mkdir()
    link.symlink_to(dialect.script(fake_prefix))
    work = tmp_path / "work"
    lines = [dialect.source(link), dialect.run_python(work, "inside")]
    done = dialect.run(work, lines, environ)
    assert done.env("inside")["CONDA_PREFIX"] == str(fake_prefix), done.said


def test_a_prefix_reached_through_a_link_is_the_same(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(fake_prefix)
    work = tmp_path / "work"
    lines = [dialect.source(dialect.script(link)), dialect.run_python(work, "inside")]
    done = dialect.run(work, lines, environ)
    assert done.env("inside")["CONDA_PREFIX"] == str(fake_prefix), done.said


def test_staleness_is_noticed(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    import os

    lines = [dialect.attempt(dialect.script(fake_prefix))]
    for name in ("conda-meta/state", "etc/conda/env_vars.d", "etc/conda/env_vars.d/b.json"):
        path = fake_prefix / name
        old = path.stat()
        os.utime(path, (old.st_atime + 100, old.st_mtime + 100))
        done = dialect.run(tmp_path / "work", lines, environ)
        assert done.statuses() == [0]
        assert f"sealenv refresh {fake_prefix}" in done.said
        os.utime(path, (old.st_atime, old.st_mtime))
    done = dialect.run(tmp_path / "work", lines, environ)
    assert "refresh" not in done.said


def test_a_missing_include_is_said(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    (fake_prefix / f"etc/sealenv/env.{dialect.ext}").unlink()
    done = dialect.run(tmp_path / "work", [dialect.attempt(dialect.script(fake_prefix))], environ)
    if dialect.ext == "nu":
        # The include is a module there: nushell's parser says it, before anything is run.
        assert done.code != 0
        assert "env.nu" in done.said
        return
    assert done.statuses() == [1]
    assert "is missing" in done.said
    assert "sealenv refresh" in done.said


def test_no_scripts_and_no_variables(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    from sealenv.activation.scripts import write_scripts

    shutil.rmtree(fake_prefix / "etc/conda")
    (fake_prefix / "conda-meta/state").unlink()
    assert write_scripts(fake_prefix, platform="linux-64").problems == []
    work = tmp_path / "work"
    lines = [dialect.source(dialect.script(fake_prefix)), dialect.run_python(work, "inside")]
    lines += ["deactivate", dialect.run_python(work, "after")]
    done = dialect.run(work, lines, environ)
    assert done.env("inside")["SEALENV_PREFIX"] == str(fake_prefix), done.said
    assert done.env("after")["PATH"] == environ["PATH"]
    assert done.said == ""


def test_many_shells_at_once(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> list[str]:
        work = tmp_path / f"work{number}"
        done = dialect.run(
            work,
            [dialect.source(dialect.script(fake_prefix)), dialect.run_python(work, "inside")],
            environ,
        )
        return done.env("inside")["STEPS"].split()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [STEPS_IN] * 4


@pytest.mark.parametrize("second", ["same", "other", "pending", "copy"])
def test_a_refused_second_activation_leaves_the_first(
    second: str,
    dialect: Dialect,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    first = make_prefix("first")
    prefix = first if second == "same" else tmp_path / "second"
    if second == "copy":
        shutil.copytree(first, prefix)
    elif second != "same":
        make_prefix("second")
    if second == "pending":
        (prefix / "conda-meta/sealenv.pending").write_text("token\n")
    work = tmp_path / "work"
    done = dialect.run(
        work,
        [
            dialect.save_state(work, "first"),
            dialect.run_python(work, "before"),
            dialect.save_state(work, "before"),
            dialect.source(dialect.script(first)),
            dialect.run_python(work, "inside"),
            dialect.save_state(work, "inside"),
            dialect.attempt(dialect.script(prefix)),
            dialect.attempt(dialect.script(prefix)),
            dialect.run_python(work, "still"),
            dialect.save_state(work, "still"),
            "deactivate",
            dialect.run_python(work, "after"),
            dialect.save_state(work, "after"),
        ],
        environ,
    )
    assert done.statuses() == [1, 1], done.said
    assert f"CONDA_PREFIX={first}" in done.said
    assert "to clear it: deactivate" in done.said
    assert done.env("still") == done.env("inside")
    assert done.state("still") == done.state("inside")
    before, after = done.env("before"), done.env("after")
    steps = after.pop("STEPS", "").split()
    assert steps == ([] if dialect.ext == "nu" else STEPS_IN + STEPS_OUT)
    assert after == before
    extra = done.state("after") ^ done.state("before")
    assert {line for line in extra if not line.startswith("STEPS")} == set()


def test_xonsh_says_a_refusal_without_noise(
    make_prefix: Callable[[str], Path], environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = DIALECTS["xonsh"]
    require_shell(dialect.program)
    script = dialect.script(make_prefix("e"))
    environ["CONDA_PREFIX"] = "/other"
    done = dialect.run(tmp_path / "work", [dialect.source(script)], environ)
    assert done.code == 1
    assert "sealenv: this shell is not clean" in done.err
    for noise in ("Exception in", "RuntimeError", "SystemExit", "Traceback (most"):
        assert noise not in done.said
