"""What docs/notes recorded of cmd.exe is seen again, in one Wine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from docs.notes.observe.cmd_environment import OBSERVATIONS as OF_ENVIRONMENTS
from docs.notes.observe.cmd_language import OBSERVATIONS as OF_THE_LANGUAGE
from docs.notes.observe.note import render
from docs.notes.observe.winstage import WindowsStage
from tests.channel import Channels
from tests.windows.machine import Windows
from tests.windows.provision import COMPILER


@pytest.mark.slow
def test_seen_again(windows: Windows, channels: Channels, tmp_path: Path) -> None:
    if not windows.wine:
        pytest.skip("recorded under Wine: its messages are not Windows'")
    if not shutil.which(COMPILER):
        pytest.skip(f"no {COMPILER} to make the stand-in for micromamba.exe")
    changed = {}
    with WindowsStage(tmp_path, windows, channels) as stage:
        for observation in [*OF_THE_LANGUAGE, *OF_ENVIRONMENTS]:
            now = render(observation, stage.observe(observation))
            if now != observation.path.read_text(encoding="utf-8"):
                changed[observation.name] = now
    assert not changed, f"python -m docs.notes.observe --write {' '.join(changed)}\n" + "\n".join(
        changed.values()
    )
