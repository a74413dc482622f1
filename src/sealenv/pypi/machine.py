"""Describe the target of a lock for pip: markers (PEP 508), tags (PEP 425) and distributions."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from sealenv.errors import SpecError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedPackage

_MACHINES = {
    "64": "x86_64", "32": "i686", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le",
    "s390x": "s390x", "riscv64": "riscv64",
}  # fmt: skip
_WINDOWS = {"64": ("AMD64", "win_amd64"), "32": ("x86", "win32"), "arm64": ("ARM64", "win_arm64")}
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""The minor version of glibc 2 for each legacy tag (PEP 600)."""
_DEFAULT_MACOS = (11, 0)


class Distribution(msgspec.Struct, frozen=True):
    """One distribution, as its metadata in a conda package has it."""

    package: str
    """The conda package: name-version-build."""
    name: str
    version: str
    metadata: str
    """Those headers of its METADATA that resolving needs."""


@dataclass(frozen=True)
class Machine:
    """The target of a wheel.

    Attributes:
        python: its full version.
        abi: such as `cp312`, or `cp313t` without the GIL.
        platforms: platform tags, the best first.
        markers: every variable of PEP 508 except `extra`.
    """

    python: str
    abi: str
    platforms: tuple[str, ...]
    markers: dict[str, str]


def machine_of(lock: Lock) -> Machine:
    """Return the machine for the platform, virtual packages and python of a lock.

    Raises:
        SpecError: the lock has no CPython, or wheels do not exist for its platform.
    """
    python = lock.find("python")
    if python is None or re.search(r"pypy|graalpy", python.build):
        raise SpecError(
            "a 'pip:' section needs CPython in the environment",
            details=[f"the lock has {python.dist}"] if python else [],
            hint="add python to the dependencies",
        )
    virtual = {}
    for line in lock.virtual_packages:
        name, _, rest = line.partition("=")
        virtual[name] = rest.partition("=")[0]
    system, _, machine = lock.platform.partition("-")
    if system == "linux" and machine in _MACHINES:
        name = _MACHINES[machine]
        platforms = _linux(name, virtual.get("__glibc"))
        release = virtual.get("__linux", "")
        words = ("posix", "linux", "Linux", name, release)
    elif system == "osx" and machine in {"64", "arm64"}:
        name = _MACHINES[machine]
        platforms = _macos(name, virtual.get("__osx"))
        words = ("posix", "darwin", "Darwin", name, "")
    elif is_windows(lock.platform) and machine in _WINDOWS:
        name, tag = _WINDOWS[machine]
        platforms = (tag,)
        words = ("nt", "win32", "Windows", name, virtual.get("__win", "").partition(".")[0])
    else:
        raise SpecError(f"wheels do not exist for {lock.platform}", hint="use conda packages")
    return Machine(python.version, _abi(python, lock), platforms, _markers(python.version, *words))


def _markers(
    python: str, os_name: str, sys_platform: str, system: str, machine: str, release: str
) -> dict[str, str]:
    """Return the markers that CPython of this version has on that system."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        # From the virtual packages of the lock, not from this machine.
        "platform_release": release,
        "platform_system": system,
        "platform_version": "",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": sys_platform,
    }


def _abi(python: LockedPackage, lock: Lock) -> str:
    major, minor = python.version.split(".")[:2]
    abi = lock.find("python_abi")
    builds = f"{python.build} {abi.build if abi else ''}"
    threaded = re.search(r"(?<![a-z0-9])cp\d+t(?![a-z0-9])", builds)
    return f"cp{major}{minor}{'t' if threaded else ''}"


def _linux(machine: str, glibc: str | None) -> tuple[str, ...]:
    """Return the manylinux tags (PEP 600), from the given glibc down to the oldest."""
    tags = []
    match = re.match(r"2\.(\d+)", glibc or "")
    oldest = 5 if machine in {"x86_64", "i686"} else 17
    for minor in range(int(match[1]) if match else 0, oldest - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in _LEGACY:
            tags.append(f"{_LEGACY[minor]}_{machine}")
    return (*tags, f"linux_{machine}")


def _macos(machine: str, version: str | None) -> tuple[str, ...]:
    from packaging.tags import mac_platforms

    match = re.match(r"(\d+)(?:\.(\d+))?", version or "")
    release = (int(match[1]), int(match[2] or 0)) if match else _DEFAULT_MACOS
    return tuple(mac_platforms(release, machine))
