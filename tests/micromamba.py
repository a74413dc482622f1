"""A micromamba for tests: the stand-in as one executable, and a channel that has it as a package."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from tests.channel import Channels

FAKE = Path(__file__).with_name("fake_micromamba.py")


def stand_in(path: Path, **told: str) -> Path:
    """A shell script that is the stand-in (POSIX); `told`: VERSION, LOG, FAIL, WAIT."""
    lines = [f"export FAKE_MICROMAMBA_{name}={shlex.quote(text)}" for name, text in told.items()]
    command = shlex.join([sys.executable, "-I", "-B", str(FAKE)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, f'exec {command} "$@"', ""]))
    path.chmod(0o755)
    return path


def calls(log: Path) -> list[dict[str, Any]]:
    """What the stand-in was called with, in order; nothing where it never was."""
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def add_package(
    channels: Channels, folder: Path, executable: Path, version: str = "2.9.0", *, build: str = "0"
) -> Path:
    """A copy of the main channel that has the executable as a package `micromamba`; its folder."""
    channel = folder / "with-micromamba"
    if not channel.exists():
        shutil.copytree(channels.main, channel)
    member = "Library/bin/micromamba.exe" if executable.suffix == ".exe" else "bin/micromamba"
    subdir = "win-64" if executable.suffix == ".exe" else channels.subdir
    package = Package(
        name="micromamba",
        version=version,
        build=build,
        subdir=subdir,
        summary="a stand-in for micromamba, not micromamba",
        payload=(Payload(member, data=executable.read_bytes(), executable=True),),
    )
    write_package(package, channel / subdir)
    write_repodata(channel / subdir)
    return channel
