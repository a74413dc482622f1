"""Other versions of Python on this machine: on PATH, or among pyenv's."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.tour.python import inspect_interpreter

_PREFERRED = ("3.12", "3.11", "3.13", "3.10", "3.14")


def other_pythons(minors: Iterable[str] | None = None) -> list[Path]:
    """The programs of the wanted versions, without the running one's.

    Args:
        minors: for example 3.12; when left out, the first other version that there is.

    Raises:
        UsageError: a version that was asked for is not on this machine.
    """
    own = "{}.{}".format(*sys.version_info[:2])
    if minors is not None:
        chosen = []
        for minor in dict.fromkeys(minors):
            if minor == own:
                continue
            found = _find(minor)
            if found is None:
                raise UsageError(f"Python {minor} is not on this machine.")
            chosen.append(found)
        return chosen
    for minor in _PREFERRED:
        found = None if minor == own else _find(minor)
        if found is not None:
            return [found]
    return []


def _find(minor: str) -> Path | None:
    name = f"python{minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = sorted(pyenv.glob(f"{minor}.*/bin/{name}"))
    on_path = shutil.which(name)
    if on_path is not None:
        candidates.append(Path(on_path))
    for candidate in candidates:
        try:
            if inspect_interpreter(candidate).minor == minor:
                return candidate
        except UsageError:
            continue
    return None
