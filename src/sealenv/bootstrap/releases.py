"""Releases of micromamba: the one that scripts use, and the digests of its executables.

`releases.json` is edited by hand. Add a digest only if independent sources agree on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.errors import EngineError, UsageError

__all__ = [
    "SUBDIRS",
    "WANTED",
    "PinnedMicromamba",
    "Releases",
    "asset",
    "check_version",
    "parse_digests",
    "parse_version",
    "pin_release",
]


SUBDIRS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")
"""The platforms of the table, and so of the scripts."""
_TABLE = Path(__file__).with_name("releases.json")
_VERSION = re.compile(r"\d[0-9A-Za-z.]{0,20}-\d{1,4}", re.ASCII)
_DIGEST = re.compile(r"(?:([a-z]+-[a-z0-9]+)=)?(?:sha256:)?([0-9a-fA-F]{64})", re.ASCII)


@dataclass(frozen=True)
class Releases:
    """The table.

    Attributes:
        default: VERSION-BUILD of the release that the scripts use.
        sha256: VERSION-BUILD, then the subdir, then the digest of the executable.
    """

    default: str
    sha256: dict[str, dict[str, str]]

    @classmethod
    def read(cls) -> Releases:
        """The table that is shipped."""
        return cls(**json.loads(_TABLE.read_text(encoding="ascii")))


@dataclass(frozen=True)
class PinnedMicromamba:
    """Which micromamba an exported script uses.

    Attributes:
        version: VERSION-BUILD of the release that it is downloaded from.
        sha256: the digest of the executable, by subdir.
    """

    version: str
    sha256: Mapping[str, str] = field(default_factory=dict)


def parse_version(text: str) -> str:
    """VERSION-BUILD as releases are tagged; `-0` is added to a version without a build.

    Raises:
        UsageError: it is anything else.
    """
    version = text if "-" in text else f"{text}-0"
    if not _VERSION.fullmatch(version):
        raise UsageError(
            f"{text!r} is not a release of micromamba", hint="write it like 2.8.1-1 or 2.8.1"
        )
    return version


def asset(subdir: str) -> str:
    """The file name of the executable; its digest is published in the same name with `.sha256`."""
    return f"micromamba-{subdir}"


def pin_release(
    version: str | None, digests: Mapping[str, str], platforms: Sequence[str]
) -> PinnedMicromamba:
    """The release and its digests, from the arguments and the table.

    Args:
        version: VERSION-BUILD or VERSION; without it, the default of the table.
        digests: subdir -> digest, in addition to the table or instead of it.
        platforms: those that the script is for.

    Raises:
        UsageError: the version is malformed.
        EngineError: the digest for a platform is not known.
    """
    table = Releases.read()
    release = parse_version(version or table.default)
    known = {**table.sha256.get(release, {}), **digests}
    missing = [platform for platform in platforms if platform not in known]
    if missing:
        raise EngineError(
            f"the digest of micromamba {release} is not known for {', '.join(missing)}",
            hint="give it with --micromamba-sha256; the release publishes it in "
            f"{asset(missing[0])}.sha256",
        )
    return PinnedMicromamba(release, {platform: known[platform] for platform in platforms})


def parse_digests(digests: Sequence[str], platforms: Sequence[str]) -> dict[str, str]:
    """Subdir -> digest, from HEX (for a single platform) or SUBDIR=HEX.

    Raises:
        UsageError: a digest is malformed, or for no platform of these.
    """
    found = {}
    for text in digests:
        match = _DIGEST.fullmatch(text.strip())
        if not match or (match[1] is None and len(platforms) != 1):
            raise UsageError(
                f"--micromamba-sha256 {text}: give 64 hexadecimal digits, or SUBDIR=DIGEST",
                details=[f"platforms: {', '.join(platforms)}"] if platforms else [],
            )
        platform = match[1] or platforms[0]
        if platform not in platforms:
            raise UsageError(f"--micromamba-sha256 {text}: {platform} is not among the platforms")
        found[platform] = match[2].lower()
    return found


WANTED = "micromamba >=2.1.0,!=2.6.*"
"""The MatchSpec for a channel's own micromamba."""


def check_version(version: str) -> None:
    """Refuse a version with a known defect (read in mamba's sources and change log).

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
            hint="use another version, such as 2.8.1",
        )


def _number(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.?(\d+)?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)
