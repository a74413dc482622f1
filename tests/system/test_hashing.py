"""Hashing many files, small ones in a loop and large ones in threads."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from sealenv.system import hashing
from sealenv.system.hashing import hash_files


@pytest.fixture
def tree(tmp_path: Path) -> list[Path]:
    paths = []
    for number in range(300):
        path = tmp_path / f"{number}"
        path.write_bytes(bytes([number % 256]) * (number * 37 % 5000))
        paths.append(path)
    return paths


@pytest.fixture(params=["loop", "threads"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "threads":
        monkeypatch.setattr(hashing, "_LARGE", 1000)
        monkeypatch.setattr(hashing, "_WORTH", 0)
    return str(request.param)


def hashed(paths: list[Path]) -> list[bytes | OSError]:
    sizes = [os.lstat(path).st_size if os.path.lexists(path) else 5000 for path in paths]
    return list(hash_files([os.fspath(path) for path in paths], sizes))


def digests(paths: list[Path]) -> list[bytes]:
    return [hashlib.sha256(path.read_bytes()).digest() for path in paths]


@pytest.mark.usefixtures("how")
def test_digests_are_in_the_order_of_the_files(tree: list[Path]) -> None:
    assert hashed(tree) == digests(tree)


@pytest.mark.usefixtures("how")
def test_unreadable_files_are_errors(tree: list[Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    gone, folder, *answers = hashed([tmp_path / "gone", tmp_path / "folder", *tree])
    assert isinstance(gone, FileNotFoundError)
    assert isinstance(folder, OSError)
    assert answers == digests(tree)
