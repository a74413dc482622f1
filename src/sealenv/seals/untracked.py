"""Untracked files: harmless data, code that something would run, and what conda and mamba leave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sealenv.layout import CONDARC, META, is_windows
from sealenv.seals.findings import Finding

__all__ = ["is_code", "is_leftover", "may_change", "untracked"]

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
_CODE = re.compile(
    # Folders of scripts and libraries, and of what activation sources.
    rf"(bin|sbin|lib|lib64|libexec|condabin|etc/conda|etc/sealenv|{META})/.*|(.*/)?site-packages/.*|"
    # What Python and conda read in the folder of the environment itself.
    r"pyvenv\.cfg|\.?condarc(\.d/.*)?|\.mambarc",
)
_WINDOWS_CODE = re.compile(
    # Windows: the folder of the environment is on PATH and on Python's path.
    r"(scripts|library|lib|dlls)/.*|[^/]*\.(py|pyc|pyd|pth|_pth|dll|exe|com|bat|cmd|ps1)",
    re.IGNORECASE,
)


def may_change(path: str) -> bool:
    """Tell whether conda, mamba or the user write this file in ordinary use.

    The history grows with each transaction, `conda env config vars` writes `state`, `conda config --env`
    writes `.condarc`. Their effects, changed packages or activation scripts, are other findings.
    """
    return path in _CHANGING


def is_leftover(path: str) -> bool:
    """Tell whether conda, mamba, pixi or rattler leave such a file in any environment.

    New records are changes of packages. `.c~` and trash were files in use when conda or mamba deleted
    them.
    """
    return (path in _CHANGING and path != CONDARC) or _LEFTOVER.fullmatch(path) is not None


def is_code(path: str, platform: str) -> bool:
    """Tell whether Python, conda or a shell would use a file with this path."""
    if _CODE.fullmatch(path):
        return True
    return is_windows(platform) and _WINDOWS_CODE.fullmatch(path) is not None


def untracked(paths: Iterable[str], known: Iterable[str], platform: str) -> Iterator[Finding]:
    """Return a finding for each untracked file, or for each folder that holds nothing else.

    Args:
        paths: untracked files and links.
        known: every other path.
        platform: the subdir of the environment.
    """
    folders = set()
    for path in known:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    counts: dict[tuple[str, str], int] = {}
    for path in paths:
        kind = "untracked-code" if is_code(path, platform) else "untracked"
        key = kind, _highest(path, folders)
        counts[key] = counts.get(key, 0) + 1
    for (kind, path), count in sorted(counts.items(), key=lambda item: item[0][1]):
        detail = f"{count} file{'s' * (count != 1)}" if path.endswith("/") else ""
        yield Finding(kind, path, None, detail)


def _highest(path: str, folders: set[str]) -> str:
    """Return the highest folder above a path that is not among these, with `/`; else the path."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        folder = "/".join(parts[:end])
        if folder not in folders:
            return f"{folder}/"
    return path
