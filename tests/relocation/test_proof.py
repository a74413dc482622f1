"""The proof after a move: what was written after the search is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.commands.move import move
from sealenv.errors import CheckFailedError
from sealenv.progress import Reporter
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


def test_a_file_written_between_search_and_rename(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    env = Path(warm_machine.create("e", demo_channel)["prefix"])
    place = env.with_name("f")
    script = next(env.glob("lib/python3.*/site-packages/pip/__main__.py")).relative_to(env)

    class Rename(Reporter):
        def phase(self, name: str, what: str) -> None:
            if name == "rename":
                text = (env / script).read_text() + f"\n# {env}\n"
                (env / script).unlink()  # a hard link to the cache
                (env / script).write_text(text)

    with pytest.raises(CheckFailedError) as caught:
        move(env, place, reporter=Rename())
    assert "1 file still holds the old path" in str(caught.value)
    assert f"sealenv move --here {place}" in str(caught.value.hint)
    move(place, here=True)
    assert str(env) not in (place / script).read_text()
    assert str(place) in (place / script).read_text()
