"""The engine is begun before the command line is read, and never outlives who began it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.machine import Machine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def engines_of(machine: Machine) -> list[str]:
    """Engine processes with this machine's HOME."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={machine.home}".encode() not in (process / "environ").read_bytes().split(
                b"\0"
            ):
                continue
            if b"sealenv.engine.worker" in (process / "cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("args", [("--nope",), ("a/b",), ("x", "3.x"), ("--help",), ()])
def test_a_command_line_that_is_wrong_leaves_none(machine: Machine, args: tuple[str, ...]) -> None:
    done = machine.run("create", *args, code=None)
    assert "Traceback" not in done.stderr
    assert "ResourceWarning" not in done.stderr
    end = time.monotonic() + 20
    while engines_of(machine):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not os.path.lexists(machine.envs)
