"""Exclusive and shared locks, between two handles as between two processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.system.filelock import FileLock, open_removable, try_lock, unlock


@pytest.fixture
def handles(tmp_path: Path) -> Iterator[list[int]]:
    path = tmp_path / "lock"
    path.write_text("held")
    found = [open_removable(path, new=False) for _ in range(3)]
    yield found
    for fd in found:
        os.close(fd)


def test_many_together(handles: list[int]) -> None:
    assert try_lock(handles[0], shared=True)
    assert try_lock(handles[1], shared=True)
    assert not try_lock(handles[2])
    unlock(handles[0])
    assert not try_lock(handles[2])
    unlock(handles[1])
    assert try_lock(handles[2])


def test_a_lock_ends_with_its_handle(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with lock.waiting(shared=True), lock.waiting(shared=True), lock.alone() as free:
        assert not free
    with lock.alone() as free, lock.alone() as again:
        assert (free, again) == (True, False)
    with lock.waiting(), lock.alone() as free:
        assert not free
