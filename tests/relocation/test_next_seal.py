"""The file table after a move: of what was mended it holds what was written, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.move import MoveOptions, move_prefix
from sealenv.commands.verify import verify
from sealenv.relocation import settle
from sealenv.relocation.next_seal import carried_over
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_move.py")


def longer(path: Path) -> None:
    with path.open("ab") as file:  # it was just written: no hard link leads there
        file.write(b"# more\n")


def as_long(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"#")


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes()[:-1] + b"#")
    other.chmod(path.stat().st_mode)
    other.replace(path)


@pytest.mark.parametrize("write", [longer, as_long, replaced])
@pytest.mark.parametrize("copy", [False, True])
def test_what_somebody_writes_into_a_mended_file_is_not_sealed(
    warm_machine: Machine, demo_channel: DemoChannel, monkeypatch: pytest.MonkeyPatch,
    write: Any, copy: bool,
) -> None:  # fmt: skip
    """Between its mending and the table: by size and time too it is not what is sealed."""
    env = Path(warm_machine.create("e", demo_channel)["prefix"])
    place = env.with_name("f")

    def late(*args: Any, **options: Any) -> Any:
        write(place / "bin/pip")
        return carried_over(*args, **options)

    monkeypatch.setattr(settle, "carried_over", late)
    moved = move_prefix(env, place, MoveOptions(copy=copy, environ=warm_machine.env))
    assert "bin/pip" in moved.mended
    for fast in (True, False):
        found = {(f.kind, f.path) for f in verify(place, fast=fast).findings}
        assert ("altered", "bin/pip") in found
