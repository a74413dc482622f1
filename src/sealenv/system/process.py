"""Child processes that see nothing of the user's environments and leave no trace."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

__all__ = ["clean_home", "run_quietly"]


@contextlib.contextmanager
def clean_home() -> Iterator[Path]:
    """A HOME of its own for programs of packages; it is gone afterwards, with what they left."""
    with tempfile.TemporaryDirectory(prefix="sealenv-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def run_quietly(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float | None = None,
    keep_fd: int | None = None,
    text_input: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run to the end with captured output and nothing on stdin.

    Args:
        argv: program and arguments.
        env: its whole environment.
        cwd: its folder.
        timeout: seconds, None for none.
        keep_fd: a descriptor that the child inherits: the prefix's lock lives as long as it does.
        text_input: what it reads on stdin.

    Raises:
        subprocess.TimeoutExpired: it was killed.
    """
    return subprocess.run(
        list(argv),
        env=dict(env),
        cwd=cwd,
        timeout=timeout,
        input=text_input,
        stdin=subprocess.DEVNULL if text_input is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        pass_fds=(keep_fd,) if keep_fd is not None and os.name == "posix" else (),
    )
