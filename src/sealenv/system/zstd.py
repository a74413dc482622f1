"""Zstandard, as .conda archives and channel indexes are packed.

PEP 784: `compression.zstd` from Python 3.14, its backport before. The wheel of `zstandard` has 24 MB
installed, the backport's 1.4 MB.
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdDecompressor, ZstdError
    from compression.zstd import compress as _compress
else:
    from backports.zstd import CompressionParameter, ZstdDecompressor, ZstdError
    from backports.zstd import compress as _compress

__all__ = ["compress", "decompress"]


def compress(data: bytes, level: int) -> bytes:
    """Compress to one frame with a checksum; the same bytes for the same data, level and zstd.

    Args:
        data: what to compress.
        level: 1 (fast) to 19 (small).
    """
    options = {
        int(CompressionParameter.compression_level): level,
        int(CompressionParameter.checksum_flag): 1,
    }
    return _compress(data, options=options)


def decompress(data: bytes, most: int) -> bytes:
    """Decompress one frame.

    Args:
        data: the frame.
        most: bytes that may come of it.

    Raises:
        ValueError: it is damaged, cut off, or larger.
    """
    frame = ZstdDecompressor()
    try:
        found: bytes = frame.decompress(data, most)
    except ZstdError as error:
        raise ValueError(f"no zstd: {error}") from error
    if not frame.eof:
        raise ValueError("the zstd frame is cut off or too large")
    return found
