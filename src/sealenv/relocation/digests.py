"""Records with digests of files: what they say of a file that was rewritten.

A digest is replaced only if it is that of the file as it was: a file that was altered before stays
altered by the record.
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
    """What identifies bytes: sha256 as 32 bytes, size in bytes."""

    sha256: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Mark:
        """That of these bytes."""
        return cls(hashlib.sha256(data).digest(), len(data))

    @classmethod
    def of_file(cls, name: str | bytes) -> Mark:
        """That of a file, which is not held in memory."""
        return cls(sha256_of(name), os.lstat(name).st_size)


class Rewritten(NamedTuple):
    """A file before and after it was rewritten."""

    before: Mark
    after: Mark


def redigest_record(content: bytes, changed: Mapping[str, Rewritten]) -> bytes:
    """A package's record (CEP 32) with the digests that its files have now.

    A file of the package has `sha256_in_prefix`; of an entry point, which is in no package, rattler
    writes `sha256` and its size, and conda the size alone.

    Args:
        content: of `conda-meta/NAME-VERSION-BUILD.json`.
        changed: by path as the record has it, with `/`.
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
    """Change an entry of a record; whether anything of it changed."""
    shipped, linked = entry.get("sha256"), entry.get("sha256_in_prefix")
    before, after = done.before.sha256.hex(), done.after.sha256.hex()
    if (linked or shipped) not in (None, before):
        return False
    changed = False
    if linked or shipped:
        entry["sha256_in_prefix" if linked else "sha256"] = after
        changed = True
    # Of a file that the prefix was written into, it is the size in the package.
    replaced = "prefix_placeholder" in entry or (shipped and linked and shipped != linked)
    if not replaced and entry.get("size_in_bytes") == done.before.size:
        entry["size_in_bytes"] = done.after.size
        changed = True
    return changed


def redigest_wheel(content: bytes, record: str, changed: Mapping[str, Rewritten]) -> bytes:
    """pip's `RECORD` with digests and sizes of the files that were rewritten; other rows stay.

    The format is that of PEP 376 and of "Recording installed projects" of the PyPA: path, digest,
    size; a path is relative to the folder that holds the `.dist-info`.

    Args:
        content: of the RECORD.
        record: its own path relative to the prefix, with `/`.
        changed: by path relative to the prefix.
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
