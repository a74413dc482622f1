"""`--trace-report FILE`: snapshots before and after a command (docs/reference/trace-report.md).

The file is checked before the work, and written after it, also if the work fails.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from sealenv._version import __version__
from sealenv.cli.output import DeclinedError
from sealenv.errors import (
    FilesystemError,
    NotFoundError,
    OutputExistsError,
    SealenvError,
    UsageError,
    from_oserror,
)
from sealenv.layout import leads_elsewhere, walk
from sealenv.locations import cache_root, conda_view
from sealenv.naming import printable
from sealenv.system.registry import Key, Registry, this_registry

_INTERRUPTED = 130
_KINDS = ("added", "removed", "changed")


@contextlib.contextmanager
def tracing(report: Path, prefix: Path, *, silent: bool) -> Iterator[None]:
    """Take snapshots before and after the block, and write the report.

    Args:
        report: the file.
        prefix: the environment, which may be written, as may the caches.
        silent: print no summary.

    Raises:
        UsageError: the file is in a folder that the command writes.
        OutputExistsError: its path exists.
        NotFoundError: its folder does not exist.
    """
    file = report.absolute()
    own = [os.path.realpath(folder) for folder in (prefix, cache_root(), conda_view())]
    _check(file, own)
    places = _places(os.environ, os.path.expanduser("~"))
    skip = (*own, os.path.realpath(file))
    before = _look(places, skip)

    def write(state: str, error: str | None, code: int) -> None:
        content = _compared(places, before, _look(places, skip), own)
        content["outcome"] = {"state": state, "error": error, "exit_code": code}
        _write(file, content, silent)

    try:
        yield
    except BaseException as failure:
        with contextlib.suppress(SealenvError):  # the failure itself is reported
            write(*_outcome(failure))
        raise
    write("done", None, 0)


def _check(report: Path, own: Sequence[str]) -> None:
    """Refuse a file that cannot be written at the end."""
    real = Path(os.path.realpath(report))
    if report.name == "-" or any(real.is_relative_to(folder) for folder in own):
        raise UsageError(
            "the trace report cannot go to stdout, the environment or the cache",
            where=str(report),
            hint="name a file outside both, such as --trace-report report.json",
        )
    if not report.parent.is_dir():
        raise NotFoundError(
            "the folder of the trace report does not exist",
            where=str(report.parent),
            hint="make the folder first",
        )
    if os.path.lexists(report):
        raise OutputExistsError(
            "the path of the trace report exists",
            where=str(report),
            hint="remove it, or name another file: nothing is overwritten",
        )


def _outcome(failure: BaseException) -> tuple[str, str | None, int]:
    """Return the state, what failed, and the exit code."""
    if isinstance(failure, OSError):
        failure = from_oserror(failure)
    if isinstance(failure, SealenvError):
        state = "interrupted" if failure.exit_code == _INTERRUPTED else "failed"
        return state, failure.what, failure.exit_code
    if isinstance(failure, KeyboardInterrupt | click.exceptions.Abort):
        return "interrupted", None, _INTERRUPTED
    if isinstance(failure, DeclinedError):
        return "interrupted", None, 1
    return "failed", repr(failure), 1


def _write(report: Path, content: dict[str, Any], silent: bool) -> None:
    """Print a summary and write the report.

    Raises:
        FilesystemError: it cannot be written, or its path exists now.
    """
    if not silent:
        _sum_up(content)
    data = (json.dumps(content, indent=2) + "\n").encode("utf-8", "backslashreplace")
    try:
        with report.open("xb") as file:
            file.write(data)
    except OSError as error:
        made = "the environment is made, but " if content["outcome"]["state"] == "done" else ""
        raise FilesystemError(
            f"{made}the trace report cannot be written: {error.strerror or error}",
            where=str(report),
            hint="name a new file next time, in a folder that you may write",
        ) from error
    if not silent:
        click.echo(printable(f"trace report   {report}"), err=True)


def _sum_up(content: dict[str, Any]) -> None:
    looked = sum(place["after"]["entries"] for place in content["places"])
    found = f"{len(content['elsewhere'])} of {looked} entries looked at"
    if os.name == "nt":
        kinds = ("added", "removed", "changed")
        keys = sum(len(row[kind]) for row in content["registry"] for kind in kinds)
        found += f" and {keys} in the registry"
    click.echo(f"elsewhere      {found} changed", err=True)
    for path in content["elsewhere"][:10]:
        click.echo(printable(f"               {path}"), err=True)


_Fact = tuple[int, int, int, int]
"""Mode, size, and the times of the content and (except on Windows) the inode, in nanoseconds. Of a
folder only the mode: its size and times depend on its entries."""


@dataclass(frozen=True)
class _Snapshot:
    """What was at a place at one time."""

    exists: bool = False
    entries: dict[str, _Fact] = field(default_factory=dict)
    """Absolute path -> facts."""
    unreadable: bool = False


def _take(path: str, *, full: bool, skip: Collection[str] = ()) -> _Snapshot:
    """Return what is at a place now. Links are not followed, except the place itself.

    Args:
        path: a folder or a file, which need not exist.
        full: include everything below it.
        skip: absolute paths that are neither listed nor entered.
    """
    root = os.path.realpath(path)
    try:
        status = os.stat(root)
    except OSError:
        return _Snapshot()
    if not stat.S_ISDIR(status.st_mode):
        return _Snapshot(True, {root: _fact(status)})
    if not os.access(root, os.R_OK | os.X_OK):
        return _Snapshot(True, unreadable=True)
    if any(_is_in(root, skipped) for skipped in skip):
        return _Snapshot(True)
    hidden = {Path(os.path.relpath(p, root)).as_posix() for p in skip if _is_in(p, root)}
    found: dict[str, _Fact] = {}
    for entry in walk(Path(root), skip=frozenset(hidden), tolerant=True):
        if not full and "/" in entry.relative:
            break
        found[entry.path] = _fact(entry.status)
    return _Snapshot(True, found)


def _compare(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the names that were added, removed and changed."""
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(n for n in before.keys() & after.keys() if before[n] != after[n]),
    }


def _fact(status: os.stat_result) -> _Fact:
    if stat.S_ISDIR(status.st_mode) and not leads_elsewhere(status):
        return status.st_mode, 0, 0, 0
    inode = 0 if os.name == "nt" else status.st_ctime_ns  # no program can set it back
    return status.st_mode, status.st_size, status.st_mtime_ns, inode


def _is_in(path: str, root: str) -> bool:
    """Return whether a path is a folder or below it."""
    start = os.path.normcase(root.rstrip(os.sep) + os.sep)
    return os.path.normcase(path + os.sep).startswith(start)


KEYS = (
    r"HKCU\Environment",
    r"HKCU\Software\Microsoft\Command Processor",
    r"HKCU\Software\Python",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\App Paths",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKCU\Software\Classes\.py",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
    r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem",
    r"HKLM\Software\Microsoft\Command Processor",
    r"HKLM\Software\Python",
    r"HKLM\Software\Microsoft\Windows\CurrentVersion\App Paths",
    r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
)
"""The keys that installers, shells and package managers write. Each is read in both views."""

_Values = dict[str, str]
"""`key\\name` -> type and data."""


def _read_registry() -> dict[str, _Values | None]:
    r"""Return `HKCU\Environment (64-bit)` -> its values and those of all keys below, if it exists.

    The result is empty on systems without a registry.
    """
    registry = this_registry()
    if registry is None:
        return {}
    found = {}
    for name in KEYS:
        hive, _, path = name.partition("\\")
        for view in (64, 32):
            found[f"{name} ({view}-bit)"] = _values_below(registry, Key(hive, path, view))
    return found


def _values_below(registry: Registry, key: Key) -> _Values | None:
    try:
        values = {name: f"{value.kind}:{value.data!r}" for name, value in registry.values(key)}
        names = registry.subkeys(key)
    except OSError:
        return None
    for name in names:
        below = _values_below(registry, replace(key, path=f"{key.path}\\{name}")) or {}
        values[f"{name}\\"] = ""
        values |= {f"{name}\\{inner}": text for inner, text in below.items()}
    return values


class _Place(NamedTuple):
    """A folder or file of which a snapshot is taken before and after."""

    path: str
    full: bool
    """Whether everything below it is included; otherwise only its top level."""
    why: str


_IN_FULL = {
    "conda": ".conda .condarc .continuum .config/conda .cache/conda .anaconda",
    "mamba": ".mamba .mambarc .config/mamba micromamba .local/share/mamba",
    "rattler and pixi": ".rattler .config/rattler .cache/rattler .pixi .config/pixi .cache/pixi",
    "pip": ".pip .config/pip .cache/pip .local/bin .local/lib .pypirc",
    "a shell": ".config/fish .config/nushell .config/xonsh .config/powershell .xonshrc "
    ".local/share/powershell .config/environment.d .zsh .bashrc.d .profile.d "
    "Documents/PowerShell Documents/WindowsPowerShell",
    "the desktop": ".local/share/applications Applications",
}
"""Program -> files and folders in the home. The whole home would take too long."""
_SETTINGS = "settings, caches and data"
_TOP_LEVEL = (
    *(".config", ".cache", ".local", ".local/share", "Desktop"),
    *("Library/Caches", "Library/Application Support", "Library/Preferences"),
)
_OF_WINDOWS = {
    "pip": ("pip",),
    "conda": ("conda",),
    "mamba": ("mamba",),
    "rattler and pixi": ("rattler", "pixi"),
    "the desktop": ("Microsoft/Windows/Start Menu",),
}
"""Program -> folders in APPDATA and LOCALAPPDATA."""
_NAMED = ("APPDATA", "LOCALAPPDATA", "PROGRAMDATA")
_XDG = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "ZDOTDIR")


def _places(environ: Mapping[str, str], home: str) -> list[_Place]:
    """Return the places that installers, shells and package managers are known to write, each once."""
    found = [_Place(home, False, "the user's home, with the profiles of shells")]
    for why, names in _IN_FULL.items():
        found += [_Place(_at(home, name), True, why) for name in names.split()]
    found += [_Place(_at(home, name), False, _SETTINGS) for name in _TOP_LEVEL]
    for variable in (*_NAMED, *_XDG) if sys.platform == "win32" else _XDG:
        root = environ.get(variable)
        if not root:
            continue
        found.append(_Place(root, False, f"{_SETTINGS} ({variable})"))
        for why, folders in _OF_WINDOWS.items() if variable in _NAMED[:2] else ():
            found += [_Place(_at(root, name), True, why) for name in folders]
    found.append(_Place(tempfile.gettempdir(), False, "temporary files"))
    found.append(_Place(os.getcwd(), False, "the current folder"))
    kept: dict[str, _Place] = {}
    for place in found:
        key = os.path.normcase(os.path.abspath(place.path))
        if key not in kept or place.full:
            kept[key] = place
    return list(kept.values())


def _at(root: str, name: str) -> str:
    return os.path.join(root, *name.split("/"))


_NOT_LOOKED_AT = (
    "anything below a folder of which only the top level is read",
    "folders of the system, and of other users",
    "which program made a change: changes that other programs make meanwhile are listed too",
    "a file that was made and removed again",
    "the content of a file whose size, mode and times are unchanged",
)
"""What a report does not show. Each report lists it."""


class _State(NamedTuple):
    """Everything that is compared, at one time."""

    places: list[_Snapshot]
    registry: dict[str, _Values | None]
    environ: dict[str, str]
    at: str


def _look(places: Sequence[_Place], skip: Collection[str]) -> _State:
    now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
    found = [_take(place.path, full=place.full, skip=skip) for place in places]
    return _State(found, _read_registry(), dict(os.environ), now)


def _compared(
    places: Sequence[_Place], before: _State, after: _State, own: Sequence[str]
) -> dict[str, Any]:
    """Return the report, ready for JSON, without the outcome."""
    rows: list[dict[str, Any]] = [
        {
            "path": place.path,
            "looked_at": "in full" if place.full else "top level",
            "why": place.why,
            "before": {"exists": old.exists, "entries": len(old.entries)},
            "after": {"exists": new.exists, "entries": len(new.entries)},
            **_compare(old.entries, new.entries),
            "unreadable": old.unreadable or new.unreadable,
        }
        for place, old, new in zip(places, before.places, after.places, strict=True)
    ]
    paths = dict.fromkeys(path for row in rows for kind in _KINDS for path in row[kind])
    way = [p for p in paths if any(folder != p and _is_in(folder, p) for folder in own)]
    return {
        "schema": 2,
        "sealenv": __version__,
        "command": ["sealenv", *sys.argv[1:]],
        "started": before.at,
        "finished": after.at,
        "outcome": {},
        "elsewhere": [path for path in paths if path not in way],
        "way": way,  # parents of what may be written
        "places": rows,
        "registry": [
            {"key": key, **_compare(old or {}, after.registry[key] or {})}  # data may be secret
            for key, old in before.registry.items()
        ],
        "environment": {
            **_compare(before.environ, after.environ),
            "path_before": before.environ.get("PATH", "").split(os.pathsep),
            "path_after": after.environ.get("PATH", "").split(os.pathsep),
        },
        "not_looked_at": list(_NOT_LOOKED_AT),
    }
