"""The lock of an environment as it is: from its records, and what is left of its wheels."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator

import msgspec

from sealenv.condameta.records import PrefixRecord
from sealenv.errors import RecordError
from sealenv.layout import META
from sealenv.lock import Lock, LockedPackage, LockedWheel
from sealenv.seal.scene import Scene
from sealenv.urls import redact

__all__ = ["lock_of"]


def lock_of(scene: Scene) -> Lock:
    """The packages as the records have them, dependencies first."""
    unknown = [r.dist for r in scene.records if not r.url or not r.sha256]
    if unknown:
        raise RecordError(
            "some records do not say which archive they are of (url and sha256): such an environment "
            "could not be made again",
            where=str(scene.prefix / META),
            details=unknown,
            hint="reinstall these packages with a current conda or mamba, then seal",
        )
    packages = tuple(
        LockedPackage(
            url=redact(r.url),
            channel=redact(r.channel),
            fn=r.fn,
            sha256=str(r.sha256),
            size=None,
            record={"name": r.name, "version": r.version, "build": r.build, "subdir": r.subdir},
        )
        for r in _ordered(scene.records)
    )
    return Lock(
        platform=scene.platform, channels=(), packages=packages, wheels=tuple(_wheels(scene))
    )


def _wheels(scene: Scene) -> Iterator[LockedWheel]:
    """The locked wheels that are still what is installed; what pip brought since has no URL."""
    installed = {(d.name, d.version) for d in scene.distributions}
    for line in scene.seal.lock.wheels if scene.seal else ():
        url, _, sha256 = line.partition("#")
        wheel = LockedWheel(name="", version="", url=url, sha256=sha256)
        name, version = [*wheel.fn.split("-"), "", ""][:2]
        name = name.replace("_", "-").replace(".", "-").lower()
        if (name, version) in installed:
            yield msgspec.structs.replace(wheel, name=name, version=version)


def _ordered(records: list[PrefixRecord]) -> list[PrefixRecord]:
    by_name = {r.name: r for r in sorted(records, key=lambda r: r.name)}
    needs = {
        name: sorted({spec.split()[0] for spec in r.depends if spec.split()} & by_name.keys())
        for name, r in by_name.items()
    }
    try:
        return [by_name[name] for name in graphlib.TopologicalSorter(needs).static_order()]
    except graphlib.CycleError:
        return list(by_name.values())
