"""What an audit looks for: the places of the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sealenv.relocation.inspect import Place
from sealenv.relocation.spellings import spellings

__all__ = ["places_of"]


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
