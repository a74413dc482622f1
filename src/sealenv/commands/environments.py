"""`list` and `info`: find environments and describe them, without writing anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from sealenv.errors import NotFoundError, RecordError
from sealenv.fields import AbsolutePath, Bytes, Count, Moment, one_of
from sealenv.layout import HISTORY, MARKER, META, SEAL, State, is_link, state_of, walk
from sealenv.locations import envs_dirs
from sealenv.naming import shown
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.request import StrPath, prefix_of, several
from sealenv.seals.compare import is_modified
from sealenv.seals.distributions import scan_distributions
from sealenv.seals.findings import STATES
from sealenv.seals.seal import Seal, read_seal, why_moved

_Any = TypeVar("_Any", bound="Environment")


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment.

    Attributes:
        name: the folder's name.
        prefix: the folder.
        state: one of STATES.
        condition: modified, if by the records conda, mamba or pip changed packages after sealing; else
            None. Only `verify` compares files.
        python: its version.
        platform: None without a seal.
        created: from its seal, else from its files.
        checked: whether it was tested when it was created; None without a seal.
        busy: whether a process works on it now.
        packages: the number of package records.
        problem: what is wrong with it.
        files: the number of files and links, if counted.
        bytes: their size.
    """

    name: str
    prefix: AbsolutePath
    state: Annotated[str, one_of(STATES)]
    condition: Literal["modified"] | None
    python: str | None
    platform: str | None
    created: Moment | None
    checked: bool | None
    busy: bool
    packages: Count
    problem: str | None
    files: Count | msgspec.UnsetType = msgspec.UNSET
    bytes: Bytes | msgspec.UnsetType = msgspec.UNSET


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A package in an environment."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    requested: tuple[str, ...]


class PipPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution that pip installed."""

    name: str
    version: str


class Info(Environment, frozen=True, kw_only=True):
    """One environment, with its seal and its packages.

    Attributes:
        seal: how it was made; None without a readable seal.
        package_list: the packages in its records.
        distributions: what pip installed.
    """

    seal: Seal | None
    package_list: tuple[Record, ...]
    distributions: tuple[PipPackage, ...]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The environments of `list`, sorted by folder and name."""

    environments: tuple[Environment, ...]


def list(
    folders: StrPath | Sequence[StrPath] = (), *, sizes: bool = False
) -> tuple[Environment, ...]:
    """Return the environments in SEALENV_ENVS, PY_ENVS and the user's own folder, by folder and name.

    Links are not followed.

    Args:
        folders: the folders to look in instead (`--in`).
        sizes: count files and bytes.

    Raises:
        NotFoundError: one of them is not a folder.
    """
    places = [Path(folder) for folder in several(folders)]
    for place in places:
        if not place.is_dir():
            raise NotFoundError("this is not a folder", where=str(place), hint="check its path")
    found = []
    for folder in [place.absolute() for place in places] or map(Path, envs_dirs()):
        try:
            children = sorted(folder.iterdir())
        except OSError:
            continue
        found += [each for child in children if (each := _listed(child))]
    return tuple(_measured(each) if sizes else each for each in found)


def _listed(folder: Path) -> Environment | None:
    """Describe a folder; None if it is not an environment."""
    if is_link(folder) or not folder.is_dir():
        return None
    try:
        if state_of(folder) not in {State.PENDING, State.SEALED, State.FOREIGN}:
            return None
    except PermissionError as error:
        return Environment(
            name=folder.name, prefix=folder, state="unreadable", condition=None, python=None,
            platform=None, created=None, checked=None, busy=False, packages=0,
            problem=f"{error.strerror}: {error.filename}",
        )  # fmt: skip
    except OSError:
        return None
    known = inspect(folder)
    return Environment(**{name: getattr(known, name) for name in Environment.__struct_fields__})


def info(env: StrPath) -> Info:
    """Return the state, the seal and the packages of an environment.

    Args:
        env: a name or a path.

    Raises:
        NotFoundError: no such environment.
    """
    return _measured(inspect(prefix_of(env)))


def _measured(environment: _Any) -> _Any:
    files, size = measure(environment.prefix)
    return msgspec.structs.replace(environment, files=files, bytes=size)


def inspect(prefix: Path) -> Info:
    """Describe a prefix, without its size."""
    from sealenv.prefix.pending import is_locked  # only this function needs it

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
        problem = problem or f"{moved}; fix it with: sealenv move --here {shown(str(prefix))}"
    owned = {entry.path for record in records for entry in record.paths_data.paths}
    by_pip = scan_distributions(prefix, owned)
    modified = seal and not moved and is_modified(prefix, seal, records, by_pip)
    return Info(
        name=prefix.name,
        prefix=prefix,
        state=word,
        condition="modified" if modified else None,
        python=python or (seal.python if seal else None),
        platform=seal.platform if seal else None,
        created=_created(prefix, state, seal),
        checked=seal.checked if seal else None,
        busy=state is State.PENDING and is_locked(prefix),
        packages=len(records),
        problem=problem,
        seal=seal,
        package_list=tuple(map(_record, records)),
        distributions=tuple(PipPackage(name=d.name, version=d.version) for d in by_pip),
    )


def _record(record: PrefixRecord) -> Record:
    return Record(
        name=record.name,
        version=record.version,
        build=record.build,
        channel=record.channel,
        subdir=record.subdir,
        requested=tuple(record.requested_specs),
    )


def measure(prefix: Path) -> tuple[int, int]:
    """Return the files and bytes in a prefix; a hard-linked file counts once, unreadable ones do not."""
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
