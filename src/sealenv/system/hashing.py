"""sha256 of files that lie anywhere: archives, outputs. For those of a prefix see `reader`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

__all__ = ["hash_file"]


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 (hex) and size in bytes of a file."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb", buffering=0) as file:
        buffer = memoryview(bytearray(min(1 << 20, os.fstat(file.fileno()).st_size + 1)))
        while count := file.readinto(buffer):
            digest.update(buffer[:count])
            size += count
    return digest.hexdigest(), size
