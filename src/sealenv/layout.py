"""The layout of a prefix on each platform, and its state."""

from __future__ import annotations

import enum
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

META = "conda-meta"
SHELLS = ("sh", "fish", "csh", "xsh", "nu")
"""The shells of a POSIX prefix, by the extension of their scripts."""
ACTIVATION = (
    *(f"activate.{shell}" for shell in SHELLS),
    "activate.bat",
    "deactivate.bat",
    "activate.ps1",
)
"""The activation scripts of every platform."""
CONDARC = ".condarc"
HISTORY = "conda-meta/history"
SEAL = "conda-meta/sealenv"
"""Without `.json`: conda, mamba and rattler parse every conda-meta/*.json as a package record."""
FILES = "conda-meta/sealenv.files"
"""The file table: every file at the time of sealing (docs/reference/seal.md)."""
MOVING = "conda-meta/sealenv.moving"
"""The journal of a move, with the next seal."""
MARKER = "conda-meta/sealenv.pending"
PLAN = "conda-meta/sealenv.plan"
"""The paths that a pending create will link; removed with the marker."""
USER_FOLDER = "__home__"
SCRATCH = ".sealenv-scratch"
"""A temporary folder of micromamba while it links packages."""
PKGS = "pkgs"
OUTSIDE = frozenset({USER_FOLDER, PKGS, "envs", SCRATCH, SEAL, FILES, MOVING, MARKER, PLAN})
"""Paths that no package owns: the user folder, the package cache and inner environments of a conda
installation, and our own files. They are not part of a fingerprint."""
_NAME_SURROGATE = 0x20000000


class State(enum.Enum):
    """The state of a folder (docs/explanation/architecture.md, States)."""

    ABSENT = "absent"
    EMPTY = "empty"
    PENDING = "pending"
    SEALED = "sealed"
    FOREIGN = "foreign"
    OTHER = "other"


def is_windows(platform: str) -> bool:
    """Whether a subdir such as `win-64` is a Windows one."""
    return platform.startswith("win-")


def is_record(path: str) -> bool:
    """Whether a relative path is that of a package record."""
    return path.startswith(f"{META}/") and path.endswith(".json")


def is_link(path: Path) -> bool:
    """Whether a path is a symlink or a junction, which sealenv never follows."""
    try:
        return leads_elsewhere(os.lstat(path))
    except OSError:
        return False


def leads_elsewhere(status: os.stat_result) -> bool:
    """Whether it is a symlink, or on Windows a reparse point for another path, as junctions are.

    Files of a cloud drive are reparse points too. Links have the name surrogate bit in their tag
    (winnt.h, IsReparseTagNameSurrogate).
    """
    if stat.S_ISLNK(status.st_mode):
        return True
    return os.name == "nt" and bool(getattr(status, "st_reparse_tag", 0) & _NAME_SURROGATE)


def leaves(path: str) -> bool:
    """Whether an untrusted relative path may lead out of the prefix, on any system.

    This includes absolute paths, drives, `..`, NUL, and empty or `.` parts, which are a second spelling
    of another path. A backslash counts as a separator, as on Windows.
    """
    text = f"/{path}/".replace("\\", "/")
    drive = path[1:2] == ":" and path[0].isalpha()
    return drive or "//" in text or "/../" in text or "/./" in text or "\0" in text


def first_leaving(paths: Sequence[str]) -> str | None:
    """Return the first path that `leaves`, if any; usually one check of all together is enough."""
    text = "/\0/".join(["", *paths, ""])
    if text.count("\0") == len(paths) + 1 and not any(
        form in text for form in ("//", "/../", "/./", "\\", ":")
    ):
        return None
    return next(filter(leaves, paths), None)


def state_of(prefix: Path) -> State:
    """Return the state of a folder, from its marker, seal and history.

    Raises:
        PermissionError: a folder is not readable; `filename` is that folder.
    """
    try:
        if is_link(prefix / MARKER) or (prefix / MARKER).exists():
            return State.PENDING
        if (prefix / SEAL).is_file():
            return State.SEALED
        if (prefix / HISTORY).is_file():
            return State.FOREIGN
        return State.EMPTY if _is_void(prefix) else State.OTHER
    except FileNotFoundError:
        return State.OTHER if os.path.lexists(prefix) else State.ABSENT
    except NotADirectoryError:
        return State.OTHER
    except PermissionError as error:
        closed = prefix / META if os.access(prefix, os.R_OK | os.X_OK) else prefix
        raise PermissionError(
            error.errno, f"the folder cannot be read: {error.strerror}", str(closed)
        ) from error


def _is_void(prefix: Path) -> bool:
    """Whether a folder is empty, or has only an empty conda-meta, as after a killed create."""
    with os.scandir(prefix) as entries:
        found = list(entries)
    if not found:
        return True
    if len(found) > 1 or found[0].name != META or not found[0].is_dir(follow_symlinks=False):
        return False
    with os.scandir(prefix / META) as inside:
        return not any(True for _ in inside) and not is_link(prefix / META)


def python_exe(prefix: Path, platform: str) -> Path:
    """Return the interpreter of the environment."""
    return prefix / "python.exe" if is_windows(platform) else prefix / "bin" / "python"


def script_dir(platform: str) -> str:
    """Return the folder of entry points (CEP 34), relative to the prefix."""
    return "Scripts" if is_windows(platform) else "bin"


def bin_dirs(prefix: Path, platform: str) -> list[Path]:
    """Return the folders that an activation adds to PATH, in the order of CEP 32."""
    if not is_windows(platform):
        return [prefix / "bin"]
    library = prefix / "Library"
    return [
        prefix,
        library / "mingw-w64" / "bin",
        library / "usr" / "bin",
        library / "bin",
        prefix / "Scripts",
        prefix / "bin",
    ]


def site_packages(platform: str, python_version: str, record_path: str | None = None) -> str:
    """Return the relative site-packages folder; the path in python's record has priority.

    Raises:
        ValueError: the record's path leaves the prefix (CEP 17 and 20 forbid it).
    """
    if record_path:
        pure = PurePosixPath(record_path.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or ":" in record_path:
            raise ValueError(f"python_site_packages_path leaves the prefix: {record_path!r}")
        return pure.as_posix()
    if is_windows(platform):
        return "Lib/site-packages"
    major, minor = python_version.split(".")[:2]
    return f"lib/python{major}.{minor}/site-packages"


class Entry:
    """A path found by `walk`, relative to the root (with `/`), and its lstat."""

    __slots__ = ("is_dir", "is_link", "path", "relative", "status")

    def __init__(self, path: str, relative: str, status: os.stat_result, linked: bool) -> None:
        self.path = path
        self.relative = relative
        self.status = status
        self.is_link = linked
        self.is_dir = stat.S_ISDIR(status.st_mode) and not linked


def walk(
    root: Path, *, skip: frozenset[str] = frozenset(), tolerant: bool = False
) -> Iterator[Entry]:
    """Yield everything below root, parents before children, without following links.

    Args:
        root: the folder to walk; it is not yielded itself.
        skip: relative paths (`/`) that are neither yielded nor entered.
        tolerant: skip what cannot be read.

    Raises:
        OSError: something cannot be read.
    """
    pending = [(os.fspath(root), "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda e: e.name)
        except OSError:
            if tolerant:
                continue
            raise
        for item in found:
            relative = prefix + item.name
            if relative in skip:
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except OSError:
                if tolerant:
                    continue
                raise
            entry = Entry(item.path, relative, status, leads_elsewhere(status))
            yield entry
            if entry.is_dir:
                pending.append((item.path, relative + "/"))
