"""Errors of ours for what the operating system said to py-rattler, which passes it on in a string."""

from __future__ import annotations

from collections.abc import Sequence

from sealenv.errors import FilesystemError

__all__ = ["disk_problem"]


def disk_problem(text: str, where: str, details: Sequence[str] = ()) -> FilesystemError | None:
    """A full disk, or one that may not be written; None for anything else.

    Args:
        text: what py-rattler says.
        where: the folder that it was to write.
        details: the same, in lines.
    """
    if "os error 28" in text or "os error 122" in text or "No space left" in text:
        return FilesystemError(
            "the disk is full",
            where=where,
            details=details,
            hint="make room, then run the same command again",
        )
    if "os error 30" in text or "os error 13" in text:
        return FilesystemError(
            "the file system refuses to be written",
            where=where,
            details=details,
            hint="choose a folder that you may write",
        )
    return None
