"""Diff: what differs between locks and environments, by their records; nothing is solved."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from sealenv.errors import UsageError
from sealenv.locks import LockFile
from sealenv.locks.diff import Change, without_digest
from sealenv.locks.diff import diff as changes
from sealenv.request.arguments import StrPath, named
from sealenv.request.subject import Subject, sealed_lock, subject

__all__ = ["Comparison", "diff"]


@dataclass(frozen=True)
class Comparison:
    """Two subjects and what differs."""

    before: Subject
    after: Subject
    changes: tuple[Change, ...]
    platforms: tuple[str, ...]
    """Those that were compared."""
    without_digest: tuple[str, ...] = ()
    """In both, and of one side no sha256 is known: whether the bytes are the same, nobody can say."""


def diff(a: StrPath, b: StrPath | None = None) -> Comparison:
    """Compare A with B: locks of any format, or environments. Nothing is written.

    An environment is one platform: of a lock with several, that one is compared.

    Args:
        a: alone it is an environment, which is compared with the lock in its seal.
        b: the other one.

    Raises:
        UsageError: a lock alone.
        NotFoundError, SpecError, DigestError, RecordError: one of them cannot be read.
    """
    before = subject(named(a), strict=False)
    if b is None:
        if before.prefix is None:
            raise UsageError(
                "one lock alone differs from nothing", hint="name two: sealenv diff A B"
            )
        sealed = sealed_lock(before.prefix)
        after = before
        before = Subject(f"the seal of {named(a)}", LockFile(locks=(sealed,)), before.prefix)
    else:
        after = subject(named(b), strict=False)
    left, right = _only(before, after), _only(after, before)
    platforms = tuple(dict.fromkeys([*left.platforms, *right.platforms]))
    return Comparison(
        before, after, tuple(changes(left, right)), platforms, tuple(without_digest(left, right))
    )


def _only(one: Subject, other: Subject) -> LockFile:
    """The locks that an environment on the other side can be compared with."""
    if other.prefix is None or one.prefix is not None:
        return one.file
    wanted = other.file.platforms[0]
    kept = tuple(lock for lock in one.file.locks if lock.platform == wanted)
    return msgspec.structs.replace(one.file, locks=kept or one.file.locks)
