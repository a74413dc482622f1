"""The packages to link again: what the records and the seal say of their archives."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sealenv.locks import Lock, LockedPackage
from sealenv.locks.checks import check_package
from sealenv.prefix.records import read_raw_record
from sealenv.seals.check_packages import locked_packages
from sealenv.seals.compare import Comparison
from sealenv.urls import redact

__all__ = ["as_locked", "lock_of"]

_OF_PREFIX = frozenset(
    {
        "files", "paths_data", "link", "requested_specs", "requested_spec", "extracted_package_dir",
        "package_tarball_full_path", "url", "channel", "fn",
    }
)  # fmt: skip


def as_locked(raw: dict[str, Any], sha256: str | None = None) -> LockedPackage | None:
    """The package of a prefix record; None when its archive cannot be told by URL and digest.

    A record that says what cannot be, as a file name with a path in it, tells nothing.

    Args:
        raw: the record.
        sha256: what the seal's lock says, which wins.
    """
    url, digest = str(raw.get("url") or ""), sha256 or raw.get("sha256")
    if not url or not digest or "://" not in url:
        return None
    file = url.rsplit("/", 1)[-1]
    package = LockedPackage(
        url=redact(url),
        channel=redact(str(raw.get("channel") or url.rsplit("/", 2)[0])),
        fn=str(raw.get("fn") or file),
        sha256=str(digest),
        size=raw.get("size") if isinstance(raw.get("size"), int) else None,
        record={key: value for key, value in raw.items() if key not in _OF_PREFIX},
    )
    return None if check_package(package) else package


def lock_of(comparison: Comparison, names: Collection[str]) -> tuple[Lock, set[str]]:
    """A lock of these packages, and the names of those whose archive nobody knows.

    Python comes along with a noarch python package: where that is linked depends on it.
    """
    locked = locked_packages(comparison.seal.lock.packages) if comparison.seal else {}
    found: dict[str, LockedPackage] = {}
    unknown = set()
    for record in _with_python(comparison, names):
        dist, sha256 = locked.get(record.name, ("", None))
        raw = read_raw_record(comparison.prefix, record.dist)
        package = as_locked(raw, sha256 if dist == record.dist else None)
        if package is None:
            unknown.add(record.name)
        else:
            found[record.name] = package
    lock = Lock(platform=comparison.platform, channels=(), packages=tuple(found.values()))
    return lock, unknown


def _with_python(comparison: Comparison, names: Collection[str]) -> Iterable[Any]:
    noarch = any(r.noarch == "python" for r in comparison.records if r.name in names)
    wanted = {*names, *(["python"] if noarch else [])}
    return sorted(
        (r for r in comparison.records if r.name in wanted),
        key=lambda r: (r.name != "python", r.name),
    )
