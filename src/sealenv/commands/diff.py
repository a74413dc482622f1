"""Diff: what differs between locks and environments, by their records; nothing is solved."""

from __future__ import annotations

import msgspec

from sealenv.errors import UsageError
from sealenv.locks import LockFile
from sealenv.locks.diff import Change, without_digest
from sealenv.locks.diff import diff as changes
from sealenv.request import StrPath, named
from sealenv.request.subject import Subject, sealed_lock, subject


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two locks or environments.

    Attributes:
        before: what A is called.
        after: what B is called.
        platforms: those that were compared.
        equal: whether nothing differs.
        without_digest: packages in both of which one side does not know the sha256,
            so their bytes cannot be compared.
        changes: by platform and name.
    """

    before: str
    after: str
    platforms: tuple[str, ...]
    equal: bool
    without_digest: tuple[str, ...]
    changes: tuple[Change, ...]


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
                "diff needs two locks or environments", hint="name two: sealenv diff A B"
            )
        sealed = sealed_lock(before.prefix)
        after = before
        before = Subject(f"the seal of {named(a)}", LockFile(locks=(sealed,)), before.prefix)
    else:
        after = subject(named(b), strict=False)
    left, right = _only(before, after), _only(after, before)
    platforms = tuple(dict.fromkeys([*left.platforms, *right.platforms]))
    found = tuple(changes(left, right))
    return Comparison(
        before=before.title,
        after=after.title,
        platforms=platforms,
        equal=not found,
        without_digest=tuple(without_digest(left, right)),
        changes=found,
    )


def _only(one: Subject, other: Subject) -> LockFile:
    """The locks that an environment on the other side can be compared with."""
    if other.prefix is None or one.prefix is not None:
        return one.file
    wanted = other.file.platforms[0]
    kept = tuple(lock for lock in one.file.locks if lock.platform == wanted)
    return msgspec.structs.replace(one.file, locks=kept or one.file.locks)
