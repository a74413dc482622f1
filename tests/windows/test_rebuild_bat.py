"""The exported .bat, all of it: cmd.exe, the real curl.exe, a real server."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sealenv.bootstrap.rebuild import PinnedMicromamba, render_rebuild
from sealenv.lock import Lock
from tests.channel import ChannelServer
from tests.locking import lock_of
from tests.windows.bootstrapping import DEFAULT, Bare
from tests.windows.machine import Windows

pytestmark = pytest.mark.slow


class Rebuild(Bare):
    """The script alone in its folder."""

    @property
    def script(self) -> Path:
        return self.scripts / "my env.bat"

    @property
    def executable(self) -> Path:
        return self.releases.root / "download" / DEFAULT / "micromamba-win-64.exe"

    def export(self, locks: Sequence[Lock], name: str = "my_env", **more: Any) -> None:
        """Write the script; the release's executable is the one that is pinned."""
        digest = hashlib.sha256(self.executable.read_bytes()).hexdigest()
        pinned = more.pop("pinned", PinnedMicromamba(DEFAULT, {"win-64": digest}))
        for old in self.scripts.iterdir():
            old.unlink()
        self.script.write_bytes(render_rebuild("bat", locks, name, pinned, **more))


@pytest.fixture(scope="module")
def lock(channel_url: str, tmp_path_factory: pytest.TempPathFactory) -> Lock:
    return lock_of(
        channel_url, tmp_path_factory.mktemp("solving"), python="3.12", platform="win-64"
    )


@pytest.fixture
def small(lock: Lock) -> Lock:
    """One noarch package of it, without python."""
    (package,) = (p for p in lock.packages if p.name == "conda")
    return Lock(platform="win-64", channels=lock.channels, packages=(package,))


@pytest.fixture
def rebuild(windows: Windows, tmp_path: Path, releases: ChannelServer, channel_url: str) -> Rebuild:
    return Rebuild(windows, tmp_path / "a user", releases, channel_url)


def test_the_very_environment(rebuild: Rebuild, lock: Lock, windows: Windows) -> None:
    rebuild.export([lock])
    done = rebuild.run()
    prefix = rebuild.envs / "my_env"
    (call,) = rebuild.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--no-shortcuts", "--yes", "--extra-safety-checks"} <= set(words)
    assert words[words.index("--safety-checks") + 1] == "enabled"
    assert call["environ"]["USERPROFILE"].startswith(windows.path(rebuild.temp))
    assert list(rebuild.home.iterdir()) == []
    assert [path.name for path in rebuild.temp.iterdir()] == ["micromamba"]
    records = {path.stem for path in (prefix / "conda-meta").glob("*.json")}
    assert records == {p.dist for p in lock.packages}
    meta = {path.name for path in (prefix / "conda-meta").iterdir()}
    assert {"history", "sealenv.bootstrap"} <= meta
    assert "sealenv.pending" not in meta
    assert not (prefix / ".sealenv-scratch").exists()
    assert "as said by this script" in done.stdout
    assert not any(path.endswith("repodata.json") for _, path, _ in rebuild.releases.answers)
    for program in ("python.exe", "Scripts/conda.exe", "Library/bin/mamba.exe"):
        assert windows.run([prefix / program, "--version"]).returncode == 0
    before = rebuild.everything()
    assert "an environment already" in rebuild.run(code=7).stderr
    assert rebuild.everything() == before
