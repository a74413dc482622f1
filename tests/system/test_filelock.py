"""Exclusive and shared locks, between two handles as between two processes."""

from __future__ import annotations

from pathlib import Path

from sealenv.system.filelock import FileLock


def test_a_lock_ends_with_its_handle(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with lock.waiting(shared=True), lock.waiting(shared=True), lock.alone() as free:
        assert not free
    with lock.alone() as free, lock.alone() as again:
        assert (free, again) == (True, False)
    with lock.waiting(), lock.alone() as free:
        assert not free
