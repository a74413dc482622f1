"""Files that several wheels ship: the same bytes are no conflict, different ones are refused.

pip itself leaves what came last. Then the RECORD of the other wheel names a file that is not its own,
and what an environment holds would depend on the order in which pip installs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sealenv.errors import LinkError
from sealenv.locks import LockedWheel
from sealenv.store.archives import Store
from sealenv.store.manifest import Manifest
from sealenv.store.wheels import digests_of

__all__ = ["ENTRY_POINT", "PlacedWheel", "refuse_unlike"]

ENTRY_POINT = "entry point "
"""In front of what a program is made of, where files have their place in the wheel."""
_MOST_SHOWN = 10


@dataclass(frozen=True)
class PlacedWheel:
    """A wheel, and what pip will write of it."""

    wheel: LockedWheel
    manifest: Manifest
    sources: dict[str, str]
    """Path in the prefix -> where the manifest has it, or the entry point that it is made of."""
    size: int


def refuse_unlike(wheels: Sequence[PlacedWheel], store: Store) -> None:
    """Compare, by their bytes, the files that several wheels put into one place.

    Raises:
        LinkError: two wheels do not agree on a file.
    """
    first: dict[str, PlacedWheel] = {}
    shared: dict[tuple[str, str], tuple[PlacedWheel, PlacedWheel, list[str]]] = {}
    for wheel in wheels:
        for path in wheel.sources:
            other = first.setdefault(path, wheel)
            if other is not wheel:
                pair = other.wheel.sha256, wheel.wheel.sha256
                shared.setdefault(pair, (other, wheel, []))[2].append(path)
    for one, two, paths in shared.values():
        mine, its = _contents(one, paths, store), _contents(two, paths, store)
        unlike = [path for path in paths if mine[path] != its[path]]
        if unlike:
            more = len(unlike) - _MOST_SHOWN
            raise LinkError(
                f"the wheels {one.wheel.dist} and {two.wheel.dist} ship different files of one name",
                details=[*unlike[:_MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])],
                hint="leave one of the two out, or pin a version that does not ship the file; pip "
                "would write one over the other",
            )


def _contents(wheel: PlacedWheel, paths: Sequence[str], store: Store) -> dict[str, str]:
    """The sha256 of files, by path; of programs that are made, what they are made of."""
    sources = {wheel.sources[path] for path in paths}
    digests = digests_of(wheel.wheel, store.path(wheel.wheel), wheel.manifest, sources)
    return {path: digests.get(wheel.sources[path], wheel.sources[path]) for path in paths}
