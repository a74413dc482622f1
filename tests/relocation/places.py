"""Rewrite bytes in memory."""

from __future__ import annotations

from sealenv.relocation.owners import Owner
from sealenv.relocation.rewrite import Change, rewrite

_NO_OWNER = Owner()


def rewritten(path: str, content: bytes, change: Change, owner: Owner = _NO_OWNER) -> bytes:
    """Return the new bytes of a file."""
    return rewrite(path, content, change, owner).apply(content)


def back(change: Change) -> Change:
    """Return the change back."""
    return Change.between(change.new, change.old.places[0], change.platform)
