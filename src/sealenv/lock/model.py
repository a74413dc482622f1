"""The lock: the exact packages per platform that a spec was solved to."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

__all__ = ["Lock", "LockedPackage"]


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package: its repodata record, with the URL free of credentials.

    `record` is the channel's own record (CEP 36), unchanged but for what identifies the file, so
    that a prefix record made from it says what the channel said.
    """

    url: str
    channel: str
    fn: str
    sha256: str
    size: int | None
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """The normalised package name."""
        return str(self.record["name"])

    @property
    def version(self) -> str:
        """The version as the channel writes it."""
        return str(self.record["version"])

    @property
    def build(self) -> str:
        """The build string."""
        return str(self.record["build"])

    @property
    def subdir(self) -> str:
        """`noarch`, `linux-64` ..."""
        return str(self.record["subdir"])

    @property
    def dist(self) -> str:
        """name-version-build, as conda-meta files are called."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def is_noarch_python(self) -> bool:
        """Whether site-packages paths and entry points are decided at link time (CEP 20, 34)."""
        return self.record.get("noarch") == "python"


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """All packages for one platform, dependencies before dependents."""

    platform: str
    channels: tuple[str, ...]
    packages: tuple[LockedPackage, ...]
    virtual_packages: tuple[str, ...] = ()
    exclude_newer: str | None = None

    def find(self, name: str) -> LockedPackage | None:
        """The package of that name, if it is locked."""
        return next((p for p in self.packages if p.name == name), None)

    @property
    def download_size(self) -> int:
        """Bytes of all archives whose size the channel states."""
        return sum(p.size or 0 for p in self.packages)

    def digest(self) -> str:
        """sha256 (hex) over platform and every package's URL and sha256, in sorted order.

        It names the lock in the seal. It does not depend on the order of solving.
        """
        lines = sorted(f"{p.url}#{p.sha256}" for p in self.packages)
        text = "\n".join(["sealenv-lock-1", self.platform, *lines, ""])
        return hashlib.sha256(text.encode()).hexdigest()
