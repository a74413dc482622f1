"""The packages and distributions of a prefix: their records, what needs them, and their size.

Records are foreign text: a value of the wrong type counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.layout import META, PKGS, USER_FOLDER, walk
from sealenv.locks import LockedWheel
from sealenv.prefix.condafiles import read_requested
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.seals.distributions import Distribution, read_metadata, scan_distributions, words
from sealenv.seals.seal import Seal
from sealenv.seals.wheels import locked_wheel, locked_wheels
from sealenv.spec.matchspec import package_name
from sealenv.spec.requirements import requirement_name
from sealenv.urls import redact, split_credentials

_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIST_INFO = re.compile(r"(?:.*/)?site-packages/[^/]+\.dist-info/METADATA")
_LONGEST_NAME = 100
"""Characters of a `License` field: many put the whole text of the licence there."""
_CLASSIFIER = "License :: OSI Approved :: "
OTHERS = {
    META: "records, seal and history",
    USER_FOLDER: "the user's own folder",
    PKGS: "the package cache inside",
    "": "files that no package owns",
}
"""First folder -> the files there that no package owns; the last is for all other folders."""


@dataclass(frozen=True)
class Need:
    """One line of what a package depends on."""

    spec: str
    on: str | None
    """The item that satisfies it; None if it is missing."""

    @property
    def virtual(self) -> bool:
        """Return whether it is a property of the machine (`__glibc`)."""
        return self.spec.startswith("__")


@dataclass(frozen=True)
class Item:
    """One package of conda's, or one distribution of pip's.

    Attributes:
        id: `conda:NAME` or `pypi:NAME`.
        channel: its origin; empty for distributions of pip.
        url: of its archive, without credentials, or the origin of a distribution that is not from an
            index (PEP 610); empty if unknown.
        sha256: of that archive (hex); empty if unknown.
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
    license: str = ""
    summary: str = ""
    paths: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """Return `conda` or `pypi`."""
        return self.id.partition(":")[0]


def read_items(prefix: Path, seal: Seal | None) -> tuple[list[Item], list[str]]:
    """Return every package and distribution by id, and a line for each record that cannot be read."""
    records, problems = scan_records(prefix)
    by_name = {record.name: f"conda:{record.name}" for record in records}
    owned = {entry.path: r.name for r in records for entry in r.paths_data.paths}
    about: dict[str, Metadata] = {}
    of_pip: dict[str, str] = {}
    for path in sorted(filter(_DIST_INFO.fullmatch, owned)):
        metadata = _metadata(prefix, path)
        about.setdefault(owned[path], metadata)
        of_pip[metadata.name] = by_name[owned[path]]
    found = scan_distributions(prefix, owned)
    of_pip |= {d.name: f"pypi:{d.name}" for d in found}
    asked = read_requested(prefix)
    lines = [str(line) for line in seal.spec.get("requirements", ())] if seal else []
    items = [_package(r, by_name, asked, about.get(r.name, _NOTHING)) for r in records]
    wheels = locked_wheels(seal.lock.wheels) if seal else []
    items += [_distribution(prefix, d, of_pip, locked_wheel(wheels, d), lines) for d in found]
    return sorted({item.id: item for item in items}.values(), key=lambda item: item.id), problems


def _package(
    record: PrefixRecord,
    by_name: Mapping[str, str],
    asked: Mapping[str, str],
    about: Metadata,
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
        _sha256(record.sha256),
        _line(record.license) or about.license, about.summary,
        tuple(entry.path for entry in record.paths_data.paths),
        tuple(Need(spec, by_name.get(package_name(spec))) for spec in record.depends if spec.strip()),
        tuple(specs),
    )  # fmt: skip


def _distribution(
    prefix: Path,
    found: Distribution,
    of_pip: Mapping[str, str],
    wheel: LockedWheel | None,
    requirements: Iterable[str],
) -> Item:
    folder = found.record.rpartition("/")[0]
    about = _metadata(prefix, f"{folder}/METADATA")
    asked = [line for line in requirements if requirement_name(line) == found.name]
    if wheel is None and not asked and f"{folder}/REQUESTED" in {f.path for f in found.files}:
        asked = [found.name]  # pip's own note, wrong for wheels from a lock
    return Item(
        f"pypi:{found.name}", found.name, found.version,
        url=split_credentials(redact(wheel.url)).clean if wheel else found.origin or "",
        sha256=_sha256(wheel.sha256) if wheel else "",
        license=about.license, summary=about.summary,
        paths=tuple(file.path for file in found.files),
        needs=tuple(_pip_needs(about.requires, of_pip)),
        asked=tuple(asked),
    )  # fmt: skip


def _pip_needs(lines: Iterable[str], of_pip: Mapping[str, str]) -> Iterable[Need]:
    """Parse Requires-Dist without extras; with another marker, only installed distributions count."""
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


def _sha256(value: object) -> str:
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else ""


def _line(value: object) -> str:
    return " ".join(value.split())[:500] if isinstance(value, str) else ""


@dataclass(frozen=True)
class Metadata:
    """The metadata of a distribution."""

    name: str
    """Normalised (PEP 503)."""
    summary: str
    license: str
    requires: tuple[str, ...]


_NOTHING = Metadata("", "", "", ())


def _metadata(prefix: Path, path: str) -> Metadata:
    """Read a METADATA file; all is empty if it is missing or unreadable."""
    headers = read_metadata(prefix, path)
    if headers is None:
        return _NOTHING
    licence = words(headers["License-Expression"]) or words(headers["License"])
    if not licence or len(licence) > _LONGEST_NAME or licence.upper() == "UNKNOWN":
        lines = map(words, headers.get_all("Classifier", []))
        licence = ", ".join(c.removeprefix(_CLASSIFIER) for c in lines if c.startswith(_CLASSIFIER))
    requires = tuple(map(words, headers.get_all("Requires-Dist", [])))
    name = canonicalize_name(words(headers["Name"]))
    return Metadata(name, words(headers["Summary"])[:500], licence, requires)


def roots(items: Sequence[Item]) -> list[str]:
    """Return the requested ids.

    If none is known, those that no other item needs; else all.
    """
    asked = [item.id for item in items if item.asked]
    wanted = {need.on for item in items for need in item.needs if need.on != item.id}
    free = [item.id for item in items if item.id not in wanted]
    return sorted(asked or free or [item.id for item in items])


def chains(items: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Return item -> the shortest chain of ids from one of the `roots` down to it, both included.

    Of several it is the first by name. Unreachable items are left out.
    """
    known = {item.id: item for item in items}
    found: dict[str, tuple[str, ...]] = {root: (root,) for root in roots(items)}
    level = list(found)
    while level:
        following = []
        for name in level:
            for on in sorted({need.on for need in known[name].needs if need.on}):
                if on not in found:
                    found[on] = (*found[name], on)
                    following.append(on)
        level = following
    return found


@dataclass
class Share:
    """Files and bytes of an item."""

    files: int = 0
    size: int = 0
    """Bytes; a file with several names in the prefix counts once."""


def measure_shares(
    prefix: Path, items: Sequence[Item]
) -> tuple[dict[str, Share], dict[str, Share]]:
    """Measure each item, and the files that no item owns (by the words of `OTHERS`).

    Links are not followed; unreadable files are left out.
    """
    owner = {path: item.id for item in items for path in item.paths}
    owned = {item.id: Share() for item in items}
    others = {words: Share() for words in OTHERS.values()}
    seen: set[tuple[int, int]] = set()
    for entry in walk(prefix, tolerant=True):
        if entry.is_dir:
            continue
        whose = owner.get(entry.relative)
        first = entry.relative.partition("/")[0]
        share = owned[whose] if whose else others[OTHERS.get(first, OTHERS[""])]
        share.files += 1
        key = (entry.status.st_dev, entry.status.st_ino)
        if entry.status.st_nlink > 1 and key in seen:
            continue
        seen.add(key)
        share.size += entry.status.st_size
    return owned, {words: share for words, share in others.items() if share.files}
