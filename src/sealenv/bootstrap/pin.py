"""The maintainer's command that fills the table of digests: from downloads, never from hearsay."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sealenv.bootstrap.releases import BASE_URL, SUBDIRS, TABLE, Releases, asset, parse_version
from sealenv.errors import DigestError, FetchError

__all__ = ["pin"]

_PIECE = 1 << 20


def pin(
    version: str,
    *,
    base: str = BASE_URL,
    subdirs: Iterable[str] = SUBDIRS,
    table: Path = TABLE,
    say: Callable[[str], None] = print,
) -> None:
    """Download each executable of a release and its .sha256, compare, and write what agrees.

    A digest that is in the table already has to be the same: a release that changed is news, and
    nothing is written then.

    Args:
        version: VERSION-BUILD, or VERSION for build 0.
        base: the address of the releases; a mirror proves nothing about upstream.
        subdirs: which platforms.
        table: the file with the table.
        say: gets a line for each platform.

    Raises:
        UsageError: no release is called so.
        FetchError: a download failed.
        DigestError: a digest is missing, or is not that of the download or of the table.
    """
    version = parse_version(version)
    releases = Releases.read(table)
    found = dict(releases.sha256.get(version, {}))
    for subdir in subdirs:
        url = f"{base}/download/{version}/{asset(subdir)}"
        digest = _sha256(url)
        promised = (_text(f"{url}.sha256").split() or [""])[0].lower()  # a file name may follow
        if promised != digest:
            raise DigestError(
                "the release's .sha256 is not the digest of its executable",
                where=url,
                details=[f"promised {promised or 'nothing'}", f"found    {digest}"],
                hint="nothing was written; ask upstream",
            )
        if found.setdefault(subdir, digest) != digest:
            raise DigestError(
                "the release has changed since it was pinned",
                where=url,
                details=[f"pinned {found[subdir]}", f"found  {digest}"],
                hint="nothing was written; do not use this release before you know why",
            )
        say(f"{version} {subdir} {digest}")
    pinned = dict(sorted({**releases.sha256, version: dict(sorted(found.items()))}.items()))
    Releases(releases.default, releases.known_bad, pinned).write(table)


def _sha256(url: str) -> str:
    digest = hashlib.sha256()
    with _open(url) as answer:
        try:
            while piece := answer.read(_PIECE):
                digest.update(piece)
        except (OSError, ValueError) as error:
            raise _failed(url, error) from error
    return digest.hexdigest()


def _text(url: str) -> str:
    with _open(url) as answer:
        return str(answer.read(1024).decode("ascii", "replace"))


def _open(url: str) -> Any:
    try:
        return urllib.request.urlopen(url, timeout=60)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise _failed(url, error) from error


def _failed(url: str, error: Exception) -> FetchError:
    return FetchError(f"the download failed: {error}", where=url, hint="check the network")
