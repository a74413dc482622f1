"""Virtual packages: what the solver may take for granted of a machine (CEP 30)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

__all__ = ["virtual_packages"]

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
