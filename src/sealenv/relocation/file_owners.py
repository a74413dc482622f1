"""The owner of a file that holds a path: a package, a distribution, or sealenv."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sealenv.layout import FILES, HISTORY, META, SEAL
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.relocation.classify import Owner
from sealenv.seals.check_compiled import source_of
from sealenv.seals.distributions import find_distributions
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import Row

__all__ = ["owners_of"]


def owners_of(
    prefix: Path,
    seal: Seal | None,
    rows: Mapping[str, Row],
    records: Sequence[PrefixRecord],
    paths: Collection[str],
) -> dict[str, Owner]:
    """The owner of each path that has one.

    Args:
        prefix: the prefix.
        seal: of it.
        rows: its snapshot.
        records: its package records.
        paths: which are asked for, as the disk spells them.
    """
    spelled = {_folded(path): path for path in paths}
    for path in paths:
        if source := source_of(path):
            spelled.setdefault(_folded(source), source)
    found: dict[str, Owner] = {}
    owned = set()
    for record in records:
        found[f"{META}/{record.dist}.json"] = Owner(record.name)
        for entry in record.paths_data.paths:
            owned.add(entry.path)
            known = spelled.get(_folded(entry.path))
            if known and (known not in found or entry.prefix_placeholder):
                before = found[known].shipped if known in found else ()
                found[known] = Owner(
                    record.name, entry.path_type, entry.prefix_placeholder, entry.file_mode,
                    (*before, *_shipped(entry)),
                )  # fmt: skip
    for path in (*(seal.activation if seal else ()), SEAL, FILES):
        found[path] = Owner("sealenv", ours=True)
    if any(path not in found and path != HISTORY for path in spelled.values()):
        for distribution in find_distributions(prefix, rows, owned.__contains__):
            for item in distribution.files:
                known = spelled.get(_folded(item.path))
                if known:
                    found.setdefault(known, Owner(distribution.name))
    for path in paths:
        source = source_of(path)
        if path not in found and source and source in found:
            found[path] = Owner(found[source].name)
    return {path: owner for path, owner in found.items() if path in paths}


def _shipped(entry: RecordPath) -> tuple[str, ...]:
    plain = entry.path_type == "hardlink" and entry.prefix_placeholder is None
    return (entry.sha256,) if plain and entry.sha256 else ()


def _folded(path: str) -> str:
    return path.casefold() if os.name == "nt" else path
