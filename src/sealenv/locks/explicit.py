"""Read and write `@EXPLICIT` lists (CEP 23): one URL on each line, with the digest after `#`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sealenv.errors import DigestError, SpecError
from sealenv.locks.checks import (
    check_package,
    check_url,
    clean_url,
    file_name,
    folder_name,
    split_dist,
)
from sealenv.locks.model import Lock, LockedPackage, LockFile
from sealenv.spec.yaml_nodes import lines_of
from sealenv.urls import split_credentials

_LINE = re.compile(r"(?P<url>[^#]+)(#(?P<digest>.*))?")
_DIGEST = re.compile(r"(?P<md5>[0-9a-f]{32})|(sha256:)?(?P<sha256>[0-9a-f]{64})")
_PLATFORM = re.compile(r"#\s*platform:\s*([a-z0-9-]+)\s*")
_PIP = re.compile(r"#\s*pip\s+[\w.-]+(\[[^\]]*\])?\s*(@|==).*")
"""A wheel, as conda-lock writes it."""


class ExplicitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list."""

    url: str
    md5: str | None = None
    sha256: str | None = None
    line: int = 0

    @property
    def fn(self) -> str:
        """The file name."""
        return file_name(self.url)

    @property
    def channel(self) -> str:
        """The URL of the channel, with a slash at the end."""
        return self.url.rpartition("/")[0].rpartition("/")[0] + "/"

    @property
    def subdir(self) -> str:
        """The folder in the channel."""
        return folder_name(self.url)

    @property
    def place(self) -> str:
        """`subdir/file name`, the key in the channel's index."""
        return f"{self.subdir}/{self.fn}"


class ExplicitList(msgspec.Struct, frozen=True, kw_only=True):
    """A list; its digests may be md5, or missing."""

    source: str
    platform: str | None
    """From a comment, or the folders of the URLs; None if all are noarch."""
    entries: tuple[ExplicitEntry, ...]
    secrets: dict[str, str] = {}
    """Channel URL -> the same with the credentials from the list. Never written."""

    @property
    def unverified(self) -> tuple[ExplicitEntry, ...]:
        """The lines without a sha256."""
        return tuple(e for e in self.entries if e.sha256 is None)

    def lock_file(self, platform: str, *, strict: bool = True) -> LockFile:
        """Return the list as a lock.

        Args:
            platform: the platform, if the list does not name it.
            strict: require a sha256 for each package; comparing lists needs none.

        Raises:
            DigestError: a line has no sha256.
        """
        if strict and (missing := self.unverified):
            weak = sum(1 for e in missing if e.md5)
            kind = "only an md5" if weak == len(missing) else "no sha256"
            raise DigestError(
                f"{len(missing)} of {len(self.entries)} packages have {kind} to verify them by",
                where=f"{self.source}:{missing[0].line}:1",
                details=[e.fn for e in missing[:10]],
                hint=f"let the channel's index fill the digests in: sealenv lock -f {self.source}",
            )
        packages = tuple(
            bare_package(e.url, e.sha256 or "", md5=e.md5, where=f"{self.source}:{e.line}:1")
            for e in self.entries
        )
        lock = Lock(
            platform=self.platform or platform,
            channels=tuple(dict.fromkeys(p.channel for p in packages)),
            packages=packages,
        )
        return LockFile(locks=(lock,))


def bare_package(
    url: str, sha256: str, *, where: str, md5: str | None = None, subdir: str | None = None
) -> LockedPackage:
    """Make a package of which only the file is known.

    Args:
        url: its URL.
        sha256: its digest; empty if unknown, and then nothing is fetched.
        where: the place in messages.
        md5: its md5, if known.
        subdir: its platform; default: the name of the folder.

    Raises:
        SpecError: the URL is not that of a package.
    """
    if fault := check_url(url):
        raise SpecError(fault, where=where, hint="fix the line")
    fn = file_name(url)
    dist = split_dist(fn)
    if dist is None:
        raise SpecError(
            f"{fn[:200]!r} is not a file name of a package",
            where=where,
            hint="a URL ends with name-version-build.conda or .tar.bz2 (CEP 23)",
        )
    name, version, build = dist
    record = {"name": name.lower(), "version": version, "build": build, "sha256": sha256}
    record["subdir"] = folder_name(url) if subdir is None else subdir
    if md5:
        record["md5"] = md5
    package = LockedPackage(
        url=url,
        channel=url.rpartition("/")[0].rpartition("/")[0] + "/",
        fn=fn,
        sha256=sha256,
        size=None,
        record=record,
    )
    if fault := check_package(package, digest=bool(sha256)):
        raise SpecError(fault, where=where, hint="fix the line")
    return package


def read_explicit(text: str, source: str) -> ExplicitList:
    """Read a list. Relative paths start at the working directory (CEP 23).

    Raises:
        SpecError: a line is not the URL of a package; with its number and the reason.
    """
    entries: dict[str, ExplicitEntry] = {}
    secrets: dict[str, str] = {}
    platform: str | None = None
    for number, raw in enumerate(lines_of(text), 1):
        line = raw.strip()
        where = f"{source}:{number}:1"
        if found := _PLATFORM.fullmatch(line):
            platform = platform or found.group(1)
        if _PIP.fullmatch(line):
            raise SpecError(
                "a list of exact packages cannot contain pip packages",
                where=where,
                hint="use conda-lock.yml itself, or remove the line",
            )
        if not line or line.startswith("#") or line == "@EXPLICIT":
            continue
        entry = _entry(line, where, number)
        name = (split_dist(entry.fn) or ("",))[0]
        if name in entries:
            raise SpecError(
                f"{name} is listed twice, in lines {entries[name].line} and {number}",
                where=where,
                hint="remove one of the lines",
            )
        entries[name] = entry
        if secret := split_credentials(line.partition("#")[0]).secret:
            secrets[entry.channel.rstrip("/")] = secret.rpartition("/")[0].rpartition("/")[0]
    for entry in entries.values():
        if entry.subdir == "noarch":
            continue
        platform = platform or entry.subdir
        if entry.subdir != platform:
            raise SpecError(
                f"{entry.fn} is for {entry.subdir[:80]}, and the list for {platform}",
                where=f"{source}:{entry.line}:1",
                hint="a list is for one platform",
            )
    return ExplicitList(
        source=source,
        platform=platform,
        entries=tuple(entries.values()),
        secrets=secrets,
    )


def _entry(line: str, where: str, number: int) -> ExplicitEntry:
    match = _LINE.fullmatch(line)
    if match is None:
        raise SpecError("the line is not a URL", where=where, hint="fix the line")
    text = match["url"].strip()
    if "://" not in text:  # CEP 23: expanded as in a shell
        text = os.path.expandvars(os.path.expanduser(text))
    url = clean_url(text, Path.cwd())
    bare_package(url, "", where=where)
    digest = match["digest"]
    if digest is None:
        return ExplicitEntry(url=url, line=number)
    found = _DIGEST.fullmatch(digest.strip())
    if found is None:
        raise SpecError(
            f"{digest.strip()[:80]!r} is not a digest",
            where=where,
            hint="after '#' write 32 (md5) or 64 (sha256) lowercase hexadecimal digits (CEP 23)",
        )
    return ExplicitEntry(url=url, md5=found["md5"], sha256=found["sha256"], line=number)


def write_explicit(lock: Lock, comments: Iterable[str] = ()) -> str:
    """Write the packages of a lock, dependencies first. Wheels are left out.

    Args:
        lock: the lock.
        comments: lines for the top, without `#`.
    """
    lines = [
        *(f"# {line}" for line in comments),
        f"# platform: {lock.platform}",
        "@EXPLICIT",
        *(f"{p.url}#{p.sha256}" for p in lock.packages),
    ]
    return "\n".join([*lines, ""])
