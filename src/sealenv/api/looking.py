"""`list`, `info` and `report`: what there is. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.api.events import Progress, reporter_for
from sealenv.api.paths import StrPath, prefix_of, several
from sealenv.errors import NotFoundError

if TYPE_CHECKING:
    from sealenv.commands.environments import Environment
    from sealenv.commands.report import EnvironmentReport

__all__ = ["info", "list", "report"]


def list(folders: StrPath | Sequence[StrPath] = ()) -> tuple[Environment, ...]:
    """The environments in SEALENV_ENVS, PY_ENVS and the user's own folder, by folder and name.

    Args:
        folders: look there (`--in`); without any in SEALENV_ENVS, PY_ENVS and the user's own folder.

    Raises:
        NotFoundError: one of the folders is none.
    """
    from sealenv.commands.environments import list_environments

    places = [Path(folder) for folder in several(folders)]
    for place in places:
        if not place.is_dir():
            raise NotFoundError("this is no folder", where=str(place), hint="check its path")
    return tuple(list_environments([place.absolute() for place in places] or None))


def info(env: StrPath) -> Environment:
    """What an environment is and how it was made: its state, its seal, its packages' records.

    Args:
        env: a name or a path.

    Raises:
        NotFoundError: there is no such environment.
    """
    from sealenv.commands.environments import inspect

    return inspect(prefix_of(env))


def report(
    env: StrPath, *, findings: bool = True, fast: bool = False, progress: Progress | None = None
) -> EnvironmentReport:
    """Everything about an environment; `text("html")` is the page, `text("cyclonedx")` the SBOM.

    Args:
        env: a name or a path.
        findings: verify and audit it too.
        fast: verify reads only files whose size, time, inode or mode has changed.
        progress: is told how far it is.

    Raises:
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    from sealenv.commands.report import report as look

    prefix = prefix_of(env)
    return look(prefix, findings=findings, fast=fast, reporter=reporter_for(progress))
