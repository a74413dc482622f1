"""Virtual packages: what the solver may take for granted of a machine (CEP 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealenv.locks import Lock
from sealenv.spec.matchspec import package_name

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

__all__ = ["lacking", "virtual_packages"]

_FOREIGN = {
    # What a current machine of that platform has at least; stated, never guessed from here.
    "linux": [("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")],
    "osx": [("__unix", "0"), ("__osx", "13.0")],
    "win": [("__win", "10.0")],
}
_ARCHSPEC = {"64": "x86_64", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le"}


def virtual_packages(platform: str) -> list[GenericVirtualPackage]:
    """What the solver may take for granted: detected here, stated for another platform (CEP 30).

    CONDA_OVERRIDE_* are not read: what a lock depends on is in the lock, not in a shell.
    """
    from rattler import GenericVirtualPackage, PackageName, Version, VirtualPackage
    from rattler.package import BuildString
    from rattler.platform import Subdir

    if platform == str(Subdir.current()):
        return [v.into_generic() for v in VirtualPackage.detect()]
    system, _, machine = platform.partition("-")
    stated = [*_FOREIGN.get(system, ())]
    builds = [(name, version, "0") for name, version in stated]
    if machine in _ARCHSPEC:
        builds.append(("__archspec", "1", _ARCHSPEC[machine]))
    return [
        GenericVirtualPackage(PackageName(n), Version(v), BuildString.new_unchecked(b))
        for n, v, b in builds
    ]


def lacking(lock: Lock) -> list[str]:
    """What the packages ask of a machine (`__glibc >=2.28`, `__cuda`) and this one has not.

    What counts is what the packages depend on, not what the machine had that the lock was made on: a
    lock from a newer system serves an older one as long as no package needs more.
    """
    from rattler import MatchSpec, PackageRecord

    there = {
        v.name.normalized: PackageRecord(
            v.name.normalized, str(v.version), v.build_string, 0, lock.platform
        )
        for v in virtual_packages(lock.platform)
    }
    wanted: dict[str, list[str]] = {}
    for package in lock.packages:
        for spec in package.record.get("depends", ()):
            if package_name(spec).startswith("__"):
                wanted.setdefault(spec, []).append(package.name)
    problems = []
    for spec, names in sorted(wanted.items()):
        match = MatchSpec(spec, strict=False)
        has = there.get(package_name(spec))
        if has is None or not match.matches(has):
            here = f"here is {has.version}" if has is not None else "not here"
            problems.append(f"{spec} ({here}): {', '.join(sorted(names)[:5])}")
    return problems
