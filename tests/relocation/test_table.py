"""The file table after a move has the digests that `move` wrote, and no others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.move import move
from sealenv.commands.verify import verify
from sealenv.relocation import settle
from sealenv.relocation.reseal import next_table
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")


def longer(path: Path) -> None:
    with path.open("ab") as file:  # it was just written: no hard link leads there
        file.write(b"# more\n")


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"#")
    other.chmod(path.stat().st_mode)
    other.replace(path)


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

    monkeypatch.setattr(settle, "next_table", late)
    moved = move(env, place)
    assert "bin/pip" in moved.rewritten
    for fast in (True, False):
        found = {(f.kind, f.path) for f in verify(place, fast=fast).findings}
        assert ("altered", "bin/pip") in found
