"""The owner of a file: its environment, and the package or distribution that it is part of."""

from __future__ import annotations

import os
from pathlib import Path

from sealenv.errors import RecordError
from sealenv.inventory.candidates import Environment
from sealenv.layout import META, State, state_of
from sealenv.prefix.records import scan_records
from sealenv.seals.distributions import scan_distributions
from sealenv.seals.seal import read_seal

__all__ = [
    "Belongings",
]


class Belongings:
    """Looks up each environment once."""

    def __init__(self) -> None:
        self._owners: dict[str, dict[str, str]] = {}

    def environment_of(self, path: str) -> Environment | None:
        """Return the innermost environment that contains a path; links are not followed."""
        folder = Path(os.path.abspath(path)).parent
        for above in (folder, *folder.parents):
            if (above / META).is_dir():
                return Environment(str(above), "conda")
            if (above / "pyvenv.cfg").is_file():
                return Environment(str(above), "venv")
        return None

    def owner_of(self, path: str, environment: Environment) -> str | None:
        """Return `name version` of the package or distribution that has the file; or `sealenv`."""
        if environment.prefix not in self._owners:
            self._owners[environment.prefix] = _owners(Path(environment.prefix))
        relative = Path(os.path.abspath(path)).relative_to(environment.prefix).as_posix()
        return self._owners[environment.prefix].get(relative.casefold())


def _owners(prefix: Path) -> dict[str, str]:
    """Return path in the prefix, case-folded -> owner; the last package that has a path counts."""
    found: dict[str, str] = {}
    owned = set()
    for record in scan_records(prefix)[0]:
        for entry in record.paths_data.paths:
            owned.add(entry.path)
            found[entry.path.casefold()] = f"{record.name} {record.version}"
    for name in _activation_scripts(prefix):
        found.setdefault(name.casefold(), "sealenv")
    for distribution in scan_distributions(prefix, owned):
        for file in distribution.files:
            found.setdefault(file.path.casefold(), f"{distribution.name} {distribution.version}")
    return found


def _activation_scripts(prefix: Path) -> list[str]:
    if state_of(prefix) is not State.SEALED:
        return []
    try:
        return read_seal(prefix).activation
    except RecordError:
        return []
