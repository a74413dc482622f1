"""Hashing many files: every answer at its place, large ones by threads too."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sealenv.system import hashing
from sealenv.system.hashing import hash_files, processors
from tests.machine import SRC


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
def test_every_answer_is_at_its_place(tree: list[Path]) -> None:
    assert hashed(tree) == digests(tree)


def test_a_file_larger_than_a_block(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(os.urandom((1 << 20) + 1) * 2)
    assert hashed([path]) == digests([path])


@pytest.mark.usefixtures("how")
def test_what_cannot_be_read(tree: list[Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    gone, folder, *answers = hashed([tmp_path / "gone", tmp_path / "folder", *tree])
    assert isinstance(gone, FileNotFoundError)
    assert isinstance(folder, OSError)
    assert answers == digests(tree)


@pytest.mark.skipif(os.name == "nt", reason="no FIFO there")
@pytest.mark.usefixtures("how")
def test_a_fifo_is_not_waited_for_and_a_link_not_followed(tree: list[Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tree[0])
    assert all(isinstance(a, OSError) for a in hashed([tmp_path / "fifo", tmp_path / "link"]))


def test_progress_ends_with_all(tree: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    names = [os.fspath(path) for path in tree]
    list(hash_files(names, [0] * len(names), lambda *numbers: told.append(numbers)))
    assert told[0] == (0, 300)
    assert told[-1] == (300, 300)


def test_threads_end_where_hashing_is_ended(
    tree: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "_LARGE", 0)
    monkeypatch.setattr(hashing, "_WORTH", 0)
    before = set(threading.enumerate())
    answers = hash_files([os.fspath(path) for path in tree], [1] * len(tree))
    next(answers)
    started = set(threading.enumerate()) - before
    assert started
    answers.close()  # type: ignore[attr-defined]
    for thread in started:
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_those_that_are_left_to_us() -> None:
    one = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{one}}})\n"
    code += "from sealenv.system.hashing import processors; print(processors())"
    environ = os.environ | {"PYTHONPATH": str(SRC)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_at_least_this_one() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
