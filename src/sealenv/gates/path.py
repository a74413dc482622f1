"""Folders on PATH that belong to another environment: conda's or a virtual one."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["environment_of", "of_other_environments"]

_PROGRAMS = ("bin", "scripts")
"""Folders of an environment that its activation puts on PATH; conda's hook alone adds condabin."""


def of_other_environments(environ: Mapping[str, str], own: Iterable[str]) -> list[str]:
    """Return the folders on PATH that belong to an environment, as they stand there.

    Args:
        environ: PATH is read from it.
        own: prefixes that do not count, such as the one sealenv runs from.
    """
    mine = {os.path.normcase(os.path.realpath(prefix)) for prefix in own}
    found: dict[str, None] = {}
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = entry.strip('"') if os.name == "nt" else entry
        prefix = environment_of(folder) if folder else None
        if prefix is not None and os.path.normcase(os.path.realpath(prefix)) not in mine:
            found[folder] = None
    return list(found)


def environment_of(folder: str) -> str | None:
    """Return the prefix of the environment that a folder on PATH belongs to, if there is one."""
    folder = folder.rstrip("/\\") or folder
    prefixes = [folder]
    if os.path.basename(folder).lower() in _PROGRAMS:
        prefixes.append(os.path.dirname(folder) or ".")
    for prefix in prefixes:
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            return prefix
        if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
            return prefix
    return None
