"""The file table: what docs/reference/seal.md says of it, byte by byte."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import pytest

from sealenv.seals.seal import encode
from sealenv.seals.snapshot import hash_rows, take_snapshot


def table_of(prefix: Path) -> bytes:
    rows = take_snapshot(prefix)
    hash_rows(prefix, rows, list(rows.values()))
    return encode(rows.values())


@pytest.mark.skipif(os.name == "nt", reason="modes and links are others there")
def test_each_byte(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir(mode=0o750)
    (tmp_path / "b" / "x").write_bytes(b"1\n")
    (tmp_path / "b" / "x").chmod(0o4711)
    (tmp_path / "a").symlink_to("b/x")
    os.utime(tmp_path / "b" / "x", ns=(1, 2_000_000_001))
    expected = b"sealenv\n" + struct.pack("<II", 2, 3)
    for name, mode in (("a", 0o120777), ("b", 0o040750), ("b/x", 0o104711)):
        there = os.lstat(tmp_path / name)
        assert there.st_mode == mode
        size = 0 if name == "a" else there.st_size
        expected += struct.pack("<QQQQ", mode, there.st_mtime_ns, there.st_ino, size)
    expected += hashlib.sha256(b"b/x").digest() + bytes(32) + hashlib.sha256(b"1\n").digest()
    assert table_of(tmp_path) == expected + b"a\0b\0b/x"
