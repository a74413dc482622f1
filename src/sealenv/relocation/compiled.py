"""Compiled Python whose source was mended: the header is to fit again (PEP 552)."""

from __future__ import annotations

from sealenv.seal.compiled import source_hash

__all__ = ["mend_header"]

_HASHED = 1


def mend_header(data: bytes, before: bytes, after: bytes) -> bytes:
    """The compiled file with a header that fits the source as it is now, if it fitted before.

    The time of the source is kept when it is mended, so that only its size or its hash differ.

    Args:
        data: the compiled file.
        before: the source as it was.
        after: the source as it is.
    """
    if len(data) < 16 or data[2:4] != b"\r\n":
        return data
    if int.from_bytes(data[4:8], "little") & _HASHED:
        then, now = source_hash(data[:4], before), source_hash(data[:4], after)
        if then is None or now is None or data[8:16] != then:
            return data
        return data[:8] + now + data[16:]
    size = (len(before) & 0xFFFFFFFF).to_bytes(4, "little")
    if data[12:16] != size:
        return data
    return data[:12] + (len(after) & 0xFFFFFFFF).to_bytes(4, "little") + data[16:]
