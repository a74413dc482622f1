"""What the arguments of a command mean: text as on the command line, a path object as a path."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from sealenv.errors import UsageError

StrPath: TypeAlias = str | os.PathLike[str]
"""Text is a name or a path, as on the command line; a path object is always a path."""


def named(what: StrPath) -> str:
    """The text that a command would be given: `Path("env")` is `./env`, and no name."""
    text = os.fspath(what)
    return text if isinstance(what, str) else os.path.abspath(text)


def prefix_of(env: StrPath) -> Path:
    """The environment that an argument names.

    Raises:
        NotFoundError: there is none.
        UsageError: an empty name.
    """
    from sealenv.locations import find

    return find(named(env))


def optional_path(path: StrPath | None) -> Path | None:
    """A file, or none."""
    return None if path is None else Path(path)


def several(what: StrPath | Sequence[StrPath]) -> tuple[StrPath, ...]:
    """One or many, as many."""
    return (what,) if isinstance(what, str | os.PathLike) else tuple(what)


def words(given: Sequence[str]) -> tuple[str, ...]:
    """Texts; a text alone, which is a sequence too, is meant as one."""
    return (given,) if isinstance(given, str) else tuple(given)


def no_environments(environment: str) -> UsageError:
    """Return the error for `--environment` without a pixi.lock."""
    return UsageError(
        f"--environment {environment}: only a pixi.lock has several",
        hint="leave it out, or name the file with -f",
    )
