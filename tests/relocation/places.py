"""Rewrite bytes in memory."""

from __future__ import annotations

import io

from sealenv.relocation.edits import Change, Hints, Rewriting
from sealenv.relocation.rewrite import rewrite

"""Of folders: anything that a file system takes."""


def applied(rewriting: Rewriting, content: bytes) -> bytes:
    """The new bytes of a file."""
    target = io.BytesIO()
    rewriting.apply_to(io.BytesIO(content), target)
    return target.getvalue()


def rewritten(path: str, content: bytes, change: Change, hints: Hints | None = None) -> bytes:
    """What a file becomes."""
    return applied(rewrite(path, content, change, hints or Hints()), content)


def back(change: Change) -> Change:
    """The way back."""
    return Change.between(change.new, change.old.places[0], change.platform)
