"""Fixtures that everything uses: a machine of one's own, and the command line on it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from sealenv.system.filelock import FileLock
from sealenv.tour.channel import DemoChannel, build_demo_channel
from tests.channel import Channels, build
from tests.machine import Machine

pytest_plugins = ["tests.windows.again"]

REPO = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell: what the tests start would never hear of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def demo_channel(tmp_path_factory: pytest.TempPathFactory) -> DemoChannel:
    """The channel of `sealenv demo`: a real python and pip, stand-ins for conda and mamba.

    Each worker builds its own; the bytes are the same, so that a shared cache serves all.
    """
    return build_demo_channel(tmp_path_factory.mktemp("demo-channel"))


@pytest.fixture(scope="session")
def channels() -> Channels:
    """The local channels of the tests, from the cache; nothing may be written into them."""
    return build()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """HOME, cache and environments of a user who has never used sealenv."""
    return Machine(tmp_path)


@pytest.fixture(scope="session")
def warm_cache(shared_tmp: Path, demo_channel: DemoChannel) -> Path:
    """A package cache that holds the demo channel's default packages; tests share it, as users do."""
    cache = shared_tmp / "warm-cache"
    with FileLock(shared_tmp / "warm-cache.lock").waiting():
        if not (cache / "archives").is_dir():
            machine = Machine(shared_tmp / f"warm-{os.getpid()}", cache=cache)
            machine.create("warm", demo_channel, "--no-pyc")
    return cache


@pytest.fixture
def warm_machine(tmp_path: Path, warm_cache: Path) -> Machine:
    """The same machine after an earlier create: its cache is shared with other tests."""
    return Machine(tmp_path, cache=warm_cache)


@pytest.fixture(scope="session")
def python_minor() -> str:
    """The version that the demo channel's python has, as `create` takes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
