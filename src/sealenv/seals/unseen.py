"""What came or changed between two looks: nobody was shown it, so it is not sealed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from sealenv.errors import PrefixError
from sealenv.seals.path import FOLDER
from sealenv.seals.row import Row

__all__ = ["refuse_unseen"]

_SHOWN = 20


def refuse_unseen(
    prefix: Path, seen: Mapping[str, Row], now: Mapping[str, Row], ours: Collection[str]
) -> None:
    """Refuse to seal what was not there, or other, when it was compared and shown.

    Args:
        prefix: the prefix.
        seen: what lay there then.
        now: what lies there now.
        ours: the paths that we wrote in between.

    Raises:
        PrefixError: with the paths.
    """
    unseen = sorted(
        path
        for path in {*now, *seen}.difference(ours)
        if not _is_as_seen(now.get(path), seen.get(path))
    )
    if unseen:
        raise PrefixError(
            "it was changed while it was being sealed, and is not sealed",
            where=str(prefix),
            details=unseen[:_SHOWN],
            hint="end what works in there, then run the same command again",
        )


def _is_as_seen(now: Row | None, seen: Row | None) -> bool:
    """Files that nobody knows were not read then: they are told by size, time and inode."""
    if now is None or seen is None:
        there = now or seen
        return there is None or there.kind == FOLDER  # what is in it tells, if anything is
    if now.kind != seen.kind or now.kind == FOLDER:
        return now.kind == seen.kind
    return now.digest == seen.digest if seen.digest else now.same_stat(seen)
