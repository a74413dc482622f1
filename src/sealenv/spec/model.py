"""The EnvironmentSpec: the requested packages, from arguments and environment.yml."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.errors import SpecError, UsageError
from sealenv.naming import parse_python_version
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.spec.machine import virtual_packages_for
from sealenv.spec.matchspec import LONGEST_SPEC, package_name
from sealenv.urls import redact, scheme_of, split_credentials

DEFAULT_CHANNEL = "conda-forge"
DEFAULT_INDEX = "https://pypi.org/simple"
_MANAGERS = ("conda", "mamba", "pip")
_SUBDIRS = (
    "linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64", "linux-32", "win-32",
    "linux-armv7l", "linux-ppc64le", "linux-riscv64", "linux-s390x", "emscripten-wasm32",
)  # fmt: skip
"""The platforms of conda-forge and bioconda, and of older channels."""
_MACHINES = {
    "x86_64": "64", "amd64": "64", "aarch64": "aarch64", "arm64": "arm64",
    "ppc64le": "ppc64le", "s390x": "s390x", "i686": "32",
}  # fmt: skip

_AGE = re.compile(
    r"P?(?=\d|T)(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?(?:T?(?P<hours>\d{1,6})H)?",
    re.ASCII,
)
"""An age: `7d`, `2w`, `24h`, or a duration of ISO 8601 such as `P7D` and `PT24H`."""


@dataclass(frozen=True)
class EnvironmentSpec:
    """The request. Everything in it may be recorded, except `secrets` and `index_secrets`."""

    packages: tuple[str, ...]
    channels: tuple[str, ...]
    platform: str
    exclude_newer: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """Clean channel URL -> the same URL with credentials. Never written, never printed."""
    requirements: tuple[str, ...] = ()
    """The requirements for pip (PEP 508)."""
    indexes: tuple[str, ...] = ()
    """The package indexes, in order; empty without requirements."""
    find_links: tuple[str, ...] = ()
    """Additional pages or folders of wheels."""
    index_secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """The same as `secrets`, for indexes and find_links."""
    machine: tuple[str, ...] | None = None
    """All virtual packages of the target, if they are given: `NAME=VERSION=BUILD`."""
    virtual_packages: tuple[str, ...] = ()
    """Virtual packages that replace others of the same name; `NAME=` removes one."""
    places: dict[str, str] = field(default_factory=dict, compare=False)
    """Package -> FILE:LINE:COLUMN, for messages; without those of the command line."""

    def asks_for(self, name: str) -> bool:
        """Return whether a package of that name was requested."""
        return any(package_name(p) == name for p in self.packages)

    def to_json(self) -> dict[str, object]:
        """Return what the seal records of it."""
        return {
            "packages": list(self.packages),
            "channels": list(self.channels),
            "platform": self.platform,
            "exclude_newer": self.exclude_newer,
            "variables": dict(self.variables),
            "requirements": list(self.requirements),
            "indexes": list(self.indexes),
            "find_links": list(self.find_links),
        }


def build_spec(
    *,
    python: str | None = None,
    file: EnvironmentFile | None = None,
    with_packages: Sequence[str] = (),
    without: Sequence[str] = (),
    channels: Sequence[str] = (),
    platform: str | None = None,
    exclude_newer: str | None = None,
    pypi_index: str | None = None,
    virtual_packages: Sequence[str] = (),
    machine: Mapping[str, tuple[str, ...]] = {},
) -> EnvironmentSpec:
    """Return the spec for a set of arguments.

    Without a file the packages are python, conda, mamba and pip. With a file they are those of the file,
    and pip if it has a `pip:` section, as in conda. `with_packages` replaces entries of the same name.
    `pypi_index` replaces the first index. `machine` has virtual packages by platform (`read_machine`).

    Raises:
        UsageError: arguments contradict each other.
        SpecError: a channel or platform is invalid.
    """
    if python and any(package_name(p) == "python" for p in (*with_packages, *without)):
        raise UsageError(
            f"Python {python} is requested, and --with or --without names python too",
            hint="give the version once: the folder is named after it",
        )
    listed = file or EnvironmentFile("", None, (), ())
    requirements = listed.requirements
    packages = _packages(python, file, with_packages, without)
    for package in [*packages, *requirements]:
        _check_package(package)
    if not packages:
        raise UsageError("no packages are requested", hint="name at least one package")
    if requirements and all(package_name(p) != "pip" for p in packages):
        packages.append("pip")
    clean, secrets = _channels([*channels, *listed.channels])
    index = (listed.index or DEFAULT_INDEX) if pypi_index is None else pypi_index
    indexes, index_secrets = _indexes([index, *listed.extra_indexes])
    find_links, link_secrets = _indexes(listed.find_links)
    platform = check_platform(platform)
    return EnvironmentSpec(
        packages=tuple(packages),
        channels=clean or (DEFAULT_CHANNEL,),
        platform=platform,
        exclude_newer=None if exclude_newer is None else parse_time(exclude_newer).isoformat(),
        variables=dict(listed.variables),
        secrets=secrets,
        requirements=requirements,
        indexes=indexes if requirements else (),
        find_links=find_links if requirements else (),
        index_secrets={**index_secrets, **link_secrets} if requirements else {},
        machine=machine.get(platform),
        virtual_packages=virtual_packages_for(platform, virtual_packages),
        places=dict(listed.places),
    )


def _packages(
    python: str | None,
    file: EnvironmentFile | None,
    with_packages: Sequence[str],
    without: Sequence[str],
) -> list[str]:
    version = None if python is None else f"python={parse_python_version(python)}"
    if file is None:
        packages = [version or "python", *_MANAGERS]
    else:
        packages = list(file.dependencies)
        if version:
            packages = _put(packages, version)
    for package in with_packages:
        packages = _put(packages, package.strip())
    for name in without:
        kept = [p for p in packages if package_name(p) != name.strip().lower()]
        if len(kept) == len(packages):
            raise UsageError(
                f"--without {name}: it is not a requested package",
                details=packages,
                hint="dependencies cannot be left out; name one of the packages above",
            )
        packages = kept
    return packages


def _check_package(package: str) -> None:
    _check_channel(package.partition("::")[0])
    if len(package) > LONGEST_SPEC:
        raise SpecError(
            f"{redact(package[:40])!r}... is not a MatchSpec: {len(package)} characters",
            hint="name one package, such as 'numpy >=2'",
        )
    if redact(package) != package:
        raise SpecError(
            f"{redact(package)!r}: a package cannot contain credentials, because it is stored",
            hint="give the channel with -c, or keep them with `rattler auth login` or in netrc",
        )


def current_platform() -> str:
    """Return the subdir of this machine."""
    import platform as machine

    system = {"linux": "linux", "darwin": "osx", "win32": "win"}.get(sys.platform, sys.platform)
    name = machine.machine().lower()
    return f"{system}-{_MACHINES.get(name, name)}"


def parse_time(text: str, now: dt.datetime | None = None) -> dt.datetime:
    """Parse a time such as 2026-01-31, or an age such as 7d, 2w, 24h or P7D; without a zone it is UTC.

    Args:
        text: the time or age.
        now: the time from which an age counts; default: the clock.

    Raises:
        SpecError: it is neither.
    """
    age = _AGE.fullmatch(text.upper())
    try:
        if age:
            weeks, days, hours = (int(age[unit] or 0) for unit in ("weeks", "days", "hours"))
            moment = (now or dt.datetime.now(dt.timezone.utc)).replace(microsecond=0)
            return moment - dt.timedelta(weeks=weeks, days=days, hours=hours)
        moment = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            return moment.replace(tzinfo=dt.timezone.utc)
        return moment.astimezone(dt.timezone.utc)  # raises before year 1 and after 9999
    except (ValueError, OverflowError) as error:
        raise SpecError(
            f"{text[:80]!r} is not a time",
            hint="write 2026-01-31 or 2026-01-31T12:00:00Z (UTC), or an age: 7d, 2w, 24h",
        ) from error


def _put(packages: list[str], spec: str) -> list[str]:
    if not spec:
        raise UsageError("an empty package name", hint="write --with 'numpy >=2'")
    name = package_name(spec)
    kept = [p for p in packages if package_name(p) != name]
    return [*kept, spec]


def check_platform(text: str | None) -> str:
    """Return a valid subdir; default: that of this machine.

    Raises:
        SpecError: it is not a platform.
    """
    if text is None:
        return current_platform()
    if text not in _SUBDIRS:
        raise SpecError(
            f"{text[:80]!r} is not a platform",
            hint="write linux-64, osx-arm64, win-64 or the like",
        )
    return text


def _channels(given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    clean: list[str] = []
    secrets: dict[str, str] = {}
    for text in given:
        channel = text.strip()
        if not channel or channel[0] == "-" or "\n" in channel or "\0" in channel:
            raise SpecError(
                f"{redact(channel)!r} is not a channel", hint="give a name, a URL or a folder"
            )
        if channel == "nodefaults":  # CEP 24: it never reaches the solver
            continue
        _check_channel(channel)
        if "://" in channel:
            split = split_credentials(channel)
            if not scheme_of(split.clean):
                raise SpecError(f"{split.clean!r} is not a URL")
            if split.secret:
                secrets[split.clean.rstrip("/")] = split.secret.rstrip("/")
            channel = split.clean
        elif _is_path(channel):
            channel = Path(os.path.abspath(os.path.expanduser(channel))).as_uri()
        if channel not in clean:
            clean.append(channel)
    return tuple(clean), secrets


def _check_channel(channel: str) -> None:
    if channel in {"defaults", "local"}:
        raise SpecError(
            f"the channel {channel!r} stands for other channels in conda's configuration",
            hint="name the channels themselves; no .condarc is read here",
        )


def _is_path(channel: str) -> bool:
    """Return whether it is a folder: `./x`, `~/x`, `/x`; on Windows also `C:x` and backslashes."""
    return channel.startswith((".", "~", "/", os.sep)) or bool(os.path.splitdrive(channel)[0])


def _indexes(given: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    clean: list[str] = []
    secrets: dict[str, str] = {}
    for text in given:
        split = split_credentials(text.strip())
        if scheme_of(split.clean) not in {"http", "https", "file"}:
            raise SpecError(
                f"{split.clean!r} is not an index of Python packages",
                hint="give its URL, such as https://pypi.org/simple",
            )
        if split.secret:
            secrets[split.clean] = split.secret
        if split.clean not in clean:
            clean.append(split.clean)
    return tuple(clean), secrets
