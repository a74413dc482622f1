"""Fixtures that everything uses: a machine of one's own, and the command line on it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import hypothesis
import pytest

from sealenv.system.filelock import FileLock
from sealenv.tour.channel import DemoChannel, build_demo_channel
from tests.channel import Channels, build
from tests.machine import Machine

# A busy machine is no failure.
hypothesis.settings.register_profile("sealenv", deadline=None)
hypothesis.settings.load_profile("sealenv")

REPO = Path(__file__).resolve().parent.parent
T = TypeVar("T")


class Once(Protocol):
    """The fixture `once`: a name, and what makes the result in a folder of that name."""

    def __call__(self, name: str, call: Callable[[Path], T]) -> T: ...


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell: what the tests start would never hear of Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


END_TO_END = frozenset(
    {"browser", "channels", "demo_channel", "machine", "warm_machine", "windows"}
)
"""Fixtures of tests that run `sealenv` in a process of its own, a browser or Wine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--quick`."""
    parser.addoption(
        "--quick",
        action="store_true",
        help="only tests without END_TO_END fixtures and without the mark `slow` or `shell`, "
        "and those with the mark `quick`",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what takes longer under `--quick`."""
    if not config.getoption("--quick"):
        return
    config.hook.pytest_deselected(items=[item for item in items if not is_quick(item)])
    items[:] = filter(is_quick, items)


def is_quick(item: pytest.Item) -> bool:
    """Whether `--quick` runs this test."""
    if item.get_closest_marker("quick"):
        return True
    if item.get_closest_marker("slow") or item.get_closest_marker("shell"):
        return False
    return END_TO_END.isdisjoint(getattr(item, "fixturenames", ()))


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
def shared_environment(once: Once, demo_channel: DemoChannel) -> Path:
    """The default environment `my_env`, created once per run: tests read it and change nothing."""

    def make(root: Path) -> Path:
        machine = Machine(root)
        minor = demo_channel.python_minor
        made = machine.json("create", "my_env", minor, "-c", demo_channel.url)
        return Path(made["prefix"])

    return once("shared_environment", make)


@pytest.fixture(scope="session")
def warm_cache(shared_environment: Path) -> Path:
    """A package cache that holds the demo channel's default packages; tests share it, as users do."""
    return shared_environment.parent.parent / "cache"


@pytest.fixture
def warm_machine(tmp_path: Path, warm_cache: Path) -> Machine:
    """The same machine after an earlier create: its cache is shared with other tests."""
    return Machine(tmp_path, cache=warm_cache)


@pytest.fixture
def own_environment(warm_machine: Machine, shared_environment: Path) -> Path:
    """The environment `e` of the test itself: a clone of the default environment."""
    return Path(warm_machine.json("clone", str(shared_environment), "e")["prefix"])


@pytest.fixture(scope="session")
def python_minor() -> str:
    """The version that the demo channel's python has, as `create` takes it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
