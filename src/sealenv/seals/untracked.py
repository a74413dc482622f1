"""Untracked files, and files that the use of an environment leaves behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sealenv.layout import CONDARC, META
from sealenv.seals.findings import Finding

__all__ = ["group", "is_leftover", "may_change"]

_CHANGING = frozenset(
    (
        CONDARC,
        *(
            f"{META}/{name}"
            for name in ("history", "state", "frozen", "pinned", "initial-state.explicit.txt")
        ),
    )
)
_LEFTOVER = re.compile(
    rf"{META}/(sealenv\.bootstrap|pixi|pixi_env_prefix|created_at|\.condapackageignore|[^/]+\.json)|"
    r"CACHEDIR\.TAG|\.messages\.txt|\.nonadmin|.*\.c~|.*\.conda_trash(_\d+)?|.*\.mamba_trash(\.txt)?"
)


def may_change(path: str) -> bool:
    """Tell whether conda, mamba or the user write this file as a matter of course.

    History grows with each transaction, `conda env config vars` writes `state`, `conda config --env`
    writes `.condarc`. What follows, changed packages or activation scripts, are other findings.
    """
    return path in _CHANGING


def is_leftover(path: str) -> bool:
    """Tell whether conda, mamba, pixi or rattler leave such a file in any environment.

    New records are changes of packages. `.c~` and trash were files in use when conda or mamba deleted
    them.
    """
    return path in _CHANGING or _LEFTOVER.fullmatch(path) is not None


def group(paths: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    """Return a finding for each file, or for each folder with nothing known in it.

    Args:
        paths: untracked files and links.
        known: every path that is known.
    """
    folders = set()
    for path in known:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    counts: dict[str, int] = {}
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if folder not in folders:
                counts[f"{folder}/"] = counts.get(f"{folder}/", 0) + 1
                break
        else:
            counts[path] = 1
    for path, count in sorted(counts.items()):
        detail = f"{count} file{'s' * (count != 1)}" if path.endswith("/") else ""
        yield Finding("untracked", path, None, detail)
