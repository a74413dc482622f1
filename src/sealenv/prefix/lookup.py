"""Which environment is meant.

Little is imported: `run` passes through here before anything else.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.errors import NotFoundError, UsageError
from sealenv.layout import State, state_of
from sealenv.locations import resolve_env

__all__ = ["find"]


def find(env: str, environ: Mapping[str, str] | None = None) -> Path:
    """The prefix that ENV (a name or a path) stands for.

    Raises:
        NotFoundError: with every place that was looked at.
        UsageError: it is empty.
    """
    if not env:
        raise UsageError("an empty environment name", hint="name one; `sealenv list` shows them")
    path, looked = resolve_env(env, environ)
    if path is None or state_of(Path(path)) not in _THERE:
        raise NotFoundError(
            f"there is no environment {env!r}" if path is None else "this is not an environment",
            where=path,
            details=[] if path else [f"looked at {p}" for p in looked],
            hint=_hint(env, looked) if path is None else _LIST,
        )
    return Path(path)


_THERE = (State.PENDING, State.SEALED, State.FOREIGN)
_LIST = "sealenv list shows what there is; a path works too"


def _hint(env: str, looked: Sequence[str]) -> str:
    """What may have been meant: a folder here, an environment with a version behind the name."""
    here = os.path.join(".", env)
    if os.path.isdir(here):
        return f"there is a folder here: name it {here}"
    names = set()
    for folder in {os.path.dirname(path) for path in looked}:
        with contextlib.suppress(OSError):
            names |= {e.name for e in os.scandir(folder) if state_of(Path(e.path)) in _THERE}
    from sealenv.naming import shown

    near = sorted(name for name in names if name.startswith(f"{env}_"))
    if not near:
        from difflib import get_close_matches

        near = get_close_matches(env, sorted(names), n=3)
    return f"did you mean {' or '.join(map(shown, near[:3]))}? {_LIST}" if near else _LIST
