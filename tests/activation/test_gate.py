"""The gate and its relatives in Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.activation.environ import HONOURED, clean_environ, default_path
from sealenv.activation.gate import ACTIVE_VARIABLES, find_active, scrub
from sealenv.activation.quoting import QUOTE
from sealenv.activation.scripts import render


def test_each_variable_says_what_why_and_how() -> None:
    for variable in ACTIVE_VARIABLES:
        assert all((variable.name, variable.what, variable.why, variable.clear))
    assert [v.name for v in ACTIVE_VARIABLES] == [
        "CONDA_PREFIX",
        "CONDA_SHLVL",
        "VIRTUAL_ENV",
        "PYTHONHOME",
        "PYTHONPATH",
    ]


def test_findings() -> None:
    assert find_active({}) == []
    assert find_active({"CONDA_SHLVL": "0", "PYTHONPATH": "", "CONDA_EXE": "x"}) == []
    found = find_active({"PYTHONPATH": "/x", "CONDA_SHLVL": "2"})
    assert [(f.name, f.value) for f in found] == [("CONDA_SHLVL", "2"), ("PYTHONPATH", "/x")]
    assert "unset PYTHONPATH" in str(found[1])
    assert found[1].to_json()["why"]
    assert len({*found, *found}) == 2


@pytest.mark.parametrize("ext", sorted(QUOTE))
def test_every_script_has_the_whole_gate(ext: str) -> None:
    text = render(f"activate.{ext}", ext, "/prefix")
    for variable in ACTIVE_VARIABLES:
        assert variable.name in text
        assert QUOTE[ext](variable.what) in text
        assert QUOTE[ext](variable.clear) in text
    assert "__SEALENV" not in text


def test_scrub_takes_out_what_sealenv_runs_from(tmp_path: Path) -> None:
    own, link, other = tmp_path / "own", tmp_path / "link", tmp_path / "other"
    (own / "bin").mkdir(parents=True)
    other.mkdir()
    link.symlink_to(own)
    path = os.pathsep.join(["/usr/bin", f"{own}/bin", "", "/bin"])
    clean = os.pathsep.join(["/usr/bin", "", "/bin"])
    for spelled in (own, link):
        env = {"VIRTUAL_ENV": str(spelled), "VIRTUAL_ENV_PROMPT": "x", "PATH": path, "A": "b"}
        assert scrub(env, str(own), str(own)) == {"PATH": clean, "A": "b"}
    for wanted in ({"VIRTUAL_ENV": str(other), "PATH": path}, {"VIRTUAL_ENV": ""}, {}):
        assert scrub(wanted, str(own), str(own)) == wanted
    conda = {
        "CONDA_PREFIX": str(own),
        "CONDA_SHLVL": "2",
        "CONDA_PREFIX_1": "/base",
        "CONDA_DEFAULT_ENV": "own",
        "CONDA_PROMPT_MODIFIER": "(own) ",
        "CONDA_EXE": "/base/bin/conda",
        "PATH": path,
    }
    assert scrub(conda, str(own), str(own)) == {"CONDA_EXE": "/base/bin/conda", "PATH": clean}
    sealed = {**conda, "SEALENV_PREFIX": str(own)}
    assert scrub(sealed, str(own), str(own)) == sealed
    assert scrub({"CONDA_PREFIX": str(other)}, str(own)) == {"CONDA_PREFIX": str(other)}


def test_a_clean_environment() -> None:
    env = {
        "PATH": "/evil",
        "HOME": "/home/me",
        "LC_TIME": "C",
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "TMPDIR": "/t",
        "https_proxy": "p",
        "SSL_CERT_FILE": "c",
        "CONDA_PKGS_DIRS": "/pkgs",
        "SEALENV_ENVS": "/envs",
        "SEALENV_PREFIX": "/gone",
        "PY_ENVS": "/old",
        "CONDA_PREFIX": "/gone",
        "PYTHONPATH": "/gone",
        "LD_PRELOAD": "/gone",
        "BASH_ENV": "/gone",
    }
    kept = clean_environ(env)
    assert kept.pop("PATH") == default_path()
    assert set(env) - set(kept) == {
        *("PATH", "SEALENV_PREFIX", "CONDA_PREFIX", "PYTHONPATH", "LD_PRELOAD", "BASH_ENV"),
    }
    assert kept["HOME"] == "/home/me"
    assert clean_environ(env, home="/h")["HOME"] == "/h"
    assert find_active(clean_environ(env)) == []
    assert {name for name, _ in HONOURED} == {"CONDA_PKGS_DIRS", "PY_ENVS", "SEALENV_*"}


def test_the_fast_path_imports_nothing_slow() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import sealenv.activation.gate, sealenv.activation.environ, sealenv.activation.launch\n"
        "import sealenv.activation.windows, sealenv.activation.winlaunch\n"
        "sealenv.activation.windows.activated('/p', {})\n"
        "sealenv.activation.launch.command('/p', ['x'])\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"pathlib", "typing", "re", "json", "dataclasses", "enum", "functools", "subprocess"}
    assert not slow & set(done.stdout.split())
