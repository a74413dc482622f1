"""Where the bytes of a prefix are: by package, and what no package owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.inventory.items import Item
from sealenv.layout import META, PKGS, USER_FOLDER, walk

__all__ = ["Share", "measure_shares"]

OTHERS = {
    META: "records, seal and history",
    USER_FOLDER: "the user's own folder",
    PKGS: "the package cache inside",
    "": "files that no package owns",
}
"""First folder -> what is there that no package owns; the last is for all the rest."""


@dataclass
class Share:
    """How much something takes."""

    files: int = 0
    size: int = 0
    """Bytes, as the files say; one with several names in the prefix counts once."""


def measure_shares(
    prefix: Path, items: Sequence[Item]
) -> tuple[dict[str, Share], dict[str, Share]]:
    """The share of each item, and of what no item owns (by the words of `OTHERS`).

    No link is followed; what cannot be read is left out.
    """
    owner = {path: item.id for item in items for path in item.paths}
    owned = {item.id: Share() for item in items}
    others = {words: Share() for words in OTHERS.values()}
    seen: set[tuple[int, int]] = set()
    for entry in walk(prefix, tolerant=True):
        if entry.is_dir:
            continue
        whose = owner.get(entry.relative)
        first = entry.relative.partition("/")[0]
        share = owned[whose] if whose else others[OTHERS.get(first, OTHERS[""])]
        share.files += 1
        key = (entry.status.st_dev, entry.status.st_ino)
        if entry.status.st_nlink > 1 and key in seen:
            continue
        seen.add(key)
        share.size += entry.status.st_size
    return owned, {words: share for words, share in others.items() if share.files}
