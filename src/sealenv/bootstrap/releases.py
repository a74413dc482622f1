"""Releases of micromamba: the one that is used by default, the bad ones, the digests that were verified.

`releases.json` is edited by `python -m sealenv.bootstrap pin` and by hand. A digest is in it only when
somebody compared it with a download; what could not be verified is not there, and then the scripts
trust the release's own .sha256 on first use.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.host.files import write_atomic

__all__ = ["BASE_URL", "SUBDIRS", "TABLE", "Releases", "asset", "parse_version"]

BASE_URL = "https://github.com/mamba-org/micromamba-releases/releases"
SUBDIRS = ("linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64")
"""What upstream publishes."""
TABLE = Path(__file__).with_name("releases.json")
_VERSION = re.compile(r"\d[0-9A-Za-z.]{0,20}-\d{1,4}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Releases:
    """The table.

    Attributes:
        default: VERSION-BUILD of the release that the scripts take.
        known_bad: version, or a pattern such as `2.6.*`, and the reason.
        sha256: VERSION-BUILD, then the subdir, then the digest of the bare executable.
    """

    default: str
    known_bad: dict[str, str]
    sha256: dict[str, dict[str, str]]

    @classmethod
    def read(cls, path: Path = TABLE) -> Releases:
        """The table in a file.

        Raises:
            UsageError: something in it cannot be written into a script.
        """
        fields = json.loads(path.read_text(encoding="utf-8"))
        table = cls(fields["default"], fields["known_bad"], fields["sha256"])
        parse_version(table.default)
        for version, digests in table.sha256.items():
            parse_version(version)
            for subdir, digest in digests.items():
                if subdir not in SUBDIRS or not _DIGEST.fullmatch(digest):
                    raise UsageError(f"no digest of a release: {subdir} {digest}", where=str(path))
        for pattern, reason in table.known_bad.items():
            if not re.fullmatch(r"[0-9.]+\*?", pattern) or not re.fullmatch(
                r"[\w .,:;()@#-]+", reason, re.ASCII
            ):
                raise UsageError(
                    f"this cannot be written into a script: {pattern!r}: {reason!r}",
                    where=str(path),
                    hint="a version or 2.6.*; letters, digits and .,:;()@#- in the reason",
                )
        return table

    def write(self, path: Path = TABLE) -> None:
        """Replace the table in a file."""
        fields = {"default": self.default, "known_bad": self.known_bad, "sha256": self.sha256}
        write_atomic(path, (json.dumps(fields, indent=1) + "\n").encode(), mode=0o644)


def parse_version(text: str) -> str:
    """VERSION-BUILD as releases are tagged; `-0` is added where there is no build.

    Raises:
        UsageError: it is anything else.
    """
    version = text if "-" in text else f"{text}-0"
    if not _VERSION.fullmatch(version):
        raise UsageError(
            f"{text!r} is no release of micromamba", hint="write it like 2.8.1-1 or 2.8.1"
        )
    return version


def asset(subdir: str) -> str:
    """The file name of the bare executable; its digest is in the same name with `.sha256`."""
    return f"micromamba-{subdir}"
