"""Pure-Python wheels from PyPI, fetched once with pip and kept in the cache."""

from __future__ import annotations

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

from sealenv.demo.archive import Package
from sealenv.demo.wheels import package_from_wheel
from sealenv.errors import FetchError

__all__ = ["BASE", "BENCH", "BENCH_ENVIRONMENT", "fetch_wheels", "wheel_packages"]

BASE = (
    "attrs",
    "certifi",
    "charset-normalizer",
    "click",
    "filelock",
    "idna",
    "iniconfig",
    "markdown-it-py",
    "mdurl",
    "more-itertools",
    "packaging",
    "pip",
    "platformdirs",
    "pluggy",
    "pygments",
    "pytest",
    "python-dateutil",
    "requests",
    "rich",
    "setuptools",
    "six",
    "sortedcontainers",
    "tabulate",
    "tqdm",
    "typing-extensions",
    "urllib3",
    "wheel",
    "zipp",
)
BENCH = (
    "asgiref",
    "babel",
    "boto3",
    "botocore",
    "django",
    "faker",
    "jedi",
    "jmespath",
    "mpmath",
    "networkx",
    "parso",
    "plotly",
    "narwhals",
    "s3transfer",
    "sqlparse",
    "sympy",
    "tzdata",
)
BENCH_ENVIRONMENT = (
    "python",
    "pip",
    "conda",
    "mamba",
    *(name for name in BENCH),
    *("requests", "rich", "pytest", "setuptools"),
)
"""What a benchmark environment asks for; the rest comes as dependencies."""


def fetch_wheels(names: Iterable[str], folder: Path) -> list[Path]:
    """Download what is not in the folder yet; newest versions, without dependencies."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = list(names)
    absent = [name for name in wanted if not _wheels(folder, name)]
    if absent:
        command = [
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                str(folder),
            ),
            *("--only-binary=:all:", "--implementation=py", "--abi=none", "--platform=any"),
            *("--python-version=3.12", "--disable-pip-version-check", "--no-input"),
            *absent,
        ]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise FetchError("pip could not fetch wheels.", details=done.stderr.splitlines()[-3:])
    return [_wheels(folder, name)[-1] for name in wanted]


def _wheels(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name.replace('-', '_')}-[0-9]*-none-any.whl"))


def wheel_packages(wheels: Iterable[Path]) -> list[Package]:
    """Turn wheels into packages whose dependencies are those that lie among the wheels."""
    found = list(wheels)
    names = {_normal(wheel.name.partition("-")[0]) for wheel in found}
    return [package_from_wheel(wheel, depends=_depends(wheel, names)) for wheel in found]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _depends(wheel: Path, names: set[str]) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        inside = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = BytesParser().parsebytes(archive.read(inside))
    # A noarch package has one list for all: that of a recent Python on Linux.
    environment: dict[str, str | AbstractSet[str]] = {
        **cast("dict[str, str]", default_environment()),
        "python_version": "3.12",
        "python_full_version": "3.12.0",
        "extra": "",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
    }
    depends = []
    for line in metadata.get_all("Requires-Dist") or ():
        requirement = Requirement(line)
        name = _normal(requirement.name)
        marker = requirement.marker
        if name not in names or (marker is not None and not marker.evaluate(environment)):
            continue
        specifier = re.sub(r"==([\d.]+)\.\*", r"\1.*", str(requirement.specifier))
        depends.append(f"{name} {specifier}".strip())
    return sorted(depends)
