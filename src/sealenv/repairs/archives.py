"""The archives that repair takes files from: packages to link again, and wheels to install again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from sealenv.engine.client import Engine
from sealenv.errors import SealenvError
from sealenv.install.wheels import install_wheels, record_pyc
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.locks.checks import check_package
from sealenv.prefix.records import PrefixRecord, read_raw
from sealenv.progress import Reporter
from sealenv.seals.changes import locked_packages
from sealenv.seals.check_compiled import source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding
from sealenv.seals.seal import DistributionNote
from sealenv.seals.wheels import locked_wheel, locked_wheels, requested_of
from sealenv.spec.requirements import requirement_name
from sealenv.urls import redact

__all__ = ["Archives", "as_locked", "install_aside", "obtain", "wheel_of"]

_UNKNOWN = "its record does not name the archive"
_OF_PREFIX = frozenset(
    {
        "files", "paths_data", "link", "requested_specs", "requested_spec", "extracted_package_dir",
        "package_tarball_full_path", "url", "channel", "fn",
    }
)  # fmt: skip
"""Fields of a prefix record that a lock's package does not have."""


@dataclass
class Archives:
    """What files can be restored from.

    Attributes:
        packages: those to link again, each in the store.
        wheels: those to install again, and the python that they are for.
        lost: path -> why its archive is not available.
        errors: why archives are not available.
    """

    packages: Lock
    wheels: Lock
    lost: dict[str, str] = field(default_factory=dict)
    errors: tuple[SealenvError, ...] = ()

    def refuse(self, work: Iterable[Finding]) -> None:
        """Stop if nothing of the work can be done without the archives that are not available.

        Raises:
            OfflineError, FetchError, DigestError, LinkError: the first of `errors`; its details name the
                others.
        """
        # A compiled file needs its source.
        paths = {finding.path for finding in work}
        if not self.errors or any(not {p, source_of(p)} & self.lost.keys() for p in paths):
            return
        first, others = self.errors[0], [error.what for error in self.errors[1:20]]
        raise type(first)(
            first.what, where=first.where, hint=first.hint, details=[*first.details, *others]
        )


def obtain(
    comparison: Comparison,
    relink: Collection[str],
    wheels: Collection[str],
    engine: Engine,
    *,
    offline: bool,
    reporter: Reporter,
) -> Archives:
    """Fetch the archives that are not in the store; one that is not available costs only its own files.

    `relink` are paths of packages, `wheels` those of locked wheels.
    """
    names = {claim.package for path in relink for claim in comparison.claims[path]}
    packages, unknown = _lock_of(comparison, names)
    found = Archives(packages, _wheels_lock(comparison, wheels))
    both = msgspec.structs.replace(packages, wheels=found.wheels.wheels)
    failed: dict[str, SealenvError] = {}
    if both.archives:
        for wheel in both.wheels:
            engine.store.verify(wheel)  # a damaged one is deleted, and fetched again
        reporter.phase("fetch", "fetching and verifying archives")
        failed = engine.fetch(both, reporter, offline=offline, partly=True)
    why = {sha256: error.what for sha256, error in failed.items()}
    _lose_packages(comparison, relink, found, why, unknown)
    for path in wheels:
        locked = wheel_of(comparison, path)
        if locked is not None and locked.sha256 in why:
            found.lost[path] = why[locked.sha256]
    kept = tuple(wheel for wheel in found.wheels.wheels if wheel.sha256 not in why)
    found.wheels = msgspec.structs.replace(found.wheels, wheels=kept)
    found.errors = tuple(failed.values())
    return found


def _lose_packages(
    comparison: Comparison,
    relink: Collection[str],
    found: Archives,
    failed: Mapping[str, str],
    unknown: set[str],
) -> None:
    """Remove the packages whose archives are not available, and note the paths that only they have."""
    packages = found.packages.packages
    why = {p.name: failed[p.sha256] for p in packages if p.sha256 in failed}
    if "python" in why:  # it decides where noarch python packages are linked
        noarch = [p.name for p in packages if p.record.get("noarch") == "python"]
        why = dict.fromkeys(noarch, why["python"]) | why
    why |= dict.fromkeys(unknown, _UNKNOWN)
    kept = tuple(package for package in packages if package.name not in why)
    found.packages = msgspec.structs.replace(found.packages, packages=kept)
    available = {package.name for package in kept}
    for path in relink:
        owners = [claim.package for claim in comparison.claims[path]]
        if not available.intersection(owners):
            found.lost[path] = next((why[name] for name in owners if name in why), _UNKNOWN)


def as_locked(raw: dict[str, Any], sha256: str | None = None) -> LockedPackage | None:
    """Return the package of a prefix record; None if it does not name its archive, or is invalid.

    The sha256 in the seal's lock wins.
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


def _lock_of(comparison: Comparison, names: Collection[str]) -> tuple[Lock, set[str]]:
    """Return a lock of these packages, and the names of those whose archive is unknown.

    A noarch python package needs python: it decides where the files are linked.
    """
    locked = locked_packages(comparison.seal.lock.packages) if comparison.seal else {}
    found: dict[str, LockedPackage] = {}
    unknown = set()
    for record in _with_python(comparison, names):
        dist, sha256 = locked.get(record.name, ("", None))
        raw = read_raw(comparison.prefix, record.dist)
        package = as_locked(raw, sha256 if dist == record.dist else None)
        if package is None:
            unknown.add(record.name)
        else:
            found[record.name] = package
    lock = Lock(platform=comparison.platform, channels=(), packages=tuple(found.values()))
    return lock, unknown


def _with_python(comparison: Comparison, names: Collection[str]) -> Iterable[PrefixRecord]:
    noarch = any(r.noarch == "python" for r in comparison.records if r.name in names)
    wanted = {*names, *(["python"] if noarch else [])}
    return sorted(
        (r for r in comparison.records if r.name in wanted),
        key=lambda r: (r.name != "python", r.name),
    )


def wheel_of(comparison: Comparison, path: str) -> LockedWheel | None:
    """Return the locked wheel that a path comes from; None if pip has replaced it since."""
    if comparison.seal is None:
        return None
    for note in comparison.seal.pip:
        if _has(comparison, note, path):
            if note.record in comparison.reinstalled:
                return None
            return locked_wheel(locked_wheels(comparison.seal.lock.wheels), note)
    return None


def _wheels_lock(comparison: Comparison, paths: Collection[str]) -> Lock:
    """Return a lock of the wheels that these paths come from, with the python that they are for."""
    wheels = {w.name: w for w in (wheel_of(comparison, path) for path in paths) if w is not None}
    lock, _ = _lock_of(comparison, ["python"])
    return msgspec.structs.replace(lock, wheels=tuple(wheels[name] for name in sorted(wheels)))


def install_aside(
    comparison: Comparison,
    lock: Lock,
    engine: Engine,
    environ: Mapping[str, str],
    folder: Path,
    keep_fd: int,
) -> None:
    """Install locked wheels from the store into another folder, with their sealed bytes.

    pip holds the prefix's lock `keep_fd` too.

    Raises:
        LinkError: the environment's pip failed.
    """
    assert comparison.seal is not None
    wheels = locked_wheels(comparison.seal.lock.wheels)
    asked = requested_of(comparison.seal.spec.get("requirements", ()), wheels, wheels)
    installed = install_wheels(
        comparison.prefix,
        lock,
        engine.store,
        [requirement_name(line) for line in asked],
        environ,
        root=folder,
        keep_fd=keep_fd,
    )
    # A RECORD names the compiled files too.
    sealed = comparison.sealed or {}
    compiled = {
        wheel.record: [
            path for path in sealed if path.endswith(".pyc") and source_of(path) in wheel.sources
        ]
        for wheel in installed
    }
    record_pyc(folder, installed, compiled)


def _has(comparison: Comparison, note: DistributionNote, path: str) -> bool:
    found = comparison.of_distributions.get(path)
    if found is not None:
        return found[0].record == note.record
    # Its RECORD may be what is missing.
    return path.startswith(f"{note.record.rpartition('/')[0]}/")
