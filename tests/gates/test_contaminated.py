"""Contaminations made for real: found, explained, refused or warned of, and cleared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.machine import Machine

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
    assert "CONDA_EXE" in done.stderr
    assert f"PATH ({venv}/bin)" in done.stderr
    assert used.run("run", "--clean", "e", "--", "echo", "hi", **dirt).stderr == ""
    refused = used.run("run", "--strict", "e", "--", "echo", "hi", code=125, **dirt)
    assert refused.stdout == ""
    assert "CONDA_EXE=/opt/conda/bin/conda" in refused.stderr


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
