"""Compiled Python whose source was mended: the header is to fit again (PEP 552)."""

from __future__ import annotations

from sealenv.portability.rewriting.pyc import restamped

__all__ = ["mend_header"]


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
    time = int.from_bytes(data[8:12], "little")
    if restamped(data, before, time) != data:
        return data
    return restamped(data, after, time)
