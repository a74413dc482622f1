"""Paths that several packages or wheels share: links that lead outside together, files that differ.

pip itself lets the last wheel overwrite the others, whose RECORD is then wrong, and the content of an
environment would depend on the order in which pip installs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sealenv.errors import LinkError
from sealenv.locks import LockedWheel
from sealenv.store.archives import Store
from sealenv.store.manifest import Manifest
from sealenv.store.wheels import digests_of

__all__ = ["ENTRY_POINT", "PlacedWheel", "refuse_links_out", "refuse_unlike"]


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


_MOST_STEPS = 1000


def refuse_links_out(links: Mapping[str, tuple[str, str]]) -> None:
    """Follow every link through all others.

    Args:
        links: path in the prefix -> where it leads, and whose it is.

    Raises:
        LinkError: one leads out of the prefix, or in a circle.
    """
    for path, (_, owner) in links.items():
        if not _stays_inside(path, links):
            raise LinkError(
                f"{path!r} of {owner} is a link that leads through others out of the environment, or "
                "in a circle",
                hint="leave the package out, or tell the channel's owner",
            )


def _stays_inside(path: str, links: Mapping[str, tuple[str, str]]) -> bool:
    """Walk as the kernel does; False too for what never arrives."""
    at: list[str] = []
    rest = path.split("/")[::-1]
    for _ in range(_MOST_STEPS):
        if not rest:
            return True
        part = rest.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not at:
                return False
            at.pop()
            continue
        at.append(part)
        link = links.get("/".join(at))
        if link is not None:
            at.pop()
            rest += link[0].split("/")[::-1]
    return False
