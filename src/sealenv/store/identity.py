"""An archive is what its record or lock says, or nothing of it is linked.

It is asked at each fetch: the archive may have come for another record, that of a channel, and a lock is
written by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sealenv.errors import LinkError
from sealenv.locks import LockedPackage, LockedWheel

__all__ = ["check_identity", "identity_of"]


def identity_of(index: Mapping[str, Any]) -> dict[str, str]:
    """What an info/index.json says of that."""
    names = ("name", "version", "build", "noarch")
    return {name: str(index[name]) for name in names if index.get(name) is not None}


def check_identity(archive: LockedPackage | LockedWheel, identity: Mapping[str, str]) -> None:
    """Compare what an archive calls itself with what it was fetched for.

    Args:
        archive: what was asked for.
        identity: what the archive says: `Manifest.identity`.

    Raises:
        LinkError: it would be linked as something else than it is.
    """
    if isinstance(archive, LockedWheel):
        _check_wheel(archive, identity)
        return
    for key in ("name", "version", "build"):
        if key in identity and identity[key] != str(archive.record[key]):
            raise _another(archive, key, identity[key], str(archive.record[key]))
    if "build_number" not in archive.record:
        return  # read from a list of files: the rest is taken from this very index
    if (identity.get("noarch") == "python") != archive.is_noarch_python:
        said = str(archive.record.get("noarch"))
        raise _another(archive, "noarch", identity.get("noarch", "None"), said)


def _check_wheel(wheel: LockedWheel, identity: Mapping[str, str]) -> None:
    # The engine imports this at its start, and most locks have no wheels.
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    name, version = identity["name"], identity["version"]
    if canonicalize_name(name) != wheel.name:
        raise _another(wheel, "name", name, wheel.name)
    try:
        same = Version(version) == Version(wheel.version)
    except InvalidVersion:
        same = version == wheel.version
    if not same:
        raise _another(wheel, "version", version, wheel.version)


def _another(
    archive: LockedPackage | LockedWheel, key: str, found: str, promised: str
) -> LinkError:
    wheel = isinstance(archive, LockedWheel)
    return LinkError(
        f"{archive.fn} holds another package: its {key} is {found!r}",
        where=archive.url,
        details=[f"the {'lock' if wheel else 'record in its channel or lock'} says {promised!r}"],
        hint="nothing of it was linked; renew the lock, or tell the "
        f"{'index' if wheel else 'channel'}'s owner",
    )
