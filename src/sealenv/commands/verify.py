"""`verify`: compare an environment with what was sealed."""

from __future__ import annotations

from sealenv.progress import QUIET, Reporter
from sealenv.request.arguments import StrPath, prefix_of
from sealenv.seals.findings import Report
from sealenv.seals.verify import verify as compare

__all__ = ["verify"]


def verify(
    env: StrPath, *, fast: bool = False, tree: bool = True, reporter: Reporter = QUIET
) -> Report:
    """Compare everything in an environment with what was sealed. Nothing is written.

    Args:
        env: a name or a path.
        fast: read only files whose size, time, inode or mode has changed.
        reporter: is told how far it is.

    Returns:
        what was found; `damaged` says whether any of it is damage.

    Raises:
        NotFoundError: there is no such environment.
        FilesystemError: a folder cannot be read.
    """
    return compare(prefix_of(env), fast=fast, tree=tree, reporter=reporter)
