"""A prefix that looks like a conda environment, and the shells to use it in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.activation.scripts import write_scripts
from tests.activation.dialects import DIALECTS, Dialect
from tests.shells import require_shell

NAMES = ("B", "a", "_z", "é", "10", "9")
ORDERED = tuple(sorted(NAMES))

_STEP = {
    "sh": 'export STEPS="${{STEPS-}} {kind}:{name}"\n',
    "fish": "set -gx STEPS (string join ' ' -- $STEPS {kind}:{name}); true\n",
    "csh": 'if (! $?STEPS) setenv STEPS ""\nsetenv STEPS "$STEPS {kind}:{name}"\n',
    "xsh": "$STEPS = __xonsh__.env.get('STEPS', '') + ' {kind}:{name}'\n",
    "nu": "$env.STEPS = ($env.STEPS? | default '') + ' {kind}:{name}'\n",
}

HOSTILE = "hostile $(touch PWNED) `touch PWNED` ;&|'\"% !x \\n é {a,b} [ab] #日本"


def build(prefix: Path) -> Path:
    for folder in ("bin", "conda-meta", "etc/conda/env_vars.d"):
        (prefix / folder).mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    (prefix / ".condarc").touch()
    python = prefix / "bin/python"
    python.write_text('#!/bin/sh\necho "fake python" "$@"\n')
    python.chmod(0o755)
    for kind in ("activate", "deactivate"):
        scripts = prefix / f"etc/conda/{kind}.d"
        scripts.mkdir()
        for name in NAMES:
            for ext, text in _STEP.items():
                (scripts / f"{name}.{ext}").write_text(text.format(kind=kind, name=name))
    variables = {
        "a.json": {"FROM_PACKAGE": "a", "BOTH": "package a", "GONE": "package"},
        "Z.json": {"FROM_PACKAGE": "Z", "UPPER_FIRST": "Z"},
        "b.json": {"UPPER_FIRST": "b", "HARD": HOSTILE},
    }
    for name, content in variables.items():
        (prefix / "etc/conda/env_vars.d" / name).write_text(json.dumps(content))
    state = {"version": 1, "env_vars": {"BOTH": "state", "GONE": "***unset***", "WAS_SET": "new"}}
    (prefix / "conda-meta/state").write_text(json.dumps(state))
    assert write_scripts(prefix, platform="linux-64").problems == []
    return prefix


@pytest.fixture
def make_prefix(tmp_path: Path) -> Callable[[str], Path]:
    return lambda name: build(tmp_path / name)


@pytest.fixture
def fake_prefix(make_prefix: Callable[[str], Path]) -> Path:
    return make_prefix("my_env")


@pytest.fixture(params=list(DIALECTS))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found = DIALECTS[request.param]
    require_shell(found.program)
    return found


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A clean environment; HOME and the caches are the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "WAS_SET": "old value"}
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        env[name] = str(home)
    if "LOCPATH" in os.environ:
        env["LOCPATH"] = os.environ["LOCPATH"]
    return env
