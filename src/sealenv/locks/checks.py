"""Check the names, numbers and texts of a lock or a channel before they are used.

File names become paths and lines of scripts; name, version and build become the path of a record; URLs
are fetched; all of it is written to records, seals and locks, and shown in terminals. The allowed
characters are those of CEP 26, and those that old channels use. Each check returns the problem, or None.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

import msgspec
from msgspec import Meta, structs

from sealenv.errors import DigestError, SpecError
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.spec.environment_yml import check_variable
from sealenv.spec.matchspec import LONGEST_SPEC
from sealenv.spec.model import parse_time
from sealenv.spec.yaml_nodes import Node
from sealenv.urls import is_address, redact, split_credentials

_PLATFORM = re.compile(r"[a-z0-9]+-[a-z0-9_]+")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.!+~-]{0,210}\.(conda|tar\.bz2)")
_HOST = r"(?:[A-Za-z0-9._~%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
_PATH = r"[A-Za-z0-9._~:/\[\]@!$&()*+,;=%-]"  # RFC 3986, without query, fragment and apostrophe
_URL = re.compile(rf"((https?|s3|gcs)://{_HOST}|file://({_HOST})?)/{_PATH}*")
_CHANNEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,254}")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_SPEC = re.compile(r"([^\s\[\]]+::)?[A-Za-z0-9_*^][^\[\]]*(\[[^\[\]]*(\[[^\[\]]*\][^\[\]]*)*\])?")


def check_file(file: LockFile) -> str | None:
    """Check the locks of all platforms."""
    if file.name is not None and (problem := _check_name(file.name)):
        return problem
    for name, value in file.variables.items():
        if problem := check_variable(name, value):
            return problem
    for lock in file.locks:
        if problem := _check_lock(lock):
            return f"the lock for {lock.platform[:40]!a} cannot be used: {problem}"
    return None


def _check_lock(lock: Lock) -> str | None:
    if not _PLATFORM.fullmatch(lock.platform):
        return f"{lock.platform[:80]!a} is not a platform, such as linux-64"
    for archives in (lock.packages, lock.wheels):
        names = Counter(archive.name for archive in archives)
        if twice := next((name for name, times in names.items() if times > 1), None):
            return f"{twice} is locked twice"
    return next(filter(None, _problems(lock)), None)


def _problems(lock: Lock) -> Iterator[str | None]:
    for package in lock.packages:
        yield check_package(package)
        if package.subdir not in (lock.platform, "noarch"):
            yield f"{package.fn} is for {package.subdir}"
    for wheel in lock.wheels:
        yield _check_wheel(wheel)
    channels = (*lock.channels, *(p.channel for p in lock.packages))
    yield from (check_channel(channel) for channel in dict.fromkeys(channels) if channel)
    yield from map(_check_private, (*lock.indexes, *lock.find_links))
    yield from map(_check_text, _texts(lock))
    yield from map(_check_spec, lock.specs)
    yield from map(_check_requirement, lock.requirements)
    yield _check_time(lock.exclude_newer) if lock.exclude_newer else None


def _texts(lock: Lock) -> Iterator[str]:
    """Yield the free text of a lock."""
    yield lock.exclude_newer or ""
    yield from (*lock.virtual_packages, *lock.specs, *lock.requirements)
    yield from (*lock.channels, *lock.indexes, *lock.find_links)
    for package in lock.packages:
        yield package.channel
        for key in ("depends", "constrains"):
            yield from package.record.get(key) or ()
    for wheel in lock.wheels:
        yield from (wheel.name, wheel.version, *wheel.requires_dist, wheel.requires_python or "")


def _check_text(text: str) -> str | None:
    if text.isprintable():
        return None
    return f"{text[:200]!a} contains a control character"


def _check_name(text: str) -> str | None:
    if text.isprintable() and text.strip(". ") and not re.search(r"[/\\]", text):
        return None
    return f"{text[:80]!a} is not a name for an environment"


def _check_spec(text: str) -> str | None:
    if len(text) <= LONGEST_SPEC and _SPEC.fullmatch(text.strip()):
        return None
    return f"{text[:80]!a} is not a MatchSpec"


def _check_requirement(text: str) -> str | None:
    from sealenv.spec.requirements import parse_pip_line  # importing packaging is slow

    if len(text) > LONGEST_SPEC:
        return f"{text[:80]!a}... is not a requirement: {len(text)} characters"
    try:
        if parse_pip_line(text, Path(".")).kind == "requirement":
            return None
    except RecursionError:
        pass
    except SpecError as error:
        return error.what
    return f"{text[:80]!a} is not a requirement (PEP 508)"


def _check_time(text: str) -> str | None:
    try:
        parse_time(text)
    except SpecError as error:
        return error.what
    return None


_Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
_Time = Annotated[float, Meta(ge=0, le=253_402_300_799_999)]
"""In ms, up to the year 9999; some tools wrote seconds, with a fraction."""
_Md5 = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
_Lines = dict[str, list[str]]


class Record(msgspec.Struct, kw_only=True):
    """The keys of a record that sealenv or py-rattler reads."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}\Z")]
    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.!+~-]{0,127}\Z")]
    build: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.+~!-]{0,127}\Z")]
    subdir: Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9_]+)?\Z")]
    build_number: _Count = 0
    arch: str | None = None
    platform: str | None = None
    noarch: Literal["python", "generic"] | bool | None = None
    depends: list[str] = []
    constrains: list[str] | None = None
    extra_depends: _Lines | None = None
    run_exports: _Lines | None = None
    features: str | list[str] | None = None
    track_features: str | list[str] | None = None
    flags: list[str] | None = None
    purls: list[str] | None = None
    license: str | None = None
    license_family: str | None = None
    md5: _Md5 | None = None
    sha256: str | None = None
    size: _Count | None = None
    legacy_bz2_md5: str | None = None
    legacy_bz2_size: _Count | None = None
    python_site_packages_path: str | None = None
    timestamp: _Time | None = None


class _Package(msgspec.Struct):
    """A package, with a digest or without."""

    record: Record
    sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    size: Annotated[int, Meta(ge=0, le=1 << 50)] | None


def check_record(record: dict[str, Any]) -> str | None:
    """Check the types of a repodata record, and the characters of its name (CEP 26)."""
    return _fault(record, Record)


def _fault(value: object, kind: type) -> str | None:
    try:
        msgspec.convert(value, kind, from_attributes=True)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def check_package(package: LockedPackage, *, digest: bool = True) -> str | None:
    """Check one package.

    Args:
        package: the package.
        digest: require a sha256.
    """
    if not _FILE.fullmatch(package.fn):
        return f"{package.fn[:80]!r} is not a valid file name of a package (CEP 26)"
    if problem := _fault(package, _Package):
        return f"{package.fn}: {problem}"
    if digest and not package.sha256:
        return f"{package.fn} has no sha256"
    if problem := check_url(package.url):
        return problem
    if file_name(package.url) != package.fn:  # records and seals identify a file by its URL
        return f"the URL {package.url[:200]!a} does not end with {package.fn}"
    return None


def check_url(url: str) -> str | None:
    """Check the URL of a package or wheel."""
    if problem := _check_private(url):
        return problem
    if _URL.fullmatch(url):
        return None
    return (
        f"{redact(url)[:200]!a} is not a URL of a file: https, http, file, s3 or gcs, without '?' and "
        "'#', and with other characters as %XX"
    )


def _check_wheel(wheel: LockedWheel) -> str | None:
    """Check digest, URL and file name (PEP 427) of a wheel."""
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
    from packaging.version import InvalidVersion, Version

    if not re.fullmatch("[0-9a-f]{64}", wheel.sha256):
        return f"{wheel.sha256[:80]!r} is not a sha256"
    if problem := check_url(wheel.url):
        return problem
    try:
        name, version, *_ = parse_wheel_filename(wheel.fn)
        same = canonicalize_name(wheel.name) == name and Version(wheel.version) == version
    except (InvalidWheelFilename, InvalidVersion) as error:
        return f"{wheel.fn[:200]!a} is not a file name of a wheel (PEP 427): {error}"
    return None if same else f"{wheel.fn[:200]!a} is not a wheel of {wheel.dist[:200]}"


def check_channel(text: str) -> str | None:
    """Check a channel: a name or a URL."""
    if _CHANNEL.fullmatch(text) or not (problem := check_url(f"{text}/")):
        return None
    return f"not a channel: {problem}"


def _check_private(url: str) -> str | None:
    if split_credentials(url).secret is None:
        return None
    return f"the URL {redact(url)[:200]!a} contains credentials, which would be written down"


def without_secrets(lock: Lock) -> Lock:
    """Remove credentials from the channels, indexes and links of a lock."""

    def clean(places: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(split_credentials(place).clean for place in places)

    return structs.replace(
        lock,
        channels=clean(lock.channels),
        indexes=clean(lock.indexes),
        find_links=clean(lock.find_links),
    )


def clean_url(text: str, base: Path) -> str:
    """Return a URL without credentials; a path becomes a file:// URL, relative to `base`."""
    if is_address(text):
        return split_credentials(text).clean
    if _DRIVE.match(text):  # a Windows path, on any platform
        return "file:///" + text[:2] + quote(text[2:].replace("\\", "/"))
    return Path(os.path.abspath(base / text)).as_uri()


def put(found: dict[str, Any], archive: LockedPackage | LockedWheel, node: Node) -> None:
    """Add an archive to those of one platform, by name.

    Raises:
        SpecError: the name is there already; with its place.
    """
    if archive.name in found:
        raise node.wrong(f"{archive.name} is listed twice for one platform")
    found[archive.name] = archive


def need_sha256(found: str | None, what: str, node: Node) -> str:
    """Return the sha256 of an entry: no digest, no install.

    Raises:
        DigestError: it has none; with its place.
    """
    if found is not None:
        return found
    raise DigestError(
        f"{what} has no sha256, so it cannot be verified",
        where=node.where,
        hint="lock again: sealenv lock; it takes the digest from the channel",
    )


def wheel_url(address: str, base: Path, node: Node) -> str:
    """Return the URL of a wheel; a path is relative to `base`.

    Raises:
        SpecError: it is something else, such as a source distribution; with its place.
    """
    if address.partition("#")[0].partition("?")[0].endswith(".whl"):
        return clean_url(address, base)
    raise node.wrong(
        f"{address[:200]!r} is not a wheel: each build of it has different bytes",
        "build a wheel and use that instead, or remove the package",
    )


def file_name(url: str) -> str:
    """Return the last part of a URL's path."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


def folder_name(url: str) -> str:
    """Return the part before the file name: the subdir, in most channels."""
    return url.rpartition("/")[0].rpartition("/")[2]


def split_dist(fn: str) -> tuple[str, str, str] | None:
    """Split the file name of a package into name, version and build; None if it is not one."""
    if not _FILE.fullmatch(fn):
        return None
    parts = fn.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] else None
