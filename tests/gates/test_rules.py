"""The table of the gate, and what follows from it in Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.activation.scripts import render
from sealenv.gates.children import scrub, without_dirt
from sealenv.gates.findings import find, find_active
from sealenv.gates.rule import ACTIVE, PRESENT
from sealenv.gates.rules import HONOURED, RULES, rule_of
from sealenv.gates.whitelist import clean_environ, default_path
from sealenv.quoting import QUOTE


def test_each_rule_says_what_why_and_how() -> None:
    shells = ("sh", "fish", "csh", "xsh", "nu", "cmd", "ps1")
    for rule in RULES:
        assert rule.level in (ACTIVE, PRESENT)
        assert all((rule.name, rule.what, rule.why, *map(rule.clear_in, shells)))
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert [rule.name for rule in RULES if rule.level == ACTIVE] == [
        *("CONDA_PREFIX", "CONDA_SHLVL", "SEALENV_PREFIX", "PIXI_IN_SHELL", "VIRTUAL_ENV"),
        *("PYTHONHOME", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE"),
        "__PYVENV_LAUNCHER__",
        *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON"),
        *("BASH_FUNC_python*", "BASH_FUNC_pip*", "BASH_FUNC_conda*", "BASH_FUNC_mamba*"),
        "BASH_FUNC_micromamba*",
    ]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("CONDA_EXE", "CONDA_*"),
        ("CONDA_OVERRIDE_CUDA", "CONDA_OVERRIDE_*"),
        ("MAMBA_ROOT_PREFIX", "MAMBA_*"),
        ("_CE_M", "_CE_*"),
        ("PIXI_PROJECT_ROOT", "PIXI_*"),
        ("PYENV_VERSION", "PYENV_*"),
        ("UV_PYTHON", "UV_PYTHON"),
        ("CONDARC", "CONDARC"),
        *((spelling, "PIP_TARGET") for spelling in ("PIP_TARGET", "PIP_target", "PIP___TARGET")),
        ("PIP_config-file", "PIP_CONFIG_FILE"),
        ("BASH_FUNC_python3%%", "BASH_FUNC_python*"),
        ("BASH_FUNC_pip%%", "BASH_FUNC_pip*"),
        ("BASH_FUNC_pip()", "BASH_FUNC_pip*"),
        ("BASH_FUNC_python3.12%%", "BASH_FUNC_python*"),
        *((f"BASH_FUNC_{name}%%", "BASH_FUNC_*") for name in ("ls", "pipeline", "pythonize")),
        *(
            (f"BASH_FUNC_{name}%%", "BASH_FUNC_*")
            for name in ("conda_setup", "pip3x", "mambaforge")
        ),
        ("_CONDA_EXE", "_CONDA_*"),
    ],
)
def test_the_rule_of_a_variable(name: str, rule: str) -> None:
    found = rule_of(name)
    assert found is not None
    assert found.name == rule


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "CONDA_PKGS_DIRS",
        "CONDA_CHANGEPS1",
        "SEALENV_ENVS",
        "PIP_INDEX_URL",
        "UV_CACHE_DIR",
        "PIP_ROOT_USER_ACTION",
        "PYTHONUTF8",
        "PYTHONNOUSERSITE",
        "PY_ENVS",
    ],
)
def test_what_has_no_rule(name: str) -> None:
    assert rule_of(name) is None


def test_findings() -> None:
    assert find({}) == find({"PATH": "/usr/bin:/bin"}) == []
    assert find_active({"CONDA_SHLVL": "0", "PYTHONPATH": "", "CONDA_EXE": "x"}) == []
    assert find_active({"PIP_USER": "no"}) == []
    found = find_active({"PYTHONPATH": "/x", "CONDA_SHLVL": "2", "PIP_target": "/t"})
    assert [(f.name, f.value) for f in found] == [
        *(("CONDA_SHLVL", "2"), ("PYTHONPATH", "/x"), ("PIP_target", "/t")),
    ]
    assert "unset PYTHONPATH" in str(found[1])
    assert found[2].clear == "unset PIP_target"
    assert found[1].to_json()["why"]
    assert len({*found, *found}) == 3
    left = find({"CONDA_EXE": "/c", "CONDA_TOKEN": "secret", "PATH": ""})
    assert [(f.name, f.value, f.level) for f in left] == [
        *(("CONDA_EXE", "/c", "present"), ("CONDA_TOKEN", "***", "present")),
    ]


def test_children_see_nothing_of_the_table() -> None:
    dirty = {rule.name.replace("*", "X"): "/x" for rule in RULES}
    assert without_dirt({"ENV": "production"}) == {"ENV": "production"}
    assert find({"ENV": "production"}) == []
    kept = {"CONDA_PKGS_DIRS": "/p", "HOME": "/h", "PIP_INDEX_URL": "u", "SEALENV_ENVS": "/e"}
    assert without_dirt(dirty | kept) == kept


@pytest.mark.parametrize("ext", sorted(QUOTE))
def test_every_script_has_the_whole_gate(ext: str) -> None:
    text = render(f"activate.{ext}", ext, "/prefix")
    for rule in RULES:
        if rule.level == ACTIVE and not rule.is_family:
            assert rule.name in text
            assert QUOTE[ext](rule.what) in text
            # In sh the name of a setting of pip is the one that was found.
            pip = ext == "sh" and rule.name.startswith("PIP_")
            name = "$_sealenv_item" if pip else rule.name
            assert rule.clear_in(ext, name) in text
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


def test_what_our_own_python_has_handed_on_is_no_dirt() -> None:
    own = {"__PYVENV_LAUNCHER__": f"{sys.prefix}/bin/python3", "A": "b"}
    assert scrub(own) == {"A": "b"}
    other = {"__PYVENV_LAUNCHER__": "/other/bin/python3"}
    assert scrub(other) == other


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
    assert {name for name, _ in HONOURED} == {
        *("CONDA_CHANGEPS1", "CONDA_PKGS_DIRS", "PY_ENVS", "SEALENV_*"),
    }


def test_the_fast_path_imports_nothing_slow() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import sealenv.gates.admission, sealenv.gates.whitelist, sealenv.activation.launch\n"
        "import sealenv.activation.windows, sealenv.activation.winlaunch\n"
        "sealenv.gates.admission.enter({'PATH': '/usr/bin:/nowhere', 'HOME': '/'})\n"
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
