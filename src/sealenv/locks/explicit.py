"""`@EXPLICIT` lists (CEP 23): one address a line, with the digest behind `#`."""

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

__all__ = ["ExplicitEntry", "ExplicitList", "bare_package", "read_explicit", "write_explicit"]

_LINE = re.compile(r"(?P<url>[^#]+)(#(?P<digest>.*))?")
_DIGEST = re.compile(r"(?P<md5>[0-9a-f]{32})|(sha256:)?(?P<sha256>[0-9a-f]{64})")
_PLATFORM = re.compile(r"#\s*platform:\s*([a-z0-9-]+)\s*")


class ExplicitEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line."""

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
        """The channel that the address lies in, with a slash at its end."""
        return self.url.rpartition("/")[0].rpartition("/")[0] + "/"

    @property
    def subdir(self) -> str:
        """The folder in the channel."""
        return folder_name(self.url)

    @property
    def place(self) -> str:
        """`subdir/file name`, without percent signs: what a channel's index knows it by."""
        return f"{self.subdir}/{self.fn}"


class ExplicitList(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it stands; digests may be md5, or missing."""

    source: str
    platform: str | None
    """As a comment says, or the folders of the addresses; None where all are noarch."""
    entries: tuple[ExplicitEntry, ...]
    secrets: dict[str, str] = {}
    """Clean channel URL -> the same with the credentials that were in the list. Never written."""

    @property
    def unverified(self) -> tuple[ExplicitEntry, ...]:
        """The lines without sha256."""
        return tuple(e for e in self.entries if e.sha256 is None)

    def lock_file(self, platform: str, *, strict: bool = True) -> LockFile:
        """The list as a lock; `platform` where the list does not say it.

        Args:
            platform: see above.
            strict: each package must have a sha256; to compare lists needs none.

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
    url: str,
    sha256: str,
    *,
    where: str,
    md5: str | None = None,
    size: int | None = None,
    subdir: str | None = None,
) -> LockedPackage:
    """A package of which no more is known than its file; its record says no more either.

    Args:
        url: its address.
        sha256: its digest; empty where it is not known, and nothing will be fetched.
        where: what to name in messages.
        md5: the other digest, where it is known.
        size: bytes, where they are known.
        subdir: what it is for; the folder's name without it.

    Raises:
        SpecError: the file is called like no package.
    """
    fn = file_name(url)
    dist = split_dist(fn)
    if dist is None:
        raise SpecError(
            f"{fn[:200]!r} is not a name of a package's file: name-version-build.conda or .tar.bz2",
            where=where,
            hint="mend the line",
        )
    name, version, build = dist
    folder = url.rpartition("/")[0]
    record = {"name": name.lower(), "version": version, "build": build, "sha256": sha256}
    record["subdir"] = folder_name(url) if subdir is None else subdir
    if md5:
        record["md5"] = md5
    package = LockedPackage(
        url=url,
        channel=folder.rpartition("/")[0] + "/",
        fn=fn,
        sha256=sha256,
        size=size,
        record=record,
    )
    if fault := check_package(package, digest=bool(sha256)):
        raise SpecError(fault, where=where, hint="mend the line")
    return package


def read_explicit(text: str, source: str, base: Path | None = None) -> ExplicitList:
    """Read a list.

    Args:
        text: the content.
        source: what to call it in messages.
        base: where relative paths start; the working directory without it (CEP 23).

    Raises:
        SpecError: a line is not an address of a package, with its number and the reason.
    """
    from sealenv.urls import split_credentials

    entries: list[ExplicitEntry] = []
    names: dict[str, int] = {}
    secrets: dict[str, str] = {}
    said: tuple[str, int] | None = None
    for number, raw in enumerate(lines_of(text), 1):
        line = raw.strip()
        comment = _PLATFORM.fullmatch(line)
        if comment:
            said = said or (comment.group(1), number)
        if not line or line.startswith("#") or line == "@EXPLICIT":
            continue
        entry = _entry(line, f"{source}:{number}:1", number, base or Path.cwd())
        name = (split_dist(entry.fn) or ("",))[0]
        if name in names:
            raise SpecError(
                f"{name} is there twice, in lines {names[name]} and {number}",
                where=f"{source}:{number}:1",
                hint="one environment holds one of each",
            )
        names[name] = number
        secret = split_credentials(line.partition("#")[0]).secret
        if secret:
            secrets[entry.channel.rstrip("/")] = secret.rpartition("/")[0].rpartition("/")[0]
        entries.append(entry)
    platform = said[0] if said else None
    for entry in entries:
        if entry.subdir == "noarch":
            continue
        platform = platform or entry.subdir
        if entry.subdir != platform:
            why = f", and line {said[1]} says {platform}" if said else f", others for {platform}"
            raise SpecError(
                f"{entry.fn} is for {entry.subdir[:80]}{why}",
                where=f"{source}:{entry.line}:1",
                hint="one list is one environment for one platform",
            )
    return ExplicitList(
        source=source,
        platform=platform,
        entries=tuple(entries),
        secrets=secrets,
    )


def _entry(line: str, where: str, number: int, base: Path) -> ExplicitEntry:
    match = _LINE.fullmatch(line)
    if match is None:
        raise SpecError("the line is not an address", where=where, hint="mend the line")
    text = match["url"].strip()
    if "://" not in text:  # CEP 23: as the shell would have it
        text = os.path.expandvars(os.path.expanduser(text))
    url = clean_url(text, base)
    if fault := check_url(url):
        raise SpecError(fault, where=where, hint="mend the line")
    if split_dist(file_name(url)) is None:
        raise SpecError(
            f"{file_name(url)[:200]!r} is not a name of a package's file",
            where=where,
            hint="each line is an address that ends with name-version-build.conda or .tar.bz2 (CEP 23)",
        )
    digest = match["digest"]
    if digest is None:
        return ExplicitEntry(url=url, line=number)
    found = _DIGEST.fullmatch(digest.strip())
    if found is None:
        raise SpecError(
            f"{digest.strip()[:80]!r} is not a digest",
            where=where,
            hint="behind '#' stand 32 (md5) or 64 (sha256) hexadecimal digits, lower case (CEP 23)",
        )
    return ExplicitEntry(url=url, md5=found["md5"], sha256=found["sha256"], line=number)


def write_explicit(lock: Lock, comments: Iterable[str] = ()) -> str:
    """The list for a lock, dependencies before dependents, each with its sha256.

    Args:
        lock: what to write; its wheels have no place here.
        comments: lines for the head, without `#`.
    """
    lines = [
        *(f"# {line}" for line in comments),
        f"# platform: {lock.platform}",
        "@EXPLICIT",
        *(f"{p.url}#{p.sha256}" for p in lock.packages),
    ]
    return "\n".join([*lines, ""])
