"""Which files of a prefix hold a place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from sealenv.portability.links import below, moved, straight
from sealenv.portability.search import Search
from sealenv.relocation.mender import Mender, UnmendableError
from sealenv.seals.path import FILE, LINK, native, root_of
from sealenv.seals.row import Row
from sealenv.system.readers import Readers

__all__ = ["Holding", "holding", "link_text", "placed"]

OnFile = Callable[[int, int], None]


class Holding:
    """A search for the files that hold the old place of one of these: helpers work until `finish`.

    A context: at its end they end, whatever they do.

    Args:
        prefix: the prefix.
        wanted: whose old place is looked for.
        search: for these, begun already.
    """

    def __init__(
        self, prefix: Path, wanted: Sequence[Mender], search: Search | None = None
    ) -> None:
        self._prefix = prefix
        self._wanted = wanted
        spellings = [mender.spellings for mender in wanted]
        self._search = search or Search(Readers(), root_of(prefix), spellings)
        self.readers = self._search.readers
        """Who helps: after `finish` they wait for something else, until the end."""

    def __enter__(self) -> Holding:
        return self

    def __exit__(self, *_: object) -> None:
        self.readers.__exit__()

    def begin(self, files: Iterable[tuple[str, int]]) -> None:
        """Begin with files, paths and sizes, that are likely to be there: nobody has looked yet."""
        self._search.begin(files)

    def finish(
        self, rows: Mapping[str, Row], on_file: OnFile = lambda done, total: None
    ) -> list[str]:
        """The files and links that hold it, sorted: what was hit is looked at closely.

        Args:
            rows: everything that is there.
            on_file: called with files done and files in all.

        Raises:
            OSError: one cannot be read.
        """
        sizes = {
            row.path: row.size
            for row in rows.values()
            if row.kind == FILE and row.size and not row.problem
        }
        found = []
        self._search.begin(sizes.items())
        for path, answer in self._search.finish(sizes, on_file):
            if isinstance(answer, OSError):
                raise answer
            if answer and _holds(self._prefix, path, self._wanted):
                found.append(path)
        for path, row in rows.items():
            if row.kind == LINK:
                text = link_text(self._prefix, path)
                if any(_is_held(path, text, mender, self._prefix) for mender in self._wanted):
                    found.append(path)
        return sorted(found)


def holding(
    prefix: Path,
    rows: Mapping[str, Row],
    wanted: Sequence[Mender],
    on_file: OnFile = lambda done, total: None,
) -> list[str]:
    """The files and links that hold the old place of one of these: see `Holding.finish`."""
    with Holding(prefix, wanted) as search:
        return search.finish(rows, on_file)


def _holds(prefix: Path, path: str, wanted: Sequence[Mender]) -> bool:
    with open(native(prefix, path), "rb") as file:
        for mender in wanted:
            file.seek(0)
            if mender.is_in(path, file):
                return True
    return False


def _is_held(path: str, text: str, mender: Mender, here: Path) -> bool:
    try:
        return placed(path, text, mender, here) is not None
    except UnmendableError:
        return True


def link_text(prefix: Path, path: str) -> str:
    r"""What a link says, as the operating system has it, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def placed(path: str, text: str, mender: Mender, here: Path) -> str | None:
    """The text of a link that holds the old place, or leads into it, for the new one.

    Args:
        path: of the link.
        text: what it says.
        mender: of the places.
        here: where the environment lies now.

    Returns:
        None for another link.

    Raises:
        UnmendableError: the new place cannot be written so.
    """
    old, new = os.path.normcase(mender.old), os.path.normcase(text)
    is_held = new == old or new.startswith(old + os.sep)
    if ".." in text:
        plain = straight(mender.old, path, text, os.fspath(here))
        leads_out = below(mender.old, path, plain) is None
        if plain != text and (is_held or not leads_out):
            return plain if leads_out else moved(mender.old, path, plain, mender.new)
    if is_held:
        return mender.new + text[len(mender.old) :]
    return moved(mender.old, path, text, mender.new) or mender.link(text)
