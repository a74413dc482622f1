"""The proof after a move: what was written after the search is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.commands.move import MoveOptions, move_prefix
from sealenv.relocation.destination import rename_prefix
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


def test_a_file_written_between_search_and_rename(
    warm_machine: Machine, demo_channel: DemoChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = Path(warm_machine.create("e", demo_channel)["prefix"])
    place = env.with_name("f")
    script = next(env.glob("lib/python3.*/site-packages/pip/__main__.py")).relative_to(env)

    def fake_rename(prefix: Path, target: Path) -> bool:
        text = (env / script).read_text() + f"\n# {env}\n"
        (env / script).unlink()  # a hard link to the cache
        (env / script).write_text(text)
        return rename_prefix(prefix, target)

    monkeypatch.setattr("sealenv.commands.move.rename_prefix", fake_rename)
    move_prefix(env, place, MoveOptions(environ=warm_machine.env))
    assert str(env) not in (place / script).read_text()
    assert str(place) in (place / script).read_text()
