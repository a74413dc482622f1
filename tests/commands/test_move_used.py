"""An environment that its user has worked with: projects outside of it, another pip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands.test_move import env, moved_by_hand, original, run_python
from tests.machine import Machine

__all__ = ["env", "moved_by_hand", "original"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")


def site_of(prefix: Path) -> Path:
    return next(prefix.glob("lib/python3.*/site-packages"))


def test_a_project_outside_and_another_pip(
    warm_machine: Machine, env: Path, tmp_path: Path
) -> None:
    """As `pip install -e PROJECT` (a `.pth` to its `src`) and `pip install pip==99` leave them."""
    source = tmp_path / "project" / "src"
    source.mkdir(parents=True)
    (source / "thing.py").write_text("place = __file__\n")
    (site_of(env) / "__editable__.thing-1.0.pth").write_text(f"{source}\n")
    info = next(site_of(env).glob("pip-*.dist-info"))
    version = info.name.removeprefix("pip-").removesuffix(".dist-info")
    info.rename(info.with_name("pip-99.0.dist-info"))
    program = site_of(env) / "pip/__init__.py"
    program.write_text(program.read_text().replace(version, "99.0"))
    cloned = warm_machine.json("clone", "e", "cloned")
    assert cloned["check"]["tools"]["pip"].startswith("pip 99.0")
    for name, options in (("renamed", ()), ("copied", ("--copy",))):
        answer = warm_machine.json("move", "e", name, *options)
        assert answer["check"]["tools"]["pip"].startswith("pip 99.0")
        place = warm_machine.envs / name
        found = run_python(warm_machine, place, "import thing; print(thing.place)")
        assert found == str(source / "thing.py")
        warm_machine.run("move", name, "e")
