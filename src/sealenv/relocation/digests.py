"""Update the digests of rewritten files in package records and in pip's RECORD.

A digest is replaced only if it is that of the file before: a file that was altered stays altered.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sealenv.system.hashing import sha256_of

__all__ = ["Mark", "Rewritten", "redigest_record", "redigest_wheel"]


class Mark(NamedTuple):
    """The sha256 (32 bytes) and the size of some data."""

    sha256: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Mark:
        """Return the mark of these bytes."""
        return cls(hashlib.sha256(data).digest(), len(data))

    @classmethod
    def of_file(cls, name: str | bytes) -> Mark:
        """Return the mark of a file, which is not read into memory."""
        return cls(sha256_of(name), os.lstat(name).st_size)


class Rewritten(NamedTuple):
    """The marks of a file before and after it was rewritten."""

    before: Mark
    after: Mark


def redigest_record(content: bytes, changed: Mapping[str, Rewritten]) -> bytes:
    """Update the digests in a package record (CEP 32).

    A file of the package has `sha256_in_prefix`. For an entry point, which no package contains,
    rattler writes `sha256` and the size, and conda only the size.

    Args:
        content: `conda-meta/NAME-VERSION-BUILD.json`.
        changed: the rewritten files, by their path in the record.
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

    Args:
        content: the RECORD. Its paths are relative to the folder that contains the `.dist-info`.
        record: its own path relative to the prefix, with `/`.
        changed: the rewritten files, by path relative to the prefix.
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
