"""conda-meta/history in conda's own format, so that `--from-history` and `--revisions` are right.

The format is what conda 26's `conda/history.py` reads: a header with the time, `# cmd:` and
`# update specs:` comments, one `+channel/subdir::name-version-build` line per package.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from sealenv._version import __version__
from sealenv.host.files import write_atomic
from sealenv.layout import HISTORY
from sealenv.lock import Lock
from sealenv.urls import redact

__all__ = ["write_history"]


def write_history(
    prefix: Path, lock: Lock, requested: Sequence[str], command: str, now: dt.datetime
) -> None:
    """Write the first revision.

    Args:
        prefix: the prefix.
        lock: what was linked.
        requested: the MatchSpecs that were asked for.
        command: how it was asked for; credentials and line breaks are taken out.
        now: the time of the revision.
    """
    lines = [
        f"==> {now:%Y-%m-%d %H:%M:%S} <==",
        f"# cmd: {' '.join(redact(command).split())}",
        f"# sealenv version: {__version__}",
        *(
            f"+{p.channel.rstrip('/')}/{p.subdir}::{p.dist}"
            for p in sorted(lock.packages, key=lambda p: p.name)
        ),
        f"# update specs: {list(requested)!r}",
        "",
    ]
    write_atomic(prefix / HISTORY, "\n".join(lines).encode())
