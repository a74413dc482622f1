"""What an audit looks for: the places of the environment, and what is foreign to it on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sealenv.layout import State, state_of
from sealenv.locations import envs_dirs
from sealenv.portability.foreign import Foreign
from sealenv.portability.holding import Place
from sealenv.portability.spellings import spellings

__all__ = ["foreign_to", "places_of"]


def places_of(prefix: Path, platform: str, former: Iterable[str]) -> list[Place]:
    """The environment's own path, and those that it had."""
    own = os.fspath(prefix)
    result = [Place("own", spellings(own, platform, real=os.path.realpath(prefix)))]
    for place in former:
        try:
            result.append(Place("former", spellings(place, platform)))
        except ValueError:
            continue  # the seal says nothing that is a path
    return result


def foreign_to(prefix: Path, former: Iterable[str]) -> Foreign:
    """What is looked for besides, on this machine."""
    own = {os.fspath(prefix), os.path.realpath(prefix)}
    folded = {os.path.normcase(path) for path in own}
    home = os.path.expanduser("~")

    def is_environment(folder: str) -> bool:
        try:
            known = state_of(Path(folder)) in {State.PENDING, State.SEALED, State.FOREIGN}
        except OSError:
            return False
        return known and os.path.normcase(folder) not in folded

    roots = {*envs_dirs(), os.path.dirname(os.path.realpath(prefix)), *_registered(home)}
    return Foreign(home, roots - {os.sep}, is_environment, [*own, *former])


def _registered(home: str) -> set[str]:
    """The folders of environments that conda and mamba know of (`environments.txt`)."""
    try:
        with open(os.path.join(home, ".conda", "environments.txt"), encoding="utf-8") as file:
            lines = [line.strip() for line in file]
    except (OSError, UnicodeDecodeError):
        return set()
    return {os.path.dirname(line) for line in lines if os.path.isabs(line)}
