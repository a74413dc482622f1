"""The findings of verify: what each kind means, how serious it is, and which files are untracked.

Untracked files are harmless data, code that something would run, or what conda and mamba leave.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sealenv.errors import PrefixError
from sealenv.fields import InPrefix, one_of
from sealenv.layout import CONDARC, META, is_windows
from sealenv.naming import shown

KINDS = {
    "missing": "a file of an unchanged package is missing",
    "altered": "a file does not have the sealed bytes, or those that its package's record lists",
    "wrong-type": "the path is not the kind it was: file, link or folder",
    "wrong-link": "a link has another target, or leads out of the environment",
    "wrong-mode": "the permission bits are not the sealed ones",
    "unreadable": "the path cannot be read",
    "untracked": "a file that no package installed: harmless",
    "untracked-code": "an untracked file in a place where Python, conda or a shell would use it",
    "stale-pyc": "a compiled file is truncated, or was edited",
    "unpatched": "a relocatable file contains an absolute path again",
    "added": "a package was added after sealing",
    "removed": "a package was removed after sealing",
    "changed": "a package was updated, downgraded or reinstalled, or variables changed",
    "record": "a record, the seal or the file table cannot be read, or names a path outside",
    "pending": "the environment was never finished",
    "moved": "the environment is not where it was made, or a move of it was interrupted",
    "fingerprint": "the fingerprint `packages` is not the expected one",
}
"""Every kind of finding (docs/how-to/verify.md)."""

CHANGES = ("added", "removed", "changed")
"""Kinds that make an environment modified: conda, mamba or pip changed a package, or variables."""
_HARMLESS = frozenset({*CHANGES, "untracked"})
STATES = ("sealed", "pending", "foreign", "moved", "unreadable")
"""Unreadable: its seal or its folder cannot be read."""
CONDITIONS = ("as made", "modified", "damaged")
"""Of a sealed or foreign environment."""


@dataclass(frozen=True)
class Finding:
    """One difference from the environment as it was made."""

    kind: Annotated[str, one_of(KINDS)]
    path: InPrefix
    """Relative to the prefix; an untracked folder ends with `/`."""
    package: str | None
    detail: str = ""

    @property
    def damage(self) -> bool:
        """Return whether it makes the environment damaged."""
        return self.kind not in _HARMLESS

    @property
    def change(self) -> bool:
        """Return whether it is a change of a package, or of variables: then `package` is None."""
        return self.kind in CHANGES


def condition_of(findings: Iterable[Finding]) -> str:
    """Return one of `CONDITIONS`."""
    findings = list(findings)
    if any(finding.damage for finding in findings):
        return "damaged"
    return "modified" if any(finding.change for finding in findings) else "as made"


def refuse_moved(prefix: Path, findings: Iterable[Finding]) -> None:
    """Refuse to write into an environment that was moved: its files contain the other path.

    Raises:
        PrefixError: a finding says that it was moved.
    """
    for finding in findings:
        if finding.kind == "moved":
            raise PrefixError(
                "this environment is not where it was made: its files contain the other path",
                where=str(prefix),
                details=[finding.detail],
                hint=f"fix it with: sealenv move --here {shown(str(prefix))}; or move it back",
            )


_FILES_OF_CONDA = ("history", "state", "frozen", "pinned", "initial-state.explicit.txt")
_CHANGING = frozenset({CONDARC, *(f"{META}/{name}" for name in _FILES_OF_CONDA)})
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
    """Return whether conda, mamba or the user write this file in ordinary use.

    The history grows with each transaction, `conda env config vars` writes `state`, `conda config --env`
    writes `.condarc`. Their effects, changed packages or activation scripts, are other findings.
    """
    return path in _CHANGING


def is_leftover(path: str) -> bool:
    """Return whether conda, mamba, pixi or rattler leave such a file in any environment.

    New records are changes of packages. `.c~` and trash were files in use when conda or mamba deleted
    them.
    """
    return (path in _CHANGING and path != CONDARC) or _LEFTOVER.fullmatch(path) is not None


def _is_code(path: str, platform: str) -> bool:
    """Return whether Python, conda or a shell would use a file with this path."""
    if _CODE.fullmatch(path):
        return True
    return is_windows(platform) and _WINDOWS_CODE.fullmatch(path) is not None


def untracked(paths: Iterable[str], known: Iterable[str], platform: str) -> Iterator[Finding]:
    """Return a finding for each untracked file, or for each folder that holds nothing else.

    `known` are all other paths.
    """
    folders = set()
    for path in known:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    counts: dict[tuple[str, str], int] = {}
    for path in paths:
        kind = "untracked-code" if _is_code(path, platform) else "untracked"
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
