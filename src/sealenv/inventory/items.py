"""The packages and distributions of a prefix, with what their own records say of them.

Records are somebody's text: what is not of the type that it should be counts as not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.inventory.metadata import Metadata, read_metadata
from sealenv.layout import META
from sealenv.prefix.history import read_requested
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.seals.distributions import Distribution, scan_distributions
from sealenv.seals.seal import Seal
from sealenv.seals.wheels import locked_wheel, locked_wheels
from sealenv.spec.matchspec import package_name
from sealenv.system.files import read_regular
from sealenv.urls import redact, split_credentials

__all__ = ["Item", "Need", "read_items"]

_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}
_DIST_INFO = re.compile(r"(?:.*/)?site-packages/[^/]+\.dist-info/METADATA")


@dataclass(frozen=True)
class Need:
    """One line of what a package depends on."""

    spec: str
    on: str | None
    """The item that answers it; None for one that is not there."""

    @property
    def virtual(self) -> bool:
        """Whether the machine answers it, not a package (`__glibc`)."""
        return self.spec.startswith("__")


@dataclass(frozen=True)
class Item:
    """One package of conda's, or one distribution of pip's.

    Attributes:
        id: `conda:NAME` or `pypi:NAME`.
        channel: where it is from; nothing for what pip installed.
        url: of its archive, without credentials; empty where nobody knows it.
        sha256, md5: of that archive (hex); empty where nobody knows them.
        paths: the files that its record names, relative to the prefix.
        needs: what it depends on.
        asked: the specs or requirements that asked for it.
    """

    id: str
    name: str
    version: str
    build: str = ""
    subdir: str = ""
    channel: str = ""
    url: str = ""
    sha256: str = ""
    md5: str = ""
    license: str = ""
    summary: str = ""
    paths: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`conda` or `pypi`."""
        return self.id.partition(":")[0]


class _Said(msgspec.Struct):
    """What `PrefixRecord` does not read, and whose it is."""

    name: Any = None
    version: Any = None
    build: Any = None
    license: Any = None
    md5: Any = None


_said = msgspec.json.Decoder(_Said)


def read_items(prefix: Path, seal: Seal | None) -> tuple[list[Item], list[str]]:
    """Every package and distribution by id, and a line for each record that cannot be read.

    Args:
        prefix: of an environment in any state.
        seal: tells what was asked for, and from which wheels pip installed.
    """
    records, problems = scan_records(prefix)
    by_name = {record.name: f"conda:{record.name}" for record in records}
    owned = {entry.path: r.name for r in records for entry in r.paths_data.paths}
    about = _metadata_of(prefix, owned)
    found = scan_distributions(prefix, owned)
    of_pip = {name: by_name[owner] for name, (owner, _) in about.items()}
    of_pip |= {d.name: f"pypi:{d.name}" for d in found}
    asked = read_requested(prefix)
    said = _said_in(prefix)
    items: dict[str, Item] = {}
    for record in records:
        mine = [m for owner, m in about.values() if owner == record.name]
        item = _package(record, said.get(record.dist, _Said()), by_name, asked, mine)
        # Two records of one name: something is broken, and both are shown.
        items.setdefault(item.id if item.id not in items else f"conda:{record.dist}", item)
    for distribution in found:
        item = _distribution(prefix, distribution, of_pip, seal)
        items[item.id] = item
    return [items[key] for key in sorted(items)], problems


def _said_in(prefix: Path) -> dict[str, _Said]:
    """name-version-build -> the rest of that record."""
    found = {}
    for path in sorted((prefix / META).glob("*.json")):
        try:
            one = _said.decode(read_regular(path))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # `scan_records` has told it
        found[f"{one.name}-{one.version}-{one.build}"] = one
    return found


def _package(
    record: PrefixRecord,
    said: _Said,
    by_name: Mapping[str, str],
    asked: Mapping[str, str],
    about: Sequence[Metadata],
) -> Item:
    url = split_credentials(redact(record.url)).clean
    subdir = record.subdir or url.rpartition("/")[0].rpartition("/")[2]
    channel = split_credentials(redact(record.channel)).clean.rstrip("/")
    specs = dict.fromkeys(record.requested_specs or ())
    if record.name in asked:
        specs = {asked[record.name]: None} | specs
    return Item(
        f"conda:{record.name}", record.name, record.version, record.build,
        subdir, channel.removesuffix(f"/{subdir}"), url,  # conda's records name the subdir behind it
        _hex("sha256", record.sha256), _hex("md5", said.md5),
        _line(said.license) or next((m.license for m in about if m.license), ""),
        next((m.summary for m in about if m.summary), ""),
        tuple(entry.path for entry in record.paths_data.paths),
        tuple(Need(spec, by_name.get(package_name(spec))) for spec in record.depends if spec.strip()),
        tuple(specs),
    )  # fmt: skip


def _distribution(
    prefix: Path, found: Distribution, of_pip: Mapping[str, str], seal: Seal | None
) -> Item:
    folder = found.record.rpartition("/")[0]
    about = read_metadata(prefix, f"{folder}/METADATA")
    wheel = locked_wheel(locked_wheels(seal.lock.wheels), found) if seal else None
    lines = [str(line) for line in seal.spec.get("requirements", ())] if seal else []
    asked = [line for line in lines if _asked_name(line) == found.name]
    if wheel is None and not asked and f"{folder}/REQUESTED" in {f.path for f in found.files}:
        asked = [found.name]  # pip's own note; of a lock it calls every wheel requested
    return Item(
        f"pypi:{found.name}", found.name, found.version,
        url=split_credentials(redact(wheel.url)).clean if wheel else "",
        sha256=_hex("sha256", wheel.sha256) if wheel else "",
        license=about.license if about else "",
        summary=about.summary if about else "",
        paths=tuple(file.path for file in found.files),
        needs=tuple(_pip_needs(about.requires if about else (), of_pip)),
        asked=tuple(asked),
    )  # fmt: skip


def _pip_needs(lines: Iterable[str], of_pip: Mapping[str, str]) -> Iterable[Need]:
    """Requires-Dist: no extras; what another marker asks for counts only as far as it is there."""
    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement:
            continue
        if one.marker and "extra" in str(one.marker):
            continue
        on = of_pip.get(canonicalize_name(one.name))
        if on is not None or one.marker is None:
            yield Need(line, on)


def _metadata_of(prefix: Path, owned: Mapping[str, str]) -> dict[str, tuple[str, Metadata]]:
    """Distribution -> the package of conda's that brings it, and what it says of itself."""
    found = {}
    for path in sorted(filter(_DIST_INFO.fullmatch, owned)):
        if about := read_metadata(prefix, path):
            found[about.name] = owned[path], about
    return found


def _asked_name(line: str) -> str | None:
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return None


def _hex(kind: str, value: object) -> str:
    return value if isinstance(value, str) and _HEX[kind].fullmatch(value) else ""


def _line(value: object) -> str:
    return " ".join(value.split())[:500] if isinstance(value, str) else ""
