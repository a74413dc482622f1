"""Pure-Python wheels from PyPI, fetched once with pip and kept in the cache."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from email.parser import BytesParser
from pathlib import Path
from typing import cast

from packaging.markers import default_environment
from packaging.requirements import Requirement

from sealenv.errors import FetchError
from sealenv.tour.archive import Package, Payload


def fetch_wheels(pins: Iterable[str], folder: Path) -> list[Path]:
    """Download what is not in the folder yet, without dependencies."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(pins)
    absent = [pin for pin in wanted if not _wheels(folder, pin)]
    if absent:
        options = (
            "--quiet --no-deps --only-binary=:all: --implementation=py --abi=none --platform=any "
            "--python-version=3.12 --disable-pip-version-check --no-input"
        )
        command = [sys.executable, "-m", "pip", "download", *options.split(), "--dest", str(folder)]
        command += absent
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise FetchError("pip could not fetch wheels.", details=done.stderr.splitlines()[-3:])
    return [_wheels(folder, pin)[0] for pin in wanted]


def _wheels(folder: Path, pin: str) -> list[Path]:
    name, _, version = pin.partition("==")
    return sorted(folder.glob(f"{name.replace('-', '_')}-{version}-*none-any.whl"))


def wheel_packages(wheels: Iterable[Path]) -> list[Package]:
    """Turn wheels into packages whose dependencies are those that lie among the wheels."""
    found = list(wheels)
    names = {_normal(wheel.name.partition("-")[0]) for wheel in found}
    return [package_from_wheel(wheel, depends=_depends(wheel, names)) for wheel in found]


def package_from_wheel(wheel: Path, *, depends: Iterable[str] = ()) -> Package:
    """Make a noarch python package of a pure-Python wheel."""
    with zipfile.ZipFile(wheel) as archive:
        files = {
            entry.filename: (archive.read(entry), bool(entry.external_attr >> 16 & 0o111))
            for entry in archive.infolist()
            if not entry.is_dir()
        }
    info = next(name.partition("/")[0] for name in files if name.endswith(".dist-info/METADATA"))
    metadata = BytesParser().parsebytes(files[f"{info}/METADATA"][0])
    payload = [
        Payload(_place(name), data=data, executable=executable)
        for name, (data, executable) in files.items()
    ]
    payload.append(Payload(f"site-packages/{info}/INSTALLER", data=b"conda\n"))
    python = re.sub(r"\s+", "", str(metadata.get("Requires-Python") or ""))
    wheel_license = metadata.get("License-Expression") or metadata.get("License") or ""
    return Package(
        name=_normal(str(metadata["Name"])),
        version=str(metadata["Version"]),
        build="pyhsealenv_0",
        noarch="python",
        depends=(f"python {python}".strip(), *depends),
        entry_points=_entry_points(files.get(f"{info}/entry_points.txt", (b"", False))[0].decode()),
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        license=" ".join(str(wheel_license).split())[:200],
        summary=" ".join(str(metadata.get("Summary") or "").split())[:200],
    )


def _place(name: str) -> str:
    """Where a file of a wheel is in a noarch package; of `*.data` the kinds that our wheels have."""
    root, _, rest = name.partition("/")
    if not root.endswith(".data"):
        return f"site-packages/{name}"
    kind, _, inner = rest.partition("/")
    return {"purelib": "site-packages/", "scripts": "python-scripts/", "data": ""}[kind] + inner


def _entry_points(text: str) -> tuple[str, ...]:
    parser = configparser.ConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(text)
    sections = [s for s in ("console_scripts", "gui_scripts") if parser.has_section(s)]
    found = (item for section in sections for item in parser.items(section))
    plain = ((name, re.sub(r"\[.*\]| ", "", target)) for name, target in found)
    return tuple(sorted(f"{name} = {target}" for name, target in plain))


def _environment(minor: str) -> dict[str, str | AbstractSet[str]]:
    return {
        **cast("dict[str, str]", default_environment()),
        "python_version": minor,
        "python_full_version": f"{minor}.0",
        "extra": "",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
    }


_PYTHONS = [_environment(minor) for minor in ("3.10", "3.12")]
"""A noarch package has one list of dependencies for all: that of an old and a recent Python."""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _depends(wheel: Path, names: set[str]) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        inside = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(archive.read(inside))
    depends = []
    for line in metadata.get_all("Requires-Dist") or ():
        requirement = Requirement(line)
        name = _normal(requirement.name)
        marker = requirement.marker
        if name not in names or not (marker is None or any(map(marker.evaluate, _PYTHONS))):
            continue
        specifier = re.sub(r"==([\d.]+)\.\*", r"\1.*", str(requirement.specifier))
        depends.append(f"{name} {specifier}".strip())
    return sorted(depends)
