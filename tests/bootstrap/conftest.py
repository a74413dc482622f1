"""Fixtures: a bare machine on which the standalone script runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.tour.archive import write_package, write_repodata
from tests.bootstrap.machine import Bare, conda_with_hook, release
from tests.channel import Channels, ChannelServer
from tests.shells import require_shell


@pytest.fixture
def releases(tmp_path: Path, channels: Channels) -> Iterator[ChannelServer]:
    """The releases of micromamba, over http: a stand-in."""
    folder = tmp_path / "releases"
    subdir = {"linux-aarch64": "linux-aarch64"}.get(channels.subdir, channels.subdir)
    release(folder, subdir)
    with ChannelServer(folder) as server:
        yield server


def link_or_copy(source: str, target: str) -> None:
    """The temporary folder may be on another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@pytest.fixture(scope="session")
def channel_url(channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The local channel with a conda that can be activated, over http."""
    root = tmp_path_factory.mktemp("channel")
    for subdir in ("noarch", channels.subdir):
        shutil.copytree(channels.main / subdir, root / "main" / subdir, copy_function=link_or_copy)
    write_package(conda_with_hook(), root / "main" / "noarch")
    (root / "main" / "noarch" / "repodata.json").unlink()  # do not write into the shared one
    (root / "main" / "noarch" / "repodata.json.zst").unlink(missing_ok=True)
    write_repodata(root / "main" / "noarch")
    with ChannelServer(root) as server:
        yield server.url()


@pytest.fixture
def bare(tmp_path: Path, releases: ChannelServer, channel_url: str) -> Bare:
    """A machine that has never seen a Python; there is a space in its paths."""
    return Bare(tmp_path / "a user", releases, channel_url, require_shell("dash"))
