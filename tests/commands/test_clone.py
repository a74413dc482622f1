"""`sealenv clone`: hard links and copies that do not affect the original."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.seals.seal import read_seal
from tests.commands.test_move import (
    env,
    holding,
    kinds,
    moved_by_hand,
    original,
    prints,
    run_python,
)
from tests.machine import Machine

__all__ = ["env", "moved_by_hand", "original"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")


def test_a_clone_is_an_environment_of_its_own(warm_machine: Machine, env: Path) -> None:
    answer = warm_machine.json("clone", "e", "second")
    place = warm_machine.envs / "second"
    assert answer["linked"] > 10 * answer["copied"]
    assert kinds(place) == kinds(env) == []
    assert verify(place, fast=True).hashed == 0
    assert prints(place).packages == prints(env).packages
    assert read_seal(place).prefix == str(place)
    assert run_python(warm_machine, place, "import sys; print(sys.prefix)") == str(place)
    assert holding(place, env) == []
    warm_machine.run("remove", "e", "-y")
    assert kinds(place) == []


@pytest.mark.quick
def test_changing_one_does_not_change_the_other(warm_machine: Machine, env: Path) -> None:
    (env / "__home__").mkdir()
    (env / "__home__/mine").write_text("mine")
    (env / "untracked").write_text("mine")
    next(env.glob("lib/python3.*/this.py")).write_text("x = 1\n")
    before = kinds(env)
    warm_machine.run("clone", "e", "second")
    place = warm_machine.envs / "second"
    assert kinds(place) == before
    for path in ("__home__/mine", "untracked", "conda-meta/history"):
        with (place / path).open("a") as file:  # in place, as history grows
            file.write("more")
        assert "more" not in (env / path).read_text()
    warm_machine.run("move", "second", "third")
    assert kinds(env) == before


def test_nothing_is_shared_with_copy(warm_machine: Machine, env: Path) -> None:
    answer = warm_machine.json("clone", "e", "second", "--copy")
    assert answer["linked"] == 0
    place = warm_machine.envs / "second"
    assert kinds(place) == []
    shared = [
        path for path in place.rglob("*")
        if path.is_file() and not path.is_symlink() and "pkgs" not in path.parts
        and path.stat().st_nlink > 1
    ]  # fmt: skip
    assert shared == []


def test_where_something_is(warm_machine: Machine, env: Path) -> None:
    (warm_machine.envs / "full").mkdir()
    (warm_machine.envs / "full/x").touch()
    assert warm_machine.json("clone", "e", "full", code=7)["error"] == "prefix-exists"
    env.rename(warm_machine.envs / "by_hand")
    answer = warm_machine.json("clone", "by_hand", "second", code=7)
    assert "move --here" in answer["hint"]
