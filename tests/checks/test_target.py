"""The checks of the folder for environments."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from sealenv.checks.computer import Volume, volume_of
from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, ids, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")


def test_target(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    machine.__dict__["volume"] = Volume(tmp_path, "exfat", 1 << 20, True, True, False, True)
    found = ids(machine)
    for name in ("noexec", "readonly", "space", "network", "filesystem"):
        assert f"target-{name}" in found
    outer = write(tmp_path / "outer/conda-meta/history", "").parent.parent
    nested = dataclasses.replace(machine, target=outer / "One: $x/OneDrive/envs")
    assert {"target-nested", "target-name", "target-synced"} <= set(ids(nested))
    file = write(tmp_path / "file", "")
    below = dataclasses.replace(machine, target=file / "x/y")
    assert "is not a folder" in [f.what for f in examine(below, ["target-readonly"]).findings][-1]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_real_volume() -> None:
    proc = volume_of(Path("/proc/self/nothing/there"))
    assert (proc.kind, proc.free) == ("proc", 0)
    assert volume_of(Path("/dev/shm/nothing")).folder == Path("/dev/shm")
