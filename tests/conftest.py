"""Fixtures that everything uses: a machine of one's own, and the command line on it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from sealenv.system.filelock import FileLock
from sealenv.tour.channel import DemoChannel, build_demo_channel
from tests.channel import Channels, build
from tests.machine import Machine

pytest_plugins = ["tests.windows.again"]

REPO = Path(__file__).resolve().parent.parent
T = TypeVar("T")


class Once(Protocol):
    """The fixture `once`: a name, and what makes the result in a folder of that name."""

    def __call__(self, name: str, call: Callable[[Path], T]) -> T: ...


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell: what the tests start would never hear of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def once(shared_tmp: Path) -> Once:
    """Make something in the first worker that asks for it; the others get the pickled result."""

    def make(name: str, call: Callable[[Path], T]) -> T:
        result = shared_tmp / f"{name}.pickle"
        with FileLock(shared_tmp / f"{name}.lock").waiting():
            if not result.is_file():
                made = call(shared_tmp / name)
                result.write_bytes(pickle.dumps(made))
        found: T = pickle.loads(result.read_bytes())
        return found

    return make


@pytest.fixture(scope="session")
def demo_channel(once: Once) -> DemoChannel:
    """The channel of `sealenv demo`: a real python and pip, stand-ins for conda and mamba."""
    return once("demo-channel", build_demo_channel)


@pytest.fixture(scope="session")
def channels() -> Channels:
    """The local channels of the tests, from the cache; nothing may be written into them."""
    return build()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """HOME, cache and environments of a user who has never used sealenv."""
    return Machine(tmp_path)


@pytest.fixture(scope="session")
def original(once: Once, demo_channel: DemoChannel) -> Path:
    """The default environment `my_env`, created once per run: tests read it and change nothing."""

    def make(root: Path) -> Path:
        machine = Machine(root)
        minor = demo_channel.python_minor
        made = machine.json("create", "my_env", minor, "-c", demo_channel.url)
        return Path(made["prefix"])

    return once("original", make)


@pytest.fixture(scope="session")
def warm_cache(original: Path) -> Path:
    """A package cache that holds the demo channel's default packages; tests share it, as users do."""
    return original.parent.parent / "cache"


@pytest.fixture
def warm_machine(tmp_path: Path, warm_cache: Path) -> Machine:
    """The same machine after an earlier create: its cache is shared with other tests."""
    return Machine(tmp_path, cache=warm_cache)


@pytest.fixture
def environment(warm_machine: Machine, original: Path) -> Path:
    """The environment `e` of the test itself: a clone of the default environment."""
    return Path(warm_machine.json("clone", str(original), "e")["prefix"])


@pytest.fixture(scope="session")
def python_minor() -> str:
    """The version that the demo channel's python has, as `create` takes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
