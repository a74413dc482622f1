"""Rewrite bytes in memory."""

from __future__ import annotations

from sealenv.relocation.edits import Change, Hints
from sealenv.relocation.rewrite import rewrite

_NO_HINTS = Hints()


def rewritten(path: str, content: bytes, change: Change, hints: Hints = _NO_HINTS) -> bytes:
    """Return the new bytes of a file."""
    return rewrite(path, content, change, hints).apply(content)


def back(change: Change) -> Change:
    """Return the change back."""
    return Change.between(change.new, change.old.places[0], change.platform)
