"""Which micromamba: the versions that work, where the releases lie, and what the user may name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from sealenv.bootstrap.releases import BASE_URL, Releases, parse_version
from sealenv.errors import EngineError, UsageError
from sealenv.spec import current_platform

__all__ = [
    "PUBLISHED",
    "WANTED",
    "MicromambaSource",
    "check_version",
    "choose_source",
    "release_url",
    "skips_link_scripts",
]

_MIRROR = "SEALENV_MICROMAMBA_URL"
WANTED = "micromamba >=2.1.0,!=2.6.*"
"""What is asked of a channel; the newest one comes."""
PUBLISHED = "published"

_VERSION = re.compile(r"\d+\.\d+\.\d+[0-9A-Za-z.]*(-\d+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class MicromambaSource:
    """Where the executable comes from: a file, a release, or (neither) the channel's own package.

    Attributes:
        path: an executable of this machine.
        version: `2.8.1` or, for a release, `2.8.1-0`.
        sha256: what the executable must have; `published` takes what lies beside the release.
    """

    path: str | None = None
    version: str | None = None
    sha256: str | None = None

    @property
    def is_release(self) -> bool:
        """Whether it is downloaded from the releases."""
        return self.path is None and self.sha256 is not None


def choose_source(which: str | None, sha256: str | None) -> MicromambaSource:
    """What `--micromamba` and `--micromamba-sha256` mean together.

    A version alone is looked for in the channel, whose index has its digest. A version with a digest,
    or with a build (`2.8.1-1`), is a release. Anything else is a path.

    Raises:
        UsageError: they cannot be meant.
    """
    digest = sha256.strip().lower().removeprefix("sha256:") if sha256 is not None else None
    if digest is not None and digest != PUBLISHED and not _SHA256.fullmatch(digest):
        raise UsageError(
            f"--micromamba-sha256 {sha256}: not a sha256",
            hint=f"give 64 hexadecimal digits, or `{PUBLISHED}` (which trusts the place itself)",
        )
    if which is None:
        if digest is not None:
            raise UsageError(
                "a digest of no micromamba",
                hint="name the version or the file too: --micromamba 2.8.1",
            )
        return MicromambaSource()
    if _VERSION.fullmatch(which):
        check_version(which)
        if "-" in which and digest is None:
            digest = _pinned().get(which, {}).get(current_platform())
            if digest is None:
                raise UsageError(
                    f"the digest of release {which} is not known here",
                    hint=f"give it: --micromamba-sha256 HEX; `{PUBLISHED}` takes what lies beside "
                    "the release; a version without -BUILD is looked for in the channel",
                )
        return MicromambaSource(version=which, sha256=digest)
    if digest == PUBLISHED:
        raise UsageError(
            "a file of this machine has no published digest",
            where=which,
            hint="leave --micromamba-sha256 out, or give the digest itself",
        )
    path = os.path.abspath(os.path.expanduser(which))
    if not which or not os.path.isfile(path):
        plain = os.path.basename(which) == which
        raise UsageError(
            f"--micromamba {which}: neither a version nor a file"
            if plain
            else "no such micromamba",
            where=None if plain else path,
            hint="give a version such as 2.8.1, or the path of the executable",
        )
    return MicromambaSource(path=path, sha256=digest)


def release_url(version: str, platform: str) -> str:
    """The address of a released executable; `SEALENV_MICROMAMBA_URL` names a mirror."""
    base = (os.environ.get(_MIRROR) or BASE_URL).rstrip("/")
    return f"{base}/download/{parse_version(version)}/micromamba-{platform}"


def check_version(version: str) -> None:
    """Refuse a version that cannot do what is asked of it (read in mamba's sources and change log).

    Raises:
        EngineError: with the reason.
    """
    number = _number(version)
    reason = None
    if number < (2, 1):
        reason = "it does not check sha256 in an explicit list (that came with 2.1.0)"
    elif number[:2] == (2, 6):
        reason = (
            "it does not find archives in its own cache when it is offline (mamba #4250), and "
            "its paths are too long for Windows (#4275)"
        )
    if reason:
        raise EngineError(
            f"micromamba {version} cannot be used here: {reason}",
            hint="use another version, such as 2.8.1 (--micromamba 2.8.1), or --engine rattler",
        )


def skips_link_scripts(version: str) -> bool:
    """Whether it has `--skip-run-link-scripts` (mamba #4325, after 2.8.1)."""
    return _number(version) >= (2, 9)


def _pinned() -> dict[str, dict[str, str]]:
    """version-build -> subdir -> sha256: the one table, which the standalone scripts carry too."""
    return Releases.read().sha256


def _number(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.?(\d+)?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
