"""`list` and `info`: which environments there are, and what each is. Nothing is written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealenv.errors import NotFoundError, RecordError
from sealenv.layout import HISTORY, MARKER, META, SEAL, State, is_link, state_of, walk
from sealenv.locations import envs_dirs
from sealenv.naming import shown
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.request.arguments import StrPath, prefix_of, several
from sealenv.seals.seal import Seal, read_seal, why_moved

__all__ = ["Environment", "info", "inspect", "list", "list_environments", "measure"]


@dataclass(frozen=True)
class Environment:
    """One environment as `list` and `info` show it."""

    prefix: Path
    state: str
    """sealed, pending, foreign, moved; or unreadable, as its seal or its folder is."""
    python: str | None
    platform: str | None
    created: dt.datetime | None
    checked: bool | None
    busy: bool
    """A process works on it right now."""
    problem: str | None
    seal: Seal | None
    records: tuple[PrefixRecord, ...]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.prefix.name

    def to_json(self) -> dict[str, Any]:
        """For `--json` (docs/reference/json.md)."""
        return {
            "name": self.name,
            "prefix": str(self.prefix),
            "state": self.state,
            "python": self.python,
            "platform": self.platform,
            "created": self.created.isoformat() if self.created else None,
            "checked": self.checked,
            "busy": self.busy,
            "packages": len(self.records),
            "problem": self.problem,
        }


def list(folders: StrPath | Sequence[StrPath] = ()) -> tuple[Environment, ...]:
    """The environments in SEALENV_ENVS, PY_ENVS and the user's own folder, by folder and name.

    Args:
        folders: look there (`--in`); without any in SEALENV_ENVS, PY_ENVS and the user's own folder.

    Raises:
        NotFoundError: one of the folders is none.
    """
    places = [Path(folder) for folder in several(folders)]
    for place in places:
        if not place.is_dir():
            raise NotFoundError("this is no folder", where=str(place), hint="check its path")
    return tuple(list_environments([place.absolute() for place in places] or None))


def info(env: StrPath) -> Environment:
    """What an environment is and how it was made: its state, its seal, its packages' records.

    Args:
        env: a name or a path.

    Raises:
        NotFoundError: there is no such environment.
    """
    return inspect(prefix_of(env))


def inspect(prefix: Path) -> Environment:
    """Tell what a prefix is; a damaged one is told too, in `problem`."""
    from sealenv.prefix.prefixlock import is_locked  # `find` alone, as verify uses, does without

    state = state_of(prefix)
    seal: Seal | None = None
    problem: str | None = None
    if state is State.SEALED:
        try:
            seal = read_seal(prefix)
        except RecordError as error:
            problem = error.what
    records, broken = scan_records(prefix)
    if broken:
        what = "a package record" if len(broken) == 1 else f"{len(broken)} package records"
        problem = problem or f"{what} cannot be read: {broken[0]}"
    python = next((r.version for r in records if r.name == "python"), None)
    word = "unreadable" if state is State.SEALED and seal is None else state.value
    moved = why_moved(seal, prefix) if seal else None
    if moved:
        word = "moved"
        problem = problem or f"{moved}; mend it: sealenv move --here {shown(str(prefix))}"
    return Environment(
        prefix=prefix,
        state=word,
        python=python or (seal.python if seal else None),
        platform=seal.platform if seal else None,
        created=_created(prefix, state, seal),
        checked=seal.checked if seal else None,
        busy=state is State.PENDING and is_locked(prefix),
        problem=problem,
        seal=seal,
        records=tuple(records),
    )


def list_environments(
    folders: Sequence[Path] | None = None, environ: Mapping[str, str] | None = None
) -> Sequence[Environment]:
    """Every environment directly in the folders, by folder and name. Links are not followed."""
    found = []
    for folder in folders or [Path(p) for p in envs_dirs(environ)]:
        try:
            children = sorted(folder.iterdir())
        except OSError:
            continue
        for child in children:
            if is_link(child) or not child.is_dir():
                continue
            try:
                known = state_of(child) in {State.PENDING, State.SEALED, State.FOREIGN}
            except PermissionError as error:
                found.append(_closed(child, f"{error.strerror}: {error.filename}"))
                continue
            except OSError:
                continue
            if known:
                found.append(inspect(child))
    return found


def _closed(prefix: Path, problem: str) -> Environment:
    """A folder among environments that nobody may look into: it may be one."""
    return Environment(
        prefix, "unreadable", None, None, None, None, busy=False, problem=problem, seal=None, records=()
    )  # fmt: skip


def measure(prefix: Path) -> tuple[int, int]:
    """Files and bytes in the prefix, as far as it can be read; one with several names counts once."""
    files = size = 0
    seen: set[tuple[int, int]] = set()
    for entry in walk(prefix, tolerant=True):
        if entry.is_dir:
            continue
        files += 1
        key = (entry.status.st_dev, entry.status.st_ino)
        if entry.status.st_nlink > 1:
            if key in seen:
                continue
            seen.add(key)
        size += entry.status.st_size
    return files, size


def _created(prefix: Path, state: State, seal: Seal | None) -> dt.datetime | None:
    if seal:
        try:
            return dt.datetime.fromisoformat(seal.created)
        except ValueError:
            pass
    marker = {State.PENDING: MARKER, State.SEALED: SEAL}.get(state, HISTORY)
    for path in (prefix / marker, prefix / META):
        try:
            return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.timezone.utc)
        except OSError:
            continue
    return None
