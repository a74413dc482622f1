"""The tar format of a bundle: POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format").

Plain files alone, with nothing in a header but name, size and whether it is executable.

A header follows from these three in one way only, byte by byte as GNU tar writes it. So a reader
that knows what has to come compares, and never interprets what a stranger wrote.
"""

from __future__ import annotations

__all__ = ["BLOCK", "LARGEST", "end", "header", "padding", "size_in"]

BLOCK = 512
LARGEST = 0o77777777777
"""Bytes of a member: eleven octal digits, 8 GiB."""
_RECORD = 20 * BLOCK


def header(name: str, size: int, *, executable: bool) -> bytes:
    """The 512 bytes before a file: mode 0644 or 0755, owner 0, time 0, no link, no names.

    Args:
        name: at most 99 characters of ASCII.
        size: bytes, at most `LARGEST`.
        executable: for its owner, group and others.
    """
    assert len(name) < 100
    assert 0 <= size <= LARGEST
    mode = 0o755 if executable else 0o644
    fields = [
        (name.encode("ascii"), 100),
        (b"%07o" % mode, 8),
        (b"%07o" % 0, 8),  # uid
        (b"%07o" % 0, 8),  # gid
        (b"%011o" % size, 12),
        (b"%011o" % 0, 12),  # mtime
        (b" " * 8, 8),  # where the sum goes, counted as spaces
        (b"0", 1),  # a plain file
        (b"", 100),  # no link
        (b"ustar\x0000", 8),
        (b"", 32),  # uname
        (b"", 32),  # gname
        (b"%07o" % 0, 8),
        (b"%07o" % 0, 8),
        (b"", 155),
        (b"", 12),
    ]
    block = b"".join(text.ljust(width, b"\0") for text, width in fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def size_in(block: bytes) -> int | None:
    """The size that a header names, None where it is not eleven octal digits."""
    text = block[124:135]
    return int(text, 8) if len(text) == 11 and all(c in b"01234567" for c in text) else None


def padding(size: int) -> int:
    """Zeros behind a file of that size."""
    return -size % BLOCK


def end(written: int) -> int:
    """Zeros behind the last file: two blocks, and as many as fill a record of 10240 bytes."""
    return 2 * BLOCK + -(written + 2 * BLOCK) % _RECORD
