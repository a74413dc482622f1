"""The machine and python that a lock is for, in pip's words: markers (PEP 508) and tags (PEP 425)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealenv.errors import SpecError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedPackage

__all__ = ["Machine", "machine_of"]

_MACHINES = {
    "64": "x86_64", "32": "i686", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le",
    "s390x": "s390x", "riscv64": "riscv64",
}  # fmt: skip
_WINDOWS = {"64": ("AMD64", "win_amd64"), "32": ("x86", "win32"), "arm64": ("ARM64", "win_arm64")}
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""PEP 600: the glibc 2 that they stand for."""
_DEFAULT_MACOS = (11, 0)


@dataclass(frozen=True)
class Machine:
    """What a wheel must fit."""

    python: str
    """The full version."""
    abi: str
    """Such as `cp312`, or `cp313t` without the GIL."""
    platforms: tuple[str, ...]
    """Platform tags, the best first."""
    markers: dict[str, str]
    """Every variable of PEP 508 but `extra`."""


def machine_of(lock: Lock) -> Machine:
    """What the lock's platform, virtual packages and python amount to.

    Raises:
        SpecError: there is no CPython in the lock, or no wheel is made for its platform.
    """
    python = lock.find("python")
    if python is None or re.search(r"pypy|graalpy", python.build):
        raise SpecError(
            "a 'pip:' section needs CPython in the environment",
            details=[f"locked is {python.dist}"] if python else [],
            hint="name python among the dependencies",
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
        raise SpecError(f"there are no wheels for {lock.platform}", hint="name conda packages")
    return Machine(python.version, _abi(python, lock), platforms, _markers(python.version, *words))


def _markers(
    python: str, os_name: str, sys_platform: str, system: str, machine: str, release: str
) -> dict[str, str]:
    """As CPython of that version would say of itself there."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": os_name,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        # Stated by the lock's virtual packages, never asked of this machine.
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
    suffix = "t" if threaded else "m" if (int(major), int(minor)) < (3, 8) else ""
    return f"cp{major}{minor}{suffix}"


def _linux(machine: str, glibc: str | None) -> tuple[str, ...]:
    """manylinux (PEP 600) from the glibc down to the oldest of that machine; no musllinux."""
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
