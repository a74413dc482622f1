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

_DIGEST = re.compile(r"(?P<md5>[0-9a-f]{32})|(sha256:)?(?P<sha256>[0-9a-f]{64})|")
_PLATFORM = re.compile(r"#\s*platform:\s*([a-z0-9-]+)\s*")
_PIP = re.compile(r"#\s*pip\s+[\w.-]+(\[[^\]]*\])?\s*(@|==).*")
"""A wheel, as conda-lock writes it."""


class ExplicitList(msgspec.Struct, frozen=True, kw_only=True):
    """A list; its digests may be md5, or missing."""

    source: str
    platform: str | None
    """From a comment, or the folders of the URLs; None if all are noarch."""
    packages: tuple[LockedPackage, ...]
    """Their sha256 is empty if the list has none."""
    lines: dict[str, int]
    """URL -> line."""
    secrets: dict[str, str] = {}
    """Channel URL -> the same with the credentials from the list. Never written."""

    def where(self, package: LockedPackage) -> str:
        """Return FILE:LINE:COLUMN of a package."""
        return f"{self.source}:{self.lines[package.url]}:1"

    def lock_file(self, platform: str, *, strict: bool = True) -> LockFile:
        """Return the list as a lock.

        Args:
            platform: the platform, if the list does not name it.
            strict: require a sha256 for each package; comparing lists needs none.

        Raises:
            DigestError: a line has no sha256.
        """
        missing = [p for p in self.packages if not p.sha256]
        if strict and missing:
            raise DigestError(
                f"{len(missing)} of {len(self.packages)} packages have no sha256 to verify them by",
                where=self.where(missing[0]),
                details=[p.fn for p in missing[:10]],
                hint=f"let the channel's index fill the digests in: sealenv lock -f {self.source}",
            )
        lock = Lock(
            platform=self.platform or platform,
            channels=tuple(dict.fromkeys(p.channel for p in self.packages)),
            packages=self.packages,
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
    packages: dict[str, LockedPackage] = {}
    lines: dict[str, int] = {}
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
        package = _read_line(line, where)
        if package.name in packages:
            first = lines[packages[package.name].url]
            raise SpecError(
                f"{package.name} is listed twice, in lines {first} and {number}",
                where=where,
                hint="remove one of the lines",
            )
        packages[package.name] = package
        lines[package.url] = number
        if package.subdir not in {"noarch", platform}:
            if platform:
                raise SpecError(
                    f"{package.fn} is for {package.subdir[:80]}, and the list for {platform}",
                    where=where,
                    hint="a list is for one platform",
                )
            platform = package.subdir
        if secret := split_credentials(line.partition("#")[0]).secret:
            secrets[package.channel.rstrip("/")] = secret.rsplit("/", 2)[0]
    return ExplicitList(
        source=source,
        platform=platform,
        packages=tuple(packages.values()),
        lines=lines,
        secrets=secrets,
    )


def _read_line(line: str, where: str) -> LockedPackage:
    text, _, digest = line.partition("#")
    text = text.strip()
    if "://" not in text:  # CEP 23: expanded as in a shell
        text = os.path.expandvars(os.path.expanduser(text))
    found = _DIGEST.fullmatch(digest.strip())
    if found is None:
        raise SpecError(
            f"{digest.strip()[:80]!r} is not a digest",
            where=where,
            hint="after '#' write 32 (md5) or 64 (sha256) lowercase hexadecimal digits (CEP 23)",
        )
    url = clean_url(text, Path.cwd())
    return bare_package(url, found["sha256"] or "", md5=found["md5"], where=where)


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
