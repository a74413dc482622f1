"""What the scripts see besides the usual names: pip's spellings, and what an activation has left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.activation.conftest import HOSTILE
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

LISTED = {"bash", "bash-posix", "zsh", "fish", "xonsh", "nu"}
"""The shells that can list their variables."""


@pytest.mark.parametrize("name", ["PIP_target", "PIP_Root", "PIP___TARGET", "PIP___python"])
def test_pip_takes_more_than_one_spelling(
    name: str, dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    work = tmp_path / "work"
    environ[name] = "/elsewhere"
    lines = [dialect.save_state(work, "first"), dialect.save_state(work, "before")]
    lines += [dialect.attempt(dialect.script(fake_prefix)), dialect.save_state(work, "after")]
    done = dialect.run(work, lines, environ)
    if dialect.name not in LISTED:
        assert done.statuses() == [0], done.said
        return
    assert done.statuses() == [1], done.said
    assert f"{name}=/elsewhere" in done.said
    clear = {"sh": "unset {}", "fish": "set -e {}", "xsh": "del ${}", "nu": "hide-env {}"}
    assert clear[dialect.ext].format(name) in done.said
    assert done.state("after") == done.state("before")
    # What it says helps; what pip takes for no, and what is no such setting, is none.
    environ.update({"PIP_user": "No", "PIP_target_dir": "/x", "PIP_ROOT_user_action": "ignore"})
    lines = [clear[dialect.ext].format(name), dialect.attempt(dialect.script(fake_prefix))]
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [0], done.said


def test_what_is_present_in_another_spelling_is_taken_out(
    dialect: Dialect, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dirty = {"PIP_src": "/a", "PIP_Source_Dir": "/b", "PIP___SRC": "/c", "PIP_config_file": "/d"}
    kept = {"PIP_sources": "/x", "PIP_index_url": "https://index", "PIP_srcs": "/y"}
    environ.update(dirty | kept)
    work = tmp_path / "work"
    lines = [
        dialect.source(dialect.script(fake_prefix)),
        dialect.run_python(work, "inside"),
        "deactivate",
        dialect.run_python(work, "after"),
    ]
    done = dialect.run(work, lines, environ)
    inside, after = done.env("inside"), done.env("after")
    assert set(dirty) & set(inside) == (set() if dialect.name in LISTED else set(dirty)), done.said
    assert {name: inside[name] for name in kept} == kept
    assert {name: after.get(name) for name in environ} == environ


def test_a_name_that_is_none_to_a_shell(
    fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """nushell and xonsh know it like any other; the others can neither see it nor take it out."""
    environ |= {"PIP_source-dir": "/b", "PIP_--target": "/t"}
    for name, status in (("fish", 0), ("xonsh", 1), ("nu", 1), ("bash", 0)):
        dialect = DIALECTS[name]
        require_shell(dialect.program)
        lines = [dialect.attempt(dialect.script(fake_prefix))]
        done = dialect.run(tmp_path / name, lines, environ)
        assert done.statuses() == [status], done.said
        assert ("PIP_--target=/t" in done.said) == bool(status)


@pytest.mark.parametrize("name", ["CONDARC", "MAMBARC"])
@pytest.mark.parametrize("place", ["other", HOSTILE.replace("/", "")])
def test_who_has_only_the_settings_file_is_a_child_all_the_same(
    place: str,
    name: str,
    dialect: Dialect,
    make_prefix: Callable[[str], Path],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    """As after `env -u SEALENV_PREFIX -u CONDA_PREFIX -u CONDA_SHLVL` in an activated shell."""
    prefix = make_prefix("mine")
    other = tmp_path / place
    (other / "conda-meta").mkdir(parents=True)
    (other / ".condarc").touch()
    work = tmp_path / "work"
    lines = [
        dialect.set_variable(name, f"{other}/.condarc"),
        dialect.save_state(work, "first"),
        dialect.save_state(work, "before"),
        dialect.attempt(dialect.script(prefix)),
        dialect.save_state(work, "after"),
    ]
    # conda's own, in an environment that is none of ours.
    assert dialect.run(work, lines, environ).statuses() == [0]
    (other / "conda-meta/sealenv").touch()
    done = dialect.run(work, lines, environ)
    assert done.statuses() == [1], done.said
    assert f"{name}=" in done.said
    assert "an activation of a sealed environment has set it" in done.said
    assert "another environment open a new terminal." in done.said
    assert "--clean" not in done.said
    assert done.state("after") == done.state("before")
    # Neither another file of it, nor of one that is gone.
    lines[0] = dialect.set_variable(name, f"{other}/etc/.condarc")
    assert dialect.run(work, lines, environ).statuses() == [0]
    lines[0] = dialect.set_variable(name, f"{other}/.condarc")
    shutil.rmtree(other)
    assert dialect.run(work, lines, environ).statuses() == [0]


def test_a_child_of_an_activated_shell_that_has_cleared_some(
    dialect: Dialect, make_prefix: Callable[[str], Path], environ: dict[str, str], tmp_path: Path
) -> None:
    first, second = make_prefix("first"), make_prefix("second")
    (first / "conda-meta/sealenv").touch()
    script = tmp_path / f"child.{dialect.ext}"
    script.write_text(dialect.attempt(dialect.script(second)) + "\n")
    names = ("SEALENV_PREFIX", "CONDA_PREFIX", "CONDA_SHLVL")
    words = ["/usr/bin/env", *(f"-u{name}" for name in names), *dialect.argv(script)]
    start = "^" if dialect.ext == "nu" else ""
    child = start + " ".join(map(dialect.quote, words))
    if dialect.ext == "xsh":
        child = f"@([{', '.join(map(dialect.quote, words))}])"
    done = dialect.run(tmp_path / "work", [dialect.source(dialect.script(first)), child], environ)
    assert done.statuses() == [1], done.said
    assert "CONDARC=" in done.said


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        ("pip", "python -m pip", 0),
        ("python", "python3 -q", 0),
        ("python", "noglob python3\t-q", 0),
        ("conda", "mamba", 0),
        ("python", "/usr/bin/python3 -q", 1),
        ("python", "PYTHONPATH=/x python", 1),
        ("python", "python3;other", 1),
        ("pip", "uv pip", 1),
        ("python", "", 1),
    ],
)
def test_an_alias_with_arguments(
    shell: str, name: str, text: str, status: int, fake_prefix: Path, environ: dict[str, str]
) -> None:
    program = require_shell(DIALECTS[shell].program)
    start = [program, "-f", "-i"] if shell == "zsh" else [program, "--norc", "-i"]
    lines = f"alias {name}='{text}'\n. '{fake_prefix}/activate.sh'\necho STATUS:$?\n"
    done = subprocess.run(
        [*start, "-c", lines],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert f"STATUS:{status}\n" in done.stdout, (done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("shell", "alias"),
    [
        ("xonsh", "aliases['pip'] = 'python -m pip'"),
        ("nu", "alias pip = ^python -m pip"),
    ],
)
def test_an_alias_with_arguments_elsewhere(
    shell: str, alias: str, fake_prefix: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    dialect = DIALECTS[shell]
    require_shell(dialect.program)
    for text, status in ((alias, 0), (alias.replace("python", "other"), 1)):
        lines = [text, dialect.attempt(dialect.script(fake_prefix))]
        done = dialect.run(tmp_path / "work", lines, environ)
        assert done.statuses() == [status], done.said


@pytest.mark.parametrize("name", ["pip", "python3", "conda"])
def test_a_global_alias_of_zsh(name: str, fake_prefix: Path, environ: dict[str, str]) -> None:
    """It takes the place of a word anywhere, in the script that looks for it too."""
    lines = f"alias -g {name}=/elsewhere\n. '{fake_prefix}/activate.sh'\necho STATUS:$?\n"
    done = subprocess.run(
        [require_shell("zsh"), "-f", "-c", lines],
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert "STATUS:1\n" in done.stdout, (done.stdout, done.stderr)
    assert f"  {name}=(a function or an alias)" in done.stderr
