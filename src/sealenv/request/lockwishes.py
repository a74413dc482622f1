"""What a lock was asked for: as it says, or guessed where another tool wrote it and does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.locks import Lock, LockedWheel
from sealenv.locks.order import requested
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.spec.matchspec import package_name

__all__ = ["wishes"]


def wishes(lock: Lock, variables: Mapping[str, str], update: Sequence[str] = ()) -> EnvironmentFile:
    """What a lock was asked for, as a file would say it.

    Where the lock does not say, it is what no other package depends on, of conda's and of pip's, and
    Python stays at its minor version, unless `update` names it: all that is compiled hangs on that.
    """
    packages = list(requested(lock))
    python = lock.find("python")
    if not lock.specs and python is not None and "python" not in map(str.lower, update):
        packages = [p for p in packages if package_name(p) != "python"]
        packages.append(f"python={'.'.join(python.version.split('.')[:2])}")
    return EnvironmentFile(
        "", None, (), tuple(packages),
        variables=dict(variables),
        requirements=lock.requirements or tuple(_roots(lock.wheels)),
        index=lock.indexes[0] if lock.indexes else None,
        extra_indexes=lock.indexes[1:],
        find_links=lock.find_links,
    )  # fmt: skip


def _roots(wheels: Sequence[LockedWheel]) -> list[str]:
    """The wheels that no other one needs; of a circle without entry, all of it."""
    needs = {w.name: [n for n in map(_needed, w.requires_dist) if n] for w in wheels}
    wanted = {name for wheel, names in needs.items() for name in names if name != wheel}
    found = [name for name in needs if name not in wanted]
    reached = set(found)
    stack = list(found)
    while stack:
        new = {name for name in needs[stack.pop()] if name in needs} - reached
        reached |= new
        stack += new
    return sorted([*found, *(needs.keys() - reached)])


def _needed(text: str) -> str | None:
    """The name in a line of requires_dist; None for an extra's, which may not have been asked for."""
    try:
        one = Requirement(text)
    except InvalidRequirement:
        return None
    return None if one.marker and "extra" in str(one.marker) else canonicalize_name(one.name)
