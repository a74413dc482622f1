"""Fixtures: a Windows per worker, a user on it, and an environment that a test may break."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.windows.bootstrapping import (  # noqa: F401 (fixtures)
    bare,
    channel_url,
    fake_micromamba_exe,
    releases,
)
from tests.windows.machine import Windows, find_windows
from tests.windows.user import User


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of what only Windows has; run a test again in which a program never ends.

    One such hang is Wine's own: docs/contributing/wine.md.
    """
    if os.name == "nt":
        return
    for item in items:
        if "windows" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=["WineTimeoutError"]))
    gone = [item for item in items if item.get_closest_marker("windows_itself")]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    """Windows itself, or this worker's Wine."""
    found = find_windows(tmp_path_factory.mktemp("windows"))
    yield found
    found.kill()


@pytest.fixture(scope="session")
def windows_cache(
    windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A package cache that holds what a default create takes."""
    user = User(windows, tmp_path_factory.mktemp("warm"))
    user.run("create", "warm", "3.12", "-c", user.path(channels.main), "--no-pyc")
    return user.cache


@pytest.fixture
def newcomer(windows: Windows, tmp_path: Path) -> User:
    """A user who has never used sealenv."""
    return User(windows, tmp_path)


@pytest.fixture
def user(windows: Windows, windows_cache: Path, tmp_path: Path) -> User:
    """A user whose cache is warm."""
    return User(windows, tmp_path, cache=windows_cache)


@pytest.fixture(scope="session")
def made(
    windows: Windows,
    windows_cache: Path,
    channels: Channels,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[User, Path]:
    """A finished default environment, for tests that only look at it or run something in it."""
    user = User(windows, tmp_path_factory.mktemp("made here"), cache=windows_cache)
    user.run("create", "shared", "3.12", "-c", user.path(channels.main))
    return user, user.envs / "shared_3_12"


@pytest.fixture
def breakable(user: User, channels: Channels) -> Path:
    """A small sealed environment of this test's own."""
    user.run("create", "small", "3.12", "-c", user.path(channels.main), "--no-pyc")
    return user.envs / "small_3_12"
