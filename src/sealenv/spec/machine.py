"""The machine that packages are solved for: its virtual packages (CEP 30), as `NAME=VERSION=BUILD`.

They come from options, from `CONDA_OVERRIDE_*` and from a file in conda-lock's format for
`--virtual-package-spec`: for each platform, NAME: "VERSION BUILD".
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from sealenv.errors import SpecError
from sealenv.spec.yaml_nodes import load, read_text, scalar

_ENTRY = re.compile(r"__[a-z0-9_]+=[\w.!+~-]*(=[\w.!+~-]+)?", re.ASCII)
_OVERRIDES = {
    "CONDA_OVERRIDE_ARCHSPEC": "__archspec=1=",
    "CONDA_OVERRIDE_CUDA": "__cuda=",
    "CONDA_OVERRIDE_GLIBC": "__glibc=",
    "CONDA_OVERRIDE_LINUX": "__linux=",
    "CONDA_OVERRIDE_OSX": "__osx=",
    "CONDA_OVERRIDE_WIN": "__win=",
}
_SYSTEMS = {"__glibc": "linux", "__linux": "linux", "__osx": "osx", "__win": "win"}
_LIMIT_BYTES = 1 << 20


class _Subdir(msgspec.Struct):
    packages: dict[str, str]


class _File(msgspec.Struct):
    subdirs: dict[str, _Subdir]


def read_machine(path: Path, platforms: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Read a file of virtual packages: platform -> entries.

    Args:
        path: the file.
        platforms: the platforms that are solved for, if they are known; the file must have one.

    Raises:
        SpecError: it is missing or not valid; with line and column.
    """
    root = load(read_text(path, limit=_LIMIT_BYTES), str(path))
    if root.get("subdirs") is None:
        raise root.wrong("this is not a machine file", "sealenv doctor --write-machine makes one")
    found = {}
    for platform, subdir in root.convert(_File).subdirs.items():
        entries = {name: "=".join([name, *text.split()]) for name, text in subdir.packages.items()}
        for name, entry in entries.items():
            if not _ENTRY.fullmatch(entry):
                node = root.at("subdirs", platform, "packages", name)
                raise node.wrong(f"{entry!r} is not a virtual package", 'write __cuda: "12.4"')
        found[platform] = tuple(entries.values())
    if not found or (platforms and not found.keys() & set(platforms)):
        raise SpecError(
            f"it describes no machine for {', '.join(platforms) or 'any platform'}",
            where=str(path),
            details=[f"it describes {platform}" for platform in found],
            hint="choose the platform with --platform, or another file",
        )
    return found


def machine_text(platform: str, entries: Sequence[str]) -> str:
    """Return the text of a file of virtual packages."""
    lines = [
        "# The virtual packages of a machine, for sealenv lock --machine",
        "# and conda-lock --virtual-package-spec.",
        "subdirs:",
        f"  {scalar(platform)}:",
        "    packages:",
    ]
    for entry in entries:
        name, version, build = [*entry.split("="), "0"][:3]
        lines.append(f"      {name}: {scalar(version if build == '0' else f'{version} {build}')}")
    return "\n".join([*lines, ""])


def virtual_packages_for(platform: str, given: Sequence[str]) -> tuple[str, ...]:
    """Return the virtual packages for a platform from `CONDA_OVERRIDE_*` and from options, which win.

    Raises:
        SpecError: one is not valid.
    """
    found = []
    for entry in [*_overrides(os.environ).values(), *given]:
        if not _ENTRY.fullmatch(entry):
            raise SpecError(
                f"{entry[:80]!r} is not a virtual package",
                hint="write it like '__cuda=12.4'; '__cuda=' is a machine without it",
            )
        if _SYSTEMS.get(entry.partition("=")[0], platform) in platform:
            found.append(entry)
    return tuple(found)


def override_notes() -> list[str]:
    """Describe the `CONDA_OVERRIDE_*` in use."""
    return [
        f"{name} sets {entry if entry[-1] != '=' else f'{entry[:-1]} to missing'}"
        for name, entry in _overrides(os.environ).items()
    ]


def _overrides(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, start in _OVERRIDES.items():
        if (value := environ.get(name)) is not None:
            found[name] = start + value if value else f"{start.partition('=')[0]}="
    return found
