"""Which micromamba an exported script has inside: a release, with the digest for each platform."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

from sealenv.bootstrap.rebuild import PinnedMicromamba
from sealenv.bootstrap.releases import Releases, asset, parse_version
from sealenv.errors import EngineError, UsageError

__all__ = ["digests_of_files", "pin_release"]

_DIGEST = re.compile(r"(?:([a-z]+-[a-z0-9]+)=)?(?:sha256:)?([0-9a-fA-F]{64})", re.ASCII)


def digests_of_files(
    digests: Sequence[str], given: Sequence[str], platforms: int
) -> tuple[dict[str, str], list[str]]:
    """Those for executables that were given as files, by subdir; and those that are left, for a release.

    Args:
        digests: HEX, where there is one platform, or SUBDIR=HEX.
        given: the platforms for which there is a file.
        platforms: how many there are altogether.
    """
    files: dict[str, str] = {}
    left = []
    for text in digests:
        found = _DIGEST.fullmatch(text.strip())
        platform = found[1] if found else None
        if found and platform is None and platforms == len(given) == 1:
            platform = given[0]
        if found and platform is not None and platform in given:
            files[platform] = found[2].lower()
        else:
            left.append(text)
    return files, left


def pin_release(
    version: str | None, digests: Sequence[str], platforms: Sequence[str], *, all_known: bool = True
) -> PinnedMicromamba:
    """The release and its digests, from what was given and the table that is shipped.

    Args:
        version: VERSION-BUILD or VERSION; the table's default without it.
        digests: HEX, where there is one platform, or SUBDIR=HEX.
        platforms: those that the script is for.
        all_known: every platform must have a digest.

    Raises:
        UsageError: what was given cannot be meant.
        EngineError: the release is known to be bad, or the digest for a platform is not known.
    """
    table = Releases.read()
    release = parse_version(version or table.default)
    number = release.rpartition("-")[0]
    for pattern, reason in table.known_bad.items():
        if fnmatch.fnmatchcase(number, pattern):
            raise EngineError(
                f"micromamba {number} is known to be bad: {reason}",
                hint=f"use another release, such as {table.default}",
            )
    known = {p: d for p, d in table.sha256.get(release, {}).items() if p in platforms}
    for text in digests:
        found = _DIGEST.fullmatch(text.strip())
        if not found or (found[1] is None and len(platforms) != 1):
            raise UsageError(
                f"--micromamba-sha256 {text}: give 64 hexadecimal digits, or SUBDIR=DIGEST",
                details=[f"platforms: {', '.join(platforms)}"] if platforms else [],
            )
        platform = found[1] or platforms[0]
        if platform not in platforms:
            raise UsageError(f"--micromamba-sha256 {text}: {platform} is not among the platforms")
        known[platform] = found[2].lower()
    missing = [platform for platform in platforms if platform not in known]
    if missing and all_known:
        raise EngineError(
            f"the digest of micromamba {release} is not known for {', '.join(missing)}",
            hint="give it with --micromamba-sha256; beside the release it is in "
            f"{asset(missing[0])}.sha256",
        )
    return PinnedMicromamba(release, known)
