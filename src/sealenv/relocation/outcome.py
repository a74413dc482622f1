"""The options of a move, what a move or a clone did, and how it ends when it cannot go on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from sealenv.errors import InterruptedMoveError, SealenvError, from_oserror
from sealenv.fields import AbsolutePath, Count, InPrefix, Seconds, one_of
from sealenv.install.check import CheckReport

__all__ = ["Cloned", "Left", "MoveOptions", "Moved", "with_hint"]


@dataclass(frozen=True)
class Left:
    """A file that keeps the old path, and why."""

    path: InPrefix
    why: str


HOW = ("renamed", "copied", "mended", "unchanged")


@dataclass(frozen=True)
class MoveOptions:
    """How to move.

    Attributes:
        copy: copy, check and remove, also on one file system.
        force: even if programs run from it.
        override_frozen: a frozen one too (CEP 22).
        dry_run: search and check; change nothing.
        environ: the variables of this shell.
    """

    copy: bool = False
    force: bool = False
    override_frozen: bool = False
    dry_run: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True)
class Moved:
    """What `move` did.

    Attributes:
        prefix: where it is now; where it would be, with `dry_run`.
        was: the path that its files held.
        how: `renamed`, `copied`, `mended` (it was at that place already), or `unchanged`.
        mended: the files that were rewritten, relative to the prefix.
        deleted: compiled Python with the old path, which Python writes again.
        left: what holds the old path and keeps it.
        unsigned: programs that are to be signed on macOS.
        checked: whether it was run; false for another platform.
        check: what it said.
        original: an environment is still where this one was: it was copied by hand.
        dry_run: whether nothing was changed.
        seconds: how long each step took.
    """

    prefix: AbsolutePath
    was: str
    how: Annotated[str, one_of(HOW)]
    mended: tuple[InPrefix, ...] = ()
    deleted: tuple[InPrefix, ...] = ()
    left: tuple[Left, ...] = ()
    unsigned: tuple[InPrefix, ...] = ()
    checked: bool = False
    check: CheckReport | None = None
    original: bool = False
    dry_run: bool = False
    seconds: Seconds = field(default_factory=dict)


@dataclass(frozen=True)
class Cloned:
    """What `clone` made.

    Attributes:
        prefix: the new environment.
        of: the other one.
        linked: hard links between the two.
        copied: files that each has for itself.
        mended: of them, those that held the path.
        deleted: compiled Python with the path, which the new one does not have.
        left: what holds the path of the other one and keeps it.
        checked: whether it was run; false for another platform.
        check: what it said.
        seconds: how long each step took.
    """

    prefix: AbsolutePath
    of: AbsolutePath
    linked: Count
    copied: Count
    mended: tuple[InPrefix, ...]
    deleted: tuple[InPrefix, ...]
    left: tuple[Left, ...]
    checked: bool
    check: CheckReport | None
    seconds: Seconds = field(default_factory=dict)


@contextlib.contextmanager
def with_hint(where: Path, hint: str, *, interrupted_only: bool = False) -> Iterator[None]:
    """Say what to do next if the work in this block ends early.

    Args:
        where: the environment.
        hint: what to do next.
        interrupted_only: other errors have hints of their own.

    Raises:
        InterruptedMoveError: Ctrl-C.
        FilesystemError: for what the operating system says.
        SealenvError: what was raised, with this hint.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedMoveError("interrupted", where=str(where), hint=hint) from None
    except SealenvError as error:
        if not interrupted_only:
            error.hint = hint
        raise
    except OSError as error:
        raised = from_oserror(error)
        if not interrupted_only:
            raised.hint = hint
        raise raised from error
