"""The hash of a source in a compiled file's header (PEP 552): SipHash, keyed with the magic number."""

from __future__ import annotations

import _imp
import struct
import sys

__all__ = ["by_hand", "is_ours", "source_hash"]

_FIRST_13 = 3450
"""From CPython 3.11 on one round and three at the end (Python/pyhash.c), before two and four."""
_MASK = (1 << 64) - 1


def source_hash(magic: bytes, source: bytes) -> bytes:
    """Eight bytes, as `importlib.util.source_hash` of the Python with that magic number gives them.

    Args:
        magic: the first four bytes of a compiled file.
        source: the bytes of the source.
    """
    key = int.from_bytes(magic, "little")
    if is_ours(magic):
        return _imp.source_hash(key, source)
    return by_hand(key, source, *((1, 3) if _is_new(magic) else (2, 4)))


def is_ours(magic: bytes) -> bool:
    """Whether this Python hashes as the one with that magic number: then it takes no time."""
    return _is_new(magic) == (sys.version_info >= (3, 11))


def _is_new(magic: bytes) -> bool:
    return int.from_bytes(magic[:2], "little") >= _FIRST_13


def by_hand(key: int, source: bytes, rounds: int, last: int) -> bytes:
    """SipHash, for a Python that hashes otherwise than this one.

    Args:
        key: the low half of the key; the high half is zero.
        source: what is hashed.
        rounds: for each word.
        last: at the end.
    """
    v0, v1, v2, v3 = (
        key ^ 0x736F6D6570736575,
        0x646F72616E646F6D,
        key ^ 0x6C7967656E657261,
        0x7465646279746573,
    )
    whole = len(source) - len(source) % 8
    tail = int.from_bytes(source[whole:], "little") | (len(source) & 0xFF) << 56
    words = [*struct.unpack(f"<{whole // 8}Q", source[:whole]), tail]
    for word in words:
        v3 ^= word
        for _ in range(rounds):
            v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= word
    v2 ^= 0xFF
    for _ in range(last):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return (v0 ^ v1 ^ v2 ^ v3).to_bytes(8, "little")


def _round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & _MASK
    v1 = _left(v1, 13) ^ v0
    v0 = _left(v0, 32)
    v2 = (v2 + v3) & _MASK
    v3 = _left(v3, 16) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = _left(v3, 21) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = _left(v1, 17) ^ v2
    v2 = _left(v2, 32)
    return v0, v1, v2, v3


def _left(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK
