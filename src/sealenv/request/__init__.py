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
    """Return the text as on the command line: a path object becomes an absolute path."""
    text = os.fspath(what)
    return text if isinstance(what, str) else os.path.abspath(text)


def prefix_of(env: StrPath) -> Path:
    """Return the environment that an argument names.

    Raises:
        NotFoundError: there is none.
        UsageError: an empty name.
    """
    from sealenv.locations import find

    return find(named(env))


def optional_path(path: StrPath | None) -> Path | None:
    """Return the path of a file, or None."""
    return None if path is None else Path(path)


def several(what: StrPath | Sequence[StrPath]) -> tuple[StrPath, ...]:
    """Return a tuple of one text or path, or of several."""
    return (what,) if isinstance(what, str | os.PathLike) else tuple(what)


def words(given: Sequence[str]) -> tuple[str, ...]:
    """Return a tuple of texts; a text alone is one, not a sequence of letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def no_environments(environment: str) -> UsageError:
    """Return the error for `--environment` without a pixi.lock."""
    return UsageError(
        f"--environment {environment}: only a pixi.lock has several",
        hint="leave it out, or name the file with -f",
    )
