"""The table of the gate, and what follows from it in Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.errors import DirtyShellError
from sealenv.gates.admission import clean_environ, default_path, enter, find, scrub
from sealenv.gates.rules import HONOURED


def test_findings() -> None:
    assert find({}) == find({"PATH": "/usr/bin:/bin"}) == []
    assert find({"CONDA_SHLVL": "0", "PYTHONPATH": "", "PIP_USER": "No", "CONDA_EXE": "x"}) == []
    found = find({"PIP_TARGET": "/t", "PYTHONPATH": "/x", "CONDA_SHLVL": "2"})
    assert [(f.name, f.value) for f in found] == [
        *(("CONDA_SHLVL", "2"), ("PYTHONPATH", "/x"), ("PIP_TARGET", "/t")),
    ]
    assert "unset PYTHONPATH" in str(found[1])
    assert found[1].to_json()["why"]


def test_the_active_environment(tmp_path: Path) -> None:
    """Also by another path, and where a start-up file put folders without a Python before it."""
    prefix, link, mine = tmp_path / "e", tmp_path / "link", tmp_path / "mine"
    for folder in (prefix / "bin", mine):
        folder.mkdir(parents=True)
    (prefix / "conda-meta").mkdir()
    link.symlink_to(prefix)
    ours = {"CONDA_PREFIX": f"{link}", "CONDA_SHLVL": "1", "SEALENV_PREFIX": f"{prefix}"}
    active = {**ours, "PATH": f"{mine}:{prefix}/bin:/nowhere"}
    assert enter(active, str(prefix)) == active
    with pytest.raises(DirtyShellError) as other:
        enter(active, str(tmp_path))
    assert "do not come first" not in str(other.value)
    (mine / "python3").touch()
    with pytest.raises(DirtyShellError, match="PATH: this environment is active, but its programs"):
        enter(active, str(prefix))


def test_scrub_takes_out_what_sealenv_runs_from(tmp_path: Path) -> None:
    own, link, other = tmp_path / "own", tmp_path / "link", tmp_path / "other"
    (own / "bin").mkdir(parents=True)
    (own / "pyvenv.cfg").touch()
    other.mkdir()
    link.symlink_to(own)
    path = os.pathsep.join(["/usr/bin", f"{own}/bin", "", "/bin"])
    clean = os.pathsep.join(["/usr/bin", "", "/bin"])
    for spelled in (own, link):
        env = {"VIRTUAL_ENV": str(spelled), "VIRTUAL_ENV_PROMPT": "x", "PATH": path, "A": "b"}
        assert scrub(env, str(own), str(own)) == {"PATH": clean, "A": "b"}
    assert scrub({"PATH": path}, str(own), str(own)) == {"PATH": clean}
    for wanted in ({"VIRTUAL_ENV": str(other)}, {"VIRTUAL_ENV": ""}, {}):
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
    assert find(clean_environ(env)) == []
    assert {name for name, _ in HONOURED} == {
        *("CONDA_CHANGEPS1", "CONDA_PKGS_DIRS", "PY_ENVS", "SEALENV_*"),
    }


def test_the_fast_path_imports_nothing_slow() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import sealenv.gates.admission, sealenv.activation.launch\n"
        "import sealenv.activation.windows, sealenv.activation.launch\n"
        "sealenv.gates.admission.enter({'PATH': '/usr/bin:/nowhere', 'HOME': '/'}, '/p')\n"
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
