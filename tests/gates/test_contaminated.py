"""Contaminations made for real: found, explained, refused or warned of, and cleared."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders of POSIX")


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real virtual environment of another tool."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def findings(machine: Machine, *words: str, code: int, **variables: str) -> list[dict[str, str]]:
    done = machine.run("gate", "--json", *words, code=code, **variables)
    found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    return found


def test_a_clean_shell(used: Machine) -> None:
    assert used.run("gate").stdout == "This shell is clean.\n"
    assert findings(used, "--strict", code=0) == []


def test_what_is_found_is_explained(used: Machine, venv: Path) -> None:
    path = f"{venv}/bin:{used.env['PATH']}"
    (active, present) = findings(used, code=1, VIRTUAL_ENV=str(venv), PATH=path)
    assert (active["level"], active["name"]) == ("active", "VIRTUAL_ENV")
    assert (present["level"], present["name"]) == ("present", "PATH")
    assert present["value"] == f"{venv}/bin"
    assert present["what"] == "a virtual environment's python lies on PATH"
    assert all(finding["why"] and finding["clear"] for finding in (active, present))
    text = used.run("gate", code=1, VIRTUAL_ENV=str(venv)).stdout
    assert "clear: deactivate" in text


def test_another_conda_environment_on_path(used: Machine) -> None:
    other = used.envs / "e"
    (found,) = findings(used, code=0, PATH=f"{other}/bin:{used.env['PATH']}")
    assert found["what"] == "a conda environment's python lies on PATH"


def test_present_is_a_warning(used: Machine, venv: Path) -> None:
    dirt: dict[str, Any] = {
        "CONDA_EXE": "/opt/conda/bin/conda",
        "PATH": f"{used.env['PATH']}:{venv}/bin",
    }
    done = used.run("run", "e", "--", "echo", "hi", **dirt)
    assert done.stdout == "hi\n"
    assert done.stderr.count("\n") == 1
    assert "not passed on: CONDA_EXE; here besides: " in done.stderr
    assert f"PATH ({venv}/bin)" in done.stderr
    assert used.run("run", "--clean", "e", "--", "echo", "hi", **dirt).stderr == ""
    refused = used.run("run", "--strict", "e", "--", "echo", "hi", code=125, **dirt)
    assert refused.stdout == ""
    assert "CONDA_EXE=/opt/conda/bin/conda" in refused.stderr


PRESENT: dict[str, Any] = {
    "CONDA_CHANNELS": "x",
    "CONDA_ENVS_DIRS": "/x",
    "CONDA_NOBODY_KNOWS_THIS": "x",
    "MAMBA_CHANNELS": "x",
    "MAMBA_EXE": "/x",
    "_CE_M": "-m",
    "UV_TARGET": "/x",
    "PIP_SRC": "/x",
    "PIP_Source": "/x",
    "PYTHONSTARTUP": "/x",
    "BASH_ENV": "/x",
    "ENV": "/x",
    "BASH_FUNC_ls%%": "() { echo hijack; }",
}


def test_run_takes_out_all_that_is_present(used: Machine) -> None:
    kept: dict[str, Any] = {"CONDA_PKGS_DIRS": "/pkgs", "PIP_INDEX_URL": "u"}
    done = used.run("run", "e", "--", "env", **PRESENT, **kept)
    inside = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert not [name for name, value in PRESENT.items() if inside.get(name) == value]
    assert not [name for name in inside if name.startswith(("BASH_", "UV_", "_CE_"))]
    assert inside["MAMBA_EXE"] == f"{used.envs}/e/bin/mamba"
    assert {name: inside[name] for name in kept} == kept
    (line,) = done.stderr.splitlines()
    assert all(name in line for name in PRESENT)
    assert "not passed on: " in line
    other = used.run("run", "e", "--", "printenv", "ENV", ENV="production")
    assert (other.stdout, other.stderr) == ("production\n", "")


@pytest.mark.parametrize("name", ["python", "pip3", "conda", "mamba"])
def test_an_exported_function_that_hides_a_program(used: Machine, name: str) -> None:
    """Exported by a real bash."""
    sealenv = shlex.join(used.command())
    text = f"{name}() {{ echo OUTER; }}; export -f {name}; "
    text += f"{sealenv} gate --json; {sealenv} run e -- {name}"
    done = subprocess.run(
        [require_shell("bash"), "-c", text],
        env=used.env, cwd=used.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["level"], found["name"]) == ("active", f"BASH_FUNC_{name}%%")
    assert found["clear"] == f"unset -f {name}"
    assert done.returncode == 125


@pytest.mark.parametrize("name", ["PYTHONPLATLIBDIR", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__"])
def test_what_breaks_every_python_is_active(used: Machine, name: str) -> None:
    # The interpreter of these tests would obey it: `-E` for the first two, and for the last one
    # nothing helps but a value that is set late.
    command = used.command("gate", "--json")
    code = command[2].replace("import sys; ", f"import os, sys; os.environ[{name!r}] = '/x'; ", 1)
    done = subprocess.run(
        [command[0], command[1], code, *command[3:]],
        env=used.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (found,) = json.loads(done.stdout)["findings"]
    assert (found["name"], found["level"], done.returncode) == (name, "active", 1)


def test_a_relative_folder_on_path(used: Machine, venv: Path) -> None:
    (used.root / "v2").mkdir(exist_ok=True)
    link = used.root / "v2" / "bin"
    link.symlink_to(venv / "bin")
    try:
        (found,) = findings(used, code=0, PATH=f"v2/bin:{used.env['PATH']}")
    finally:
        link.unlink()
    assert (found["name"], found["value"]) == ("PATH", "v2/bin")
    # An empty entry is the folder in which one is.
    (used.root / "python3").touch()
    try:
        (found,) = findings(used, code=0, PATH=f"{used.env['PATH']}:")
    finally:
        (used.root / "python3").unlink()
    assert found["value"] == "."


def test_a_folder_with_a_versioned_python_alone(used: Machine, tmp_path: Path) -> None:
    (tmp_path / "python3.9").touch()
    (found,) = findings(used, code=0, PATH=f"{tmp_path}:{used.env['PATH']}")
    assert found["value"] == str(tmp_path)


def test_no_control_character_reaches_the_terminal(used: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31mb"
    folder.mkdir()
    (folder / "python3").touch()
    done = used.run("run", "e", "--", "true", PATH=f"{used.env['PATH']}:{folder}")
    assert "PATH (" in done.stderr
    assert "\x1b" not in done.stderr
    done = used.run("run", "e", "--", "true", code=125, PIP_TARGET="a\x1b[31mb")
    assert "PIP_TARGET=a" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    "words", [("run", "e", "--", "true"), ("list", "--strict"), ("verify", "e", "--strict")]
)
def test_a_value_with_newlines_forges_no_line(used: Machine, words: tuple[str, ...]) -> None:
    code = 125 if words[0] == "run" else 3
    done = used.run(*words, code=code, PYTHONPATH="/a\nerror: all is well\rnote: forged")
    assert r"PYTHONPATH=/a\x0aerror: all is well\x0dnote: forged" in done.stderr
    assert sum(line.startswith("error") for line in done.stderr.splitlines()) <= 1
    used.run("list", PYTHONPATH="/a\nerror: all is well")


def test_active_is_refused_by_run(used: Machine) -> None:
    done = used.run("run", "e", "--", "true", code=125, PIP_Target="/elsewhere")
    assert "PIP_Target=/elsewhere" in done.stderr
    assert "unset PIP_Target" in done.stderr


@pytest.mark.parametrize("words", [("verify", "e"), ("audit", "e")])
def test_other_verbs_warn_once_scrub_and_go_on(used: Machine, words: tuple[str, ...]) -> None:
    dirt: dict[str, Any] = {"CONDA_PREFIX": "/opt/conda", "MAMBA_EXE": "/m"}
    done = used.run(*words, "--json", **dirt)
    warnings = json.loads(done.stdout)["warnings"]
    assert [warning.split()[3].split("=")[0] for warning in warnings] == ["CONDA_PREFIX", "passed"]
    assert done.stderr.count("CONDA_PREFIX=/opt/conda") == 1
    assert "MAMBA_EXE" in warnings[1]
    assert "warnings" not in json.loads(used.run(*words, "--json").stdout)
    quiet = used.run(*words, "--json", "--clean", **dirt)
    assert "warnings" not in json.loads(quiet.stdout)
    assert quiet.stderr == ""
    refused = used.run(*words, "--strict", code=3, **dirt)
    assert "MAMBA_EXE=/m" in refused.stderr


def test_every_verb_has_both_options(used: Machine) -> None:
    listing = used.run("--help").stdout.split("Commands:")[1].split("\n\n")[0]
    verbs = [line.split()[0] for line in listing.splitlines() if line[2:3].strip()]
    verbs = [verb for verb in verbs if verb.isalpha()]
    assert {"create", "gate", "verify"} < set(verbs)
    for verb in verbs:
        words = ["cache", "info"] if verb == "cache" else [verb]
        text = used.run(*words, "--help").stdout
        assert text.count("--clean") >= 1, verb
        assert text.count("--strict") >= 1, verb


def test_a_pythonpath_does_not_replace_what_sealenv_imports(machine: Machine) -> None:
    folder = machine.root / "strange"
    folder.mkdir()
    for name in ("click", "msgspec", "tempfile"):
        (folder / f"{name}.py").write_text("raise SystemExit('strange')\n")
    done = machine.run("gate", code=1, PYTHONPATH=str(folder))
    assert f"PYTHONPATH={folder}" in done.stdout
    assert "strange" not in done.stderr
