"""What names and numbers of a package may be: channels and locks are written by strangers.

A file name becomes a path in the store and a line in scripts, name, version and build become the
path of a record, a URL is fetched. The characters are those of CEP 26, with room for what old
channels hold.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import structs

from sealenv.locks.fields import check_asked, check_record, not_a_text
from sealenv.locks.model import Lock, LockedPackage, LockedWheel
from sealenv.urls import is_address, redact, split_credentials

__all__ = [
    "NO_WHEEL",
    "check_channel",
    "check_lock",
    "check_package",
    "check_sha256",
    "check_subdir",
    "check_url",
    "check_wheel",
    "check_wheel_file",
    "clean_url",
    "file_name",
    "folder_name",
    "split_dist",
    "without_secrets",
]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,127}")
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.!+~-]{0,127}")
_BUILD = re.compile(r"[A-Za-z0-9_.+~!-]{0,127}")
_SUBDIR = re.compile(r"[a-z0-9]+(-[a-z0-9_]+)?")
_PLATFORM = re.compile(r"[a-z0-9]+-[a-z0-9_]+")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.!+~-]{0,210}\.(conda|tar\.bz2)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_URL = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")  # RFC 3986, but for the apostrophe
_CHANNEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]{0,254}")
_SCHEMES = frozenset({"https", "http", "file", "s3", "gcs"})
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_MOST_BYTES = 1 << 50
NO_WHEEL = (
    "build a wheel of it, name that instead, and lock anew; or leave it out of the environment"
)
"""What to do about what `check_wheel` says."""


def check_lock(lock: Lock) -> str | None:
    """Why a lock that somebody wrote cannot be taken, in words; None where nothing is wrong.

    All of it is written down again: in records, the seal and other locks, and shown on terminals. So no
    address has credentials, and nothing a character that a terminal or a line of a file would act on.
    """
    if not _PLATFORM.fullmatch(lock.platform):
        return f"{lock.platform[:80]!a} is not a platform, such as linux-64"
    for package in lock.packages:
        if problem := check_package(package) or check_subdir(package, lock.platform):
            return problem
    for archives in (lock.packages, lock.wheels):
        names = Counter(archive.name for archive in archives)
        if twice := next((name for name, times in names.items() if times > 1), None):
            return f"{twice} is there twice"
    for wheel in lock.wheels:
        if problem := check_sha256(wheel.sha256) or check_url(wheel.url) or check_wheel_file(wheel):
            return problem
    channels = (*lock.channels, *(p.channel for p in lock.packages))
    for place in (*dict.fromkeys(channels), *lock.indexes, *lock.find_links):
        if problem := _private(place):
            return problem
    for text in _texts(lock):
        if problem := not_a_text(text):
            return problem
    return check_asked(lock)


def without_secrets(lock: Lock) -> Lock:
    """The lock, with no credentials in addresses that nothing of it is fetched from.

    Those of packages and wheels are taken out where they are read.
    """

    def clean(places: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(split_credentials(place).clean for place in places)

    return structs.replace(
        lock,
        channels=clean(lock.channels),
        indexes=clean(lock.indexes),
        find_links=clean(lock.find_links),
    )


def _texts(lock: Lock) -> Iterator[str]:
    """What is free text in a lock."""
    yield from (lock.platform, lock.exclude_newer or "")
    yield from (*lock.virtual_packages, *lock.specs, *lock.requirements)
    yield from (*lock.channels, *lock.indexes, *lock.find_links)
    for package in lock.packages:
        yield package.channel
        for key in ("depends", "constrains"):
            yield from package.record.get(key) or ()
    for wheel in lock.wheels:
        yield from (wheel.name, wheel.version, *wheel.requires_dist, wheel.requires_python or "")


def check_package(package: LockedPackage, *, digest: bool = True) -> str | None:
    """Why a package cannot be taken, in words; None where nothing is wrong.

    Args:
        package: what somebody wrote of it.
        digest: whether it must have a sha256, as for all that is fetched.
    """
    record = package.record
    if problem := check_record(record):
        return f"the record of {package.fn[:80]!r}: {problem}"
    for key, pattern in (("name", _NAME), ("version", _VERSION), ("build", _BUILD),
                         ("subdir", _SUBDIR)):  # fmt: skip
        if not pattern.fullmatch(str(record.get(key))):
            return f"{str(record.get(key))[:80]!r} is not a {key} of a package (CEP 26)"
    if not _FILE.fullmatch(package.fn):
        return f"{package.fn[:80]!r} is not a name of a package's file (CEP 26)"
    if digest and (fault := check_sha256(package.sha256)):
        return fault
    md5 = record.get("md5")
    if md5 is not None and not _MD5.fullmatch(str(md5)):
        return f"{str(md5)[:80]!r} is not a md5: 32 hexadecimal digits, lower case"
    size = package.size
    if size is not None and not 0 <= size <= _MOST_BYTES:
        return f"{size!r} is not a size of a file"
    if fault := check_url(package.url):
        return fault
    if file_name(package.url) != package.fn:  # records and the seal know a file by its address
        return f"the address {package.url[:200]!a} does not end with {package.fn}"
    return None


def check_subdir(package: LockedPackage, platform: str) -> str | None:
    """Why a package is none of a platform; None where it is one."""
    if package.subdir in (platform, "noarch"):
        return None
    return f"{package.fn} is for {package.subdir[:80]}, and locked for {platform[:40]!a}"


def check_sha256(text: str) -> str | None:
    """Why a text is not a sha256; None where it is one."""
    if _SHA256.fullmatch(text):
        return None
    return f"{text[:80]!r} is not a sha256: 64 hexadecimal digits, lower case"


def check_url(url: str) -> str | None:
    """Why a URL of a package cannot be taken; None where nothing is wrong."""
    if not _URL.fullmatch(url):
        return f"{redact(url)[:200]!a} is not a URL: a character must be written as %XX"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        return f"{redact(url)[:200]!a} is not a URL: {error}"
    if parts.scheme not in _SCHEMES or not url.startswith(f"{parts.scheme}://"):
        return f"{redact(url)[:200]!a}: the address must begin with https://, http://, file:// or s3://"
    if parts.fragment or parts.query:
        return f"{redact(url)[:200]!a}: the address of a package has no '?' and no '#'"
    if not parts.path.strip("/") or (parts.scheme != "file" and not parts.netloc):
        return f"{redact(url)[:200]!a} is not an address of a file"
    return _private(url)


def check_wheel(address: str) -> str | None:
    """Why an address, as it was written, is that of no wheel; None where it may be one's."""
    if re.match(r"(git|hg|svn|bzr)\+|git://|ssh://", address):
        return "comes from version control: it cannot be locked with a digest"
    file = address.partition("#")[0].partition("?")[0].rstrip("/")
    if file.endswith(".whl"):
        return None
    if file.endswith((".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")):
        return "is a source distribution: what is built on each machine is not the same bytes"
    return "is not a wheel: what is built from a folder is not the same bytes on each machine"


def check_wheel_file(wheel: LockedWheel) -> str | None:
    """Why a wheel's file name (PEP 427) cannot be its: name and version are read from it again."""
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
    from packaging.version import InvalidVersion, Version

    try:
        name, version, *_ = parse_wheel_filename(wheel.fn)
        same = canonicalize_name(wheel.name) == name and Version(wheel.version) == version
    except (InvalidWheelFilename, InvalidVersion) as error:
        return f"{wheel.fn[:200]!a} is not a name of a wheel's file (PEP 427): {error}"
    return None if same else f"{wheel.fn[:200]!a} is not a wheel of {wheel.dist[:200]}"


def check_channel(text: str) -> str | None:
    """Why a channel, a name or an address, cannot be taken; None where nothing is wrong."""
    if _CHANNEL.fullmatch(text):
        return None
    if _URL.fullmatch(text) and text.partition("://")[0] in _SCHEMES:
        return _private(text)
    return f"{redact(text)[:200]!a} is not a channel"


def _private(url: str) -> str | None:
    """Whether an address carries what is nobody's business; it is not repeated in full."""
    if split_credentials(url).secret is None:
        return None
    return f"the address {redact(url)[:200]!a} carries credentials, and would be written down"


def clean_url(text: str, base: Path) -> str:
    """An address without credentials; a path becomes a file:// URL, a relative one from `base`."""
    if is_address(text):
        return split_credentials(text).clean
    if _DRIVE.match(text):  # a path of Windows, wherever this is read
        from urllib.parse import quote

        return "file:///" + text[:2] + quote(text[2:].replace("\\", "/"))
    import os

    return Path(os.path.abspath(base / text)).as_uri()


def file_name(url: str) -> str:
    """The last part of a URL's path."""
    return unquote(urlsplit(url).path.rsplit("/", 1)[-1])


def folder_name(url: str) -> str:
    """The part before the last of a URL's path: the subdir, where a channel is laid out as most are."""
    return url.rpartition("/")[0].rpartition("/")[2]


def split_dist(fn: str) -> tuple[str, str, str] | None:
    """name, version and build of a package's file name; None where it is none."""
    if not _FILE.fullmatch(fn):
        return None
    parts = fn.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] else None
