"""What a move is asked for, and what it says that it did."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from sealenv.fields import AbsolutePath, InPrefix, Seconds, one_of
from sealenv.install.check import CheckReport
from sealenv.relocation.changes import Left

__all__ = ["MoveOptions", "Moved"]

HOW = ("renamed", "copied", "mended", "unchanged")


@dataclass(frozen=True)
class MoveOptions:
    """How.

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
    """What was done.

    Attributes:
        prefix: where it is now; where it would be, with `dry_run`.
        was: the place that its files held.
        how: `renamed`, `copied`, `mended` (it lay there already), or `unchanged`.
        mended: the files that were mended, relative to the prefix.
        left: what holds the old place and keeps it.
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
    left: tuple[Left, ...] = ()
    unsigned: tuple[InPrefix, ...] = ()
    checked: bool = False
    check: CheckReport | None = None
    original: bool = False
    dry_run: bool = False
    seconds: Seconds = field(default_factory=dict)
