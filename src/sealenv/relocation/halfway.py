"""What is said when a move or a clone ends half way: where the environment is, and what to run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sealenv.errors import InterruptedMoveError, RecordError, SealenvError, from_oserror
from sealenv.layout import MOVING
from sealenv.seals.seal import read_seal
from sealenv.spec.model import current_platform

__all__ = ["cut_short", "half_made", "half_mended", "was_cut_short"]


def was_cut_short(prefix: Path) -> bool:
    """Whether a move of this environment was ended before it had run at its new place."""
    if os.path.lexists(prefix / MOVING):
        return True
    try:
        seal = read_seal(prefix)
    except RecordError:
        return False
    return not seal.checked and seal.platform == current_platform()


@contextlib.contextmanager
def cut_short(where: str, hint: str) -> Iterator[None]:
    """While something is half done: Ctrl-C says where, and what is next.

    Raises:
        InterruptedMoveError: Ctrl-C.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedMoveError("interrupted", where=where, hint=hint) from None


@contextlib.contextmanager
def half_mended(where: str, hint: str) -> Iterator[None]:
    """While files are being mended: what goes wrong gets this as what to do next.

    Raises:
        InterruptedMoveError: Ctrl-C.
    """
    with cut_short(where, hint):
        try:
            yield
        except SealenvError as error:
            error.hint = hint
            raise


@contextlib.contextmanager
def half_made(where: str, hint: str) -> Iterator[None]:
    """While the target is pending: likewise.

    Raises:
        FilesystemError: for what the operating system says.
        InterruptedMoveError: Ctrl-C.
    """
    with half_mended(where, hint):
        try:
            yield
        except OSError as error:
            raise from_oserror(error) from error
