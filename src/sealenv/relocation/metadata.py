"""What vouches for files inside an environment: package records and pip's RECORDs. Pure functions.

Only what is known to have changed is replaced, byte by byte, so that a record keeps the layout of
whoever wrote it, and there and back gives the same bytes.
"""

from __future__ import annotations

import base64
import csv
import json
import posixpath
import re
from collections.abc import Mapping

from sealenv.relocation.changes import Change

__all__ = ["mend_record", "mend_wheel_record"]

_DIGEST = re.compile(rb'("sha256"\s*:\s*")([0-9a-f]{64})(")')
_IN_PREFIX = re.compile(rb'("sha256_in_prefix"\s*:\s*")([0-9a-f]{64})(")')
_SIZE = re.compile(rb'("size_in_bytes"\s*:\s*)(\d+)')


def mend_record(data: bytes, changes: Mapping[str, Change]) -> bytes:
    """A package's record (CEP 32), with the digests that its files have now.

    A file of the package has `sha256_in_prefix`; of an entry point, which is in no package, engines
    write `sha256` and its size.

    Args:
        data: the record's JSON.
        changes: of that package's files.
    """
    for path, change in changes.items():
        names = {json.dumps(path), json.dumps(path, ensure_ascii=False)}
        spelled = b"|".join(re.escape(n.encode("utf-8", "surrogateescape")) for n in sorted(names))
        found = re.search(rb'"_path"\s*:\s*(?:' + spelled + rb")", data)
        if found is None:
            continue
        start, end = data.rfind(b"{", 0, found.start()), data.find(b"}", found.end())
        data = data[:start] + _mend_entry(data[start:end], change) + data[end:]
    return data


def _mend_entry(entry: bytes, change: Change) -> bytes:
    key = _IN_PREFIX if _IN_PREFIX.search(entry) else _DIGEST
    digest = key.search(entry)
    if digest is None or digest[2] != change.before.sha256.hex().encode():
        return entry
    entry = key.sub(lambda m: m[1] + change.after.sha256.hex().encode() + m[3], entry)
    if b'"prefix_placeholder"' in entry:
        return entry  # its size is that in the package
    sizes = str(change.before.size).encode(), str(change.after.size).encode()
    return _SIZE.sub(lambda m: m[1] + sizes[1] if m[2] == sizes[0] else m[0], entry)


def mend_wheel_record(data: bytes, record: str, changes: Mapping[str, Change]) -> bytes:
    """A distribution's RECORD (PEP 376), digests and sizes as the files are now.

    Args:
        data: its bytes.
        record: its path, relative to the prefix.
        changes: by path, relative to the prefix.
    """
    site = posixpath.dirname(posixpath.dirname(record))
    lines = data.splitlines(keepends=True)
    for number, line in enumerate(lines):
        try:
            fields = next(csv.reader([line.decode("utf-8").rstrip("\r\n")]), [])
        except (UnicodeDecodeError, csv.Error):
            continue
        if len(fields) != 3:
            continue
        path = posixpath.normpath(posixpath.join(site, fields[0].replace("\\", "/")))
        change = changes.get(path)
        if change is None or fields[1] != _written(change.before.sha256):
            continue
        old = f"{fields[1]},{fields[2]}".encode()
        size = str(change.after.size) if fields[2] == str(change.before.size) else fields[2]
        new = f"{_written(change.after.sha256)},{size}".encode()
        head, found, tail = line.rpartition(old)
        if found:
            lines[number] = head + new + tail
    return b"".join(lines)


def _written(digest: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
