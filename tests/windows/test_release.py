"""The zip for Windows: reproducible, complete, and without a trace elsewhere."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from release.windows import build
from tests.channel import Channels
from tests.channel.builder import cache_folder
from tests.windows.machine import Windows


@pytest.fixture(scope="module")
def downloads() -> Path:
    return cache_folder() / "release"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Path:
    return build(tmp_path_factory.mktemp("release"), downloads)


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    """The folder of the tool, below one with a space and a letter beyond ASCII."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "my tööls")
    (folder,) = (tmp_path / "my tööls").iterdir()
    return folder


def test_the_zip_is_reproducible_and_complete(
    archive: Path, downloads: Path, tmp_path: Path
) -> None:
    assert build(tmp_path, downloads).read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        top = archive.stem
        text = opened.read(f"{top}/sealenv.cmd")
    assert all(name.startswith(f"{top}/") for name in names)
    for name in ("sealenv.cmd", "README.txt", "LICENSE", "python/python.exe", "python/LICENSE.txt"):
        assert f"{top}/{name}" in names
    assert not [name for name in names if name.endswith((".pyc", ".pth"))]
    assert text.count(b"\r\n") == text.count(b"\n")


def test_it_runs_from_any_folder_and_writes_nowhere_else(
    windows: Windows, unpacked: Path, tmp_path: Path, channels: Channels
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {
        "SEALENV_ENVS": windows.path(tmp_path / "envs"),
        "SEALENV_CACHE": windows.path(tmp_path / "cache"),
        "TEMP": windows.path(tmp_path / "temp"),
        "TMP": windows.path(tmp_path / "temp"),
        "USERPROFILE": windows.path(tmp_path / "home"),
        "APPDATA": windows.path(tmp_path / "home/AppData/Roaming"),
        "LOCALAPPDATA": windows.path(tmp_path / "home/AppData/Local"),
    }
    for folder in ("temp", "home"):
        (tmp_path / folder).mkdir()
    before = _tree(tmp_path)
    tool = unpacked / "sealenv.cmd"
    version = windows.batch(tool, "--version", env=env, cwd=elsewhere)
    assert version.stdout.startswith("sealenv "), version.stderr
    channel = windows.path(channels.main)
    made = windows.batch(tool, "create", "my env", "3.12", "-c", channel, env=env, cwd=elsewhere)
    assert made.returncode == 0, made.stderr
    python = windows.batch(tool, "list", "--json", env=env, cwd=elsewhere)
    assert "my env_3_12" in python.stdout
    own = unpacked.relative_to(tmp_path).as_posix()
    added = {path for path in _tree(tmp_path) - before if "__pycache__" not in path}
    assert {path for path in added if not path.startswith(("envs/", "cache/"))} == set()
    assert not [path for path in added if path.startswith(own)]


def _tree(root: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
        for folder, folders, files in os.walk(root)
        for name in files + folders
        if name not in {"envs", "cache"}
    }
