"""What can be done about a file that holds the path."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from sealenv.layout import USER_FOLDER
from sealenv.portability.patch import is_fixable
from sealenv.relocation.classify import SHIPPED, Held, Owner
from sealenv.relocation.inspect import Outlook
from sealenv.seals.seal import Seal, is_at
from sealenv.seals.snapshot import native
from sealenv.system.files import open_regular
from sealenv.system.hashing import sha256_of

__all__ = ["Mends"]


class Mends:
    """For one environment.

    Args:
        prefix: the environment.
        platform: its subdir.
        seal: of it; without one it is judged as if it were sealed where it lies.
    """

    def __init__(self, prefix: Path, platform: str, seal: Seal | None) -> None:
        self._prefix = prefix
        self._platform = platform
        self._at_home = seal is None or is_at(seal, prefix)
        self._place = seal.prefix if seal else os.fspath(prefix)

    def of(self, held: Held, owner: Owner) -> tuple[str, str]:
        """One of `finding.MENDS`, and why not more.

        Raises:
            OSError: the file cannot be read.
        """
        if held.whose == "former" and (self._at_home or held.found != self._place):
            return "none", "an earlier move has left it"
        if held.path.startswith(f"{USER_FOLDER}/"):
            return "none", "nothing of yours is changed"
        if held.link:
            return "move", ""
        if held.whose == "own" and is_fixable(self._prefix, held.path, self._platform):
            return "relative", ""
        if held.whose == "own" and not self._at_home:
            return "move", ""  # it was rewritten already
        if self._outlook is None:
            return "move", ""
        name = native(self._prefix, held.path)
        if owner.shipped and sha256_of(name).hex() in owner.shipped:
            return "none", SHIPPED
        with open_regular(name, follow=False) as file:
            return self._outlook.tell(held.path, file, owner.hints)

    @functools.cached_property
    def _outlook(self) -> Outlook | None:
        return Outlook.of(self._place, self._platform)
