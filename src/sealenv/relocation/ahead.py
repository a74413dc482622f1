"""The search of a move, begun before the command line is looked at: helpers work while we import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.layout import HISTORY, State, state_of
from sealenv.portability.search import Search
from sealenv.portability.spellings import Spellings, spellings
from sealenv.seals.filetable import FileTable, read_file
from sealenv.seals.path import FILE, root_of
from sealenv.system.reader import identity
from sealenv.system.readers import Readers

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["begin_early", "forget", "searched", "table_read", "take"]


@dataclass(frozen=True)
class _Begun:
    search: Search
    table: FileTable
    state: tuple[int, ...]


_early: dict[Path, _Begun] = {}


def begin_early(prefix: Path) -> None:
    """Begin to look for the prefix in its files, which most likely is what they hold.

    Who never asks loses nothing, the helpers end with us.

    Raises:
        OSError: it is no environment.
        ValueError: its path is none that files can hold.
    """
    if state_of(prefix) is not State.SEALED:
        return  # perhaps it is about to be removed
    state, table = _state(prefix), read_file(prefix)
    if table and not table.fault:
        # Which subdir of them it is does not matter: on Windows alone paths are spelled otherwise.
        platform = "win-64" if os.name == "nt" else "linux-64"
        search = Search(Readers(), root_of(prefix), [spellings(str(prefix), platform)])
        search.begin(searched(table))
        _early[prefix] = _Begun(search, table, state)


def table_read(prefix: Path) -> FileTable | None:
    """The file table that lay there as the search was begun, if one was."""
    begun = _early.get(prefix)
    return begun.table if begun else None


def take(prefix: Path, table: FileTable, wanted: Spellings) -> Search | None:
    """The search that was begun, if it is this one, and nobody has worked on the prefix since.

    Args:
        prefix: whose lock the caller holds by now.
        table: its file table, as it was sealed: what `table_read` gave, if that is it.
        wanted: what is looked for in the files that it names.

    Raises:
        OSError: it has no history.
    """
    begun = _early.pop(prefix, None)
    if begun is None:
        return None
    same = begun.table is table and begun.state == _state(prefix)
    if same and begun.search.is_for([wanted]):
        return begun.search
    begun.search.readers.__exit__()
    return None


def forget() -> None:
    """End what was begun and not taken: no folder is renamed on Windows while a file in it is open."""
    while _early:
        _early.popitem()[1].search.readers.__exit__()


def searched(table: FileTable) -> Iterator[tuple[str, int]]:
    """The files that may hold anything, with their sizes in bytes."""
    files = zip(table.names(), table.sizes(), table.kinds(), strict=True)
    return ((path, size) for path, size, kind in files if kind == FILE and size)


def _state(prefix: Path) -> tuple[int, ...]:
    """What conda, mamba and we change with everything that we install or remove there."""
    return identity(os.lstat(prefix / HISTORY))
