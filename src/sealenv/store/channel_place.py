"""Where a mirror may be: whether a folder is a channel, and one that can be written to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.errors import ChannelError, PrefixExistsError
from sealenv.layout import is_link
from sealenv.store.channel_damage import as_made
from sealenv.store.channel_index import read_index

__all__ = ["check_place"]


def check_place(root: Path, marker: str, made: Mapping[str, object]) -> None:
    """Whether a folder is absent, empty, ours, or a channel already.

    Args:
        root: the folder.
        marker: the name of the file that makes it ours.
        made: what was noted of the index of each subdir; what is to be mended is not read.

    Raises:
        PrefixExistsError: it is anything else.
        ChannelError: it is a channel whose index says what indexing would lose.
    """
    if is_link(root) or (root.exists() and not root.is_dir()):
        raise PrefixExistsError(
            "this is no folder", where=str(root), hint="name a folder, not a link"
        )
    known = (marker, "noarch/repodata.json")
    if root.exists() and any(root.iterdir()):
        if not any((root / name).is_file() for name in known):
            raise PrefixExistsError(
                "the folder holds something, and is no channel",
                where=str(root),
                hint="name another one; a channel has a noarch/repodata.json",
            )
        for patched in root.glob("*/repodata_from_packages.json"):
            raise ChannelError(
                "the channel is indexed with patches of its own, which would be lost here",
                where=str(patched),
                hint="mirror into another folder, or add the archives with what indexes this one",
            )
        for folder in root.iterdir():
            if folder.is_dir() and is_link(folder):
                raise PrefixExistsError(
                    "a folder of the channel is a link: it would be written to elsewhere",
                    where=str(folder),
                    hint="mirror into another folder",
                )
            to_mend = as_made(folder, made.get(folder.name)) is not None
            if (folder / "repodata.json").is_file() and not to_mend:
                read_index(folder)
