"""A bare machine with an exported script on it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sealenv.bootstrap.rebuild import render_rebuild
from sealenv.bootstrap.scripts import PINNED, PinnedMicromamba
from sealenv.layout import META, walk
from sealenv.locks import Lock
from tests.bootstrap.machine import DEFAULT, Bare

MADE_AFTERWARDS = (META, "pkgs", "__home__", "etc/sealenv", "activate.", ".condarc")
"""What says when and how an environment was made, and what only sealenv's own create adds."""


class Rebuild(Bare):
    """The script alone in its folder; PATH holds only the tools that are named."""

    @property
    def script(self) -> Path:
        return self.scripts / "my env.sh"

    def export(self, locks: Sequence[Lock], name: str = "my_env", **more: Any) -> None:
        """Write the script; the server's executable is pinned."""
        digest = hashlib.sha256(self.executable.read_bytes()).hexdigest()
        known = {lock.platform: digest for lock in locks}
        pinned = more.pop("pinned", PinnedMicromamba(DEFAULT, known))
        for old in self.scripts.iterdir():
            old.unlink()
        self.script.write_bytes(render_rebuild("sh", locks, name, pinned, **more))


def use_stand_in(script: Path, digest: str) -> None:
    """Let an exported .sh accept the stand-in instead of the pinned micromamba."""
    text = script.read_text()
    pinned = [sha256 for sha256 in PINNED.sha256.values() if sha256 in text]
    assert len(pinned) == 1
    script.write_text(text.replace(pinned[0], digest))


def payload(prefix: Path) -> dict[str, tuple[bool, object]]:
    """Content, and whether it is executable, of what packages put into a prefix; no .pyc."""
    found: dict[str, tuple[bool, object]] = {}
    for entry in walk(prefix):
        if entry.relative.startswith(MADE_AFTERWARDS) or entry.is_dir:
            continue
        if entry.relative.endswith(".pyc"):
            continue
        path = Path(entry.path)
        content: object = path.readlink() if entry.is_link else path.read_bytes()
        found[entry.relative] = (bool(entry.status.st_mode & 0o100), content)
    return found
