"""The packages and distributions that own the files of an environment, and the digests in their records.

A digest is replaced only if it is that of the file before: a file that was altered stays altered.
"""

from __future__ import annotations

import base64
import csv
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sealenv.layout import META
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.relocation.journal import Rewritten
from sealenv.seals.distributions import Distribution, find_distributions
from sealenv.seals.snapshot import Row, source_of

SHIPPED = "its package ships it with these bytes: they do not mean this environment"
"""Why `move` leaves a file: see `Owners.is_shipped`."""
NO_SOURCE = "it is compiled Python without its source: compile it again"


@dataclass(frozen=True)
class Owner:
    """The owner of one file, and what its package record says (CEP 34).

    Attributes:
        name: a package or a distribution; None if the file has no owner.
        path_type: the type of the file in the record.
        placeholder: what was replaced by the path in it. A path in a program may become that long.
        file_mode: `text` or `binary`, if the path was written into it.
    """

    name: str | None = None
    path_type: str = ""
    placeholder: str | None = None
    file_mode: str | None = None

    @property
    def room(self) -> int:
        """How many bytes a path in a program may have; 0 if it must not become longer."""
        return len((self.placeholder or "").encode("utf-8", "surrogateescape"))


class Owners:
    """The owners of all files of an environment.

    Args:
        prefix: the environment.
        rows: its snapshot.
        records: its package records.
    """

    def __init__(
        self, prefix: Path, rows: Mapping[str, Row], records: Sequence[PrefixRecord]
    ) -> None:
        self._prefix, self._rows = prefix, rows
        self._entries: dict[str, list[tuple[PrefixRecord, RecordPath]]] = {}
        self._records = {record_path(record): record.name for record in records}
        for record in records:
            for entry in record.paths_data.paths:
                self._entries.setdefault(entry.path, []).append((record, entry))

    @cached_property
    def distributions(self) -> dict[str, Distribution]:
        """The distributions that pip installed, by the path of their RECORD."""
        found = find_distributions(self._prefix, self._rows, self._entries.__contains__)
        return {distribution.record: distribution for distribution in found}

    @cached_property
    def _listed(self) -> dict[str, str]:
        """The names of distributions, by the paths that their RECORDs list."""
        return {item.path: d.name for d in self.distributions.values() for item in d.files}

    def of(self, path: str) -> Owner:
        """Return the owner of a file; compiled Python belongs to the owner of its source."""
        entries = self._entries.get(path)
        if entries:
            record, entry = next((e for e in entries if e[1].prefix_placeholder), entries[0])
            mode = entry.file_mode if entry.prefix_placeholder else None
            return Owner(record.name, entry.path_type, entry.prefix_placeholder, mode)
        name = self._records.get(path) or self.distribution(path)
        source = source_of(path)
        if name is None and source:
            name = self.of(source).name
        return Owner(name)

    def distribution(self, path: str) -> str | None:
        """Return the name of the distribution whose RECORD lists a file."""
        return self._listed.get(path)

    def is_shipped(self, path: str, digest: bytes) -> bool:
        """Return whether a package ships bytes with that sha256, without a path written into them.

        They are the same in every environment: a path in them is not the path of this one.
        """
        return any(
            entry.path_type == "hardlink"
            and entry.prefix_placeholder is None
            and entry.sha256 == digest.hex()
            for _, entry in self._entries.get(path, ())
        )

    def lists_changed(self, record: str, changes: Mapping[str, Rewritten]) -> bool:
        """Return whether a RECORD lists a file that was changed."""
        return any(item.path in changes for item in self.distributions[record].files)

    def changed_of(self, record: str, changes: Mapping[str, Rewritten]) -> dict[str, Rewritten]:
        """Return the changed files that a package record lists, by the spelling in the record."""
        return {
            entry.written or path: change
            for path, change in changes.items()
            for owner, entry in self._entries.get(path, ())
            if record_path(owner) == record
        }


def record_path(record: PrefixRecord) -> str:
    """Return the relative path of a package record."""
    return f"{META}/{record.dist}.json"


def redigest_record(content: bytes, changed: Mapping[str, Rewritten]) -> bytes:
    """Update the digests in a package record (CEP 32); the changes are by the path in the record.

    A file of the package has `sha256_in_prefix`. For an entry point, which no package contains,
    rattler writes `sha256` and the size, and conda only the size.
    """
    try:
        record = json.loads(content)
        entries = record["paths_data"]["paths"]
    except (ValueError, KeyError, TypeError):
        return content
    known = [e for e in entries if isinstance(e, dict) and e.get("_path") in changed]
    results = [_redigest(entry, changed[entry["_path"]]) for entry in known]
    if not any(results):
        return content
    indent = re.match(rb"\{\r?\n( *)", content)
    text = json.dumps(record, ensure_ascii=False, indent=len(indent[1]) if indent else None)
    return text.encode("utf-8", "surrogatepass") + content[len(content.rstrip()) :]


def _redigest(entry: dict[str, Any], done: Rewritten) -> bool:
    """Update an entry of a record; return whether it changed."""
    shipped, linked = entry.get("sha256"), entry.get("sha256_in_prefix")
    before, after = done.before.sha256.hex(), done.after.sha256.hex()
    if (linked or shipped) not in (None, before):
        return False
    changed = False
    if linked or shipped:
        entry["sha256_in_prefix" if linked else "sha256"] = after
        changed = True
    # If the prefix was written into the file, the record has the size in the package.
    replaced = "prefix_placeholder" in entry or (shipped and linked and shipped != linked)
    if not replaced and entry.get("size_in_bytes") == done.before.size:
        entry["size_in_bytes"] = done.after.size
        changed = True
    return changed


def redigest_wheel(content: bytes, record: str, changed: Mapping[str, Rewritten]) -> bytes:
    """Update the digests and sizes in a `RECORD` of pip (PEP 376); other rows stay as they are.

    `record` is its path. The paths in it are relative to the folder that contains the `.dist-info`.
    """
    base = posixpath.dirname(posixpath.dirname(record))
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    return "\n".join(_row(line, base, changed) for line in lines).encode("utf-8", "surrogateescape")


def _row(line: str, base: str, changed: Mapping[str, Rewritten]) -> str:
    rows = list(csv.reader([line]))
    if len(rows) != 1 or len(rows[0]) != 3:
        return line
    path, digest, size = rows[0]
    done = changed.get(posixpath.normpath(posixpath.join(base, path.replace("\\", "/"))))
    if done is None or digest != _wheel_digest(done.before.sha256):
        return line
    head, _, tail = line.rpartition(digest)
    if size == str(done.before.size):
        tail = tail.replace(size, str(done.after.size))
    return head + _wheel_digest(done.after.sha256) + tail


def _wheel_digest(digest: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
