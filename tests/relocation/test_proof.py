"""The proof after a move, and the file table: what other programs write meanwhile is found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.move import move
from sealenv.commands.verify import verify
from sealenv.errors import CheckFailedError
from sealenv.progress import Reporter
from sealenv.relocation import apply
from sealenv.relocation.prove import next_table
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


def longer(path: Path) -> None:
    with path.open("ab") as file:  # it was just written: no hard link leads there
        file.write(b"# more\n")


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"#")
    other.chmod(path.stat().st_mode)
    other.replace(path)


@pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")
@pytest.mark.parametrize("write", [longer, replaced])
def test_a_rewritten_file_that_changes_before_the_seal_is_not_sealed(
    warm_machine: Machine, demo_channel: DemoChannel, monkeypatch: pytest.MonkeyPatch,
    write: Any,
) -> None:  # fmt: skip
    env = Path(warm_machine.create("e", demo_channel)["prefix"])
    place = env.with_name("f")

    def late(*args: Any, **options: Any) -> Any:
        write(place / "bin/pip")
        return next_table(*args, **options)

    monkeypatch.setattr(apply, "next_table", late)
    moved = move(env, place)
    assert "bin/pip" in moved.rewritten
    for fast in (True, False):
        found = {(f.kind, f.path) for f in verify(place, fast=fast).findings}
        assert ("altered", "bin/pip") in found
