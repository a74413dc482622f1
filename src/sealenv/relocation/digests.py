"""Update the digests of rewritten files: in package records, pip's RECORD, the file table and the seal.

A digest is replaced only if it is that of the file before: a file that was altered stays altered.
Compiled Python that was deleted has no row in the new file table: Python may write it again.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from sealenv.relocation.journal import Rewritten
from sealenv.relocation.relocation import Relocation
from sealenv.seals.contents import adopt_copies
from sealenv.seals.filetable import encode
from sealenv.seals.fingerprint import fingerprint, tree_lines
from sealenv.seals.seal import Fingerprints, Seal
from sealenv.seals.snapshot import FILE, Row, native, row_of
from sealenv.spec.model import current_platform

__all__ = ["next_seal", "next_table", "redigest_record", "redigest_wheel"]


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


def next_table(
    move: Relocation,
    changes: Mapping[str, Rewritten],
    now: Mapping[str, Row],
    *,
    deleted: Collection[str] = (),
    copied: bool = False,
    digests: Mapping[str, bytes] | None = None,
) -> dict[str, Row] | None:
    """Return the rows of the new file table; None if the environment has no table.

    Args:
        move: the rewritten environment.
        changes: the files that were rewritten.
        now: its snapshot from before that.
        deleted: compiled Python that was deleted now; missing files were deleted before.
        copied: the files are copies of the sealed ones, with other inodes and times.
        digests: of the copies, as far as they are known; others are read.

    Raises:
        OSError: a file cannot be read.
    """
    if move.table is None:
        return None
    sealed = {
        path: row
        for path, row in move.table.items()
        if not path.endswith(".pyc") or (path in now and path not in deleted)
    }
    for path, change in changes.items():
        then = sealed.get(path)
        if then is None or then.digest != change.before.sha256:
            continue
        then = sealed[path] = then.copy()
        status = row_of(path, os.lstat(native(move.prefix, path)))
        # A rewritten file keeps its time. If another program has written to it since, it has another
        # one, and is not sealed.
        is_file = status.kind == FILE and path in now
        then.digest, then.size, then.inode = change.after.sha256, change.after.size, status.inode
        then.mtime_ns = now[path].mtime_ns if is_file else status.mtime_ns
    if copied:
        others = {path: row.copy() for path, row in sealed.items() if path not in changes}
        adopt_copies(move.prefix, others, now, digests or {})
        sealed |= others
    return sealed


def next_seal(
    move: Relocation, changes: Mapping[str, Rewritten], rows: Mapping[str, Row] | None
) -> tuple[Seal, bytes | None]:
    """Return the new seal, and the encoded file table that it names.

    If the environment runs on this machine, it is unchecked until it has run at its new place.
    """
    after = {c.before.sha256.hex(): c.after.sha256.hex() for c in changes.values()}
    seal = msgspec.structs.replace(
        move.seal,
        prefix=move.new,
        checked=move.seal.checked and move.seal.platform != current_platform(),
        patched=[
            msgspec.structs.replace(note, after=after.get(note.after, note.after))
            if note.path in changes
            else note
            for note in move.seal.patched
        ],
        pip=[
            msgspec.structs.replace(note, sha256=after.get(note.sha256, note.sha256))
            if note.record in changes
            else note
            for note in move.seal.pip
        ],
    )
    if rows is None:
        return seal, None
    table = encode(rows.values())
    seal.files = hashlib.sha256(table).hexdigest()
    if seal.fingerprints is not None:
        tree = fingerprint(tree_lines(rows.values(), seal.platform))
        seal.fingerprints = Fingerprints(seal.fingerprints.packages, tree)
    return seal, table
