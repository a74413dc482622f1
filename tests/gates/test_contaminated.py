"""Contaminations made for real: found, explained and refused."""

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


def findings(machine: Machine, *, code: int, **variables: str) -> list[dict[str, str]]:
    answer = machine.json("doctor", "--only", "shell", code=code, **variables)
    assert len(answer["findings"]) == len(answer["shell"]["findings"])
    found: list[dict[str, str]] = answer["shell"]["findings"]
    return found


def test_a_clean_shell(used: Machine) -> None:
    clean = "This shell is clean.\n"
    assert used.run("doctor", "--only", "shell").stdout == clean
    assert used.run("doctor", "--only", "shell", "--clean", PIP_USER="1").stdout == clean
    assert findings(used, code=0) == []


def test_what_is_found_is_explained(used: Machine, venv: Path) -> None:
    path = f"{venv}/bin:{used.env['PATH']}"
    found = findings(used, code=1, VIRTUAL_ENV=str(venv), PATH=path)
    assert [(f["name"], f["value"]) for f in found] == [
        ("VIRTUAL_ENV", str(venv)),
        ("PATH", f"{venv}/bin"),
    ]
    assert all(finding["what"] and finding["why"] and finding["clear"] for finding in found)
    done = used.run("doctor", code=1, VIRTUAL_ENV=str(venv))
    assert done.stdout.startswith(f"error    shell  VIRTUAL_ENV={venv}\n")
    assert "to do: deactivate" in done.stdout
    assert findings(used, code=0, VIRTUAL_ENV="") == []


@pytest.mark.parametrize("kind", ["conda", "venv"])
def test_a_folder_of_another_environment_on_path(used: Machine, venv: Path, kind: str) -> None:
    """Last on PATH, by a link and by a relative path."""
    other = used.envs / "e" if kind == "conda" else venv
    link = used.root / "link"
    link.symlink_to(other)
    try:
        for folder in (f"{other}/bin", f"{link}/bin", "link/bin"):
            path = f"{used.env['PATH']}:{folder}"
            (found,) = findings(used, code=1, PATH=path)
            assert (found["name"], found["value"]) == ("PATH", folder)
            if kind == "venv":
                done = used.run("run", "e", "--", "true", code=125, PATH=path)
                assert (
                    f"PATH={folder}: a folder on PATH belongs to another environment" in done.stderr
                )
                assert used.run("run", "--clean", "e", "--", "true", PATH=path).stderr == ""
    finally:
        link.unlink()


@pytest.mark.parametrize("words", [("verify", "e"), ("audit", "e")])
def test_other_verbs_scrub_and_go_on(used: Machine, words: tuple[str, ...]) -> None:
    dirt: dict[str, Any] = {"CONDA_PREFIX": "/opt/conda", "PIP_USER": "1"}
    done = used.run(*words, "--json", **dirt)
    warnings = json.loads(done.stdout)["warnings"]
    names = [warning.split()[1].split("=")[0] for warning in warnings]
    assert names == ["CONDA_PREFIX", "PIP_USER"]
    assert "CONDA_PREFIX" not in done.stderr
    assert "warnings" not in json.loads(used.run(*words, "--json").stdout)
    quiet = used.run(*words, "--json", "--clean", **dirt)
    assert "warnings" not in json.loads(quiet.stdout)
    assert quiet.stderr == ""
    refused = used.run(*words, "--strict", code=3, **dirt)
    assert "PIP_USER=1" in refused.stderr
