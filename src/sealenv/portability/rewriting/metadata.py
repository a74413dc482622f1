"""Records that name digests of files: what they say of a file that was rewritten.

A digest is only replaced where it is that of the file as it was: what somebody else had altered stays
altered in the eyes of the record.
"""

from __future__ import annotations

import base64
import csv
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sealenv.portability.rewriting.change import Edit, splice

__all__ = ["Digests", "redigest_record", "redigest_wheel"]


@dataclass(frozen=True)
class Digests:
    """A file before and after it was rewritten; sha256 as 32 bytes, sizes in bytes."""

    before: bytes
    after: bytes
    size_before: int
    size_after: int


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')


def redigest_record(content: bytes, changed: Mapping[str, Digests]) -> bytes:
    """A package's record (CEP 32) with `sha256_in_prefix` of the files that were rewritten.

    Nothing else of it changes, whoever wrote it and however it is set.

    Args:
        content: of `conda-meta/NAME-VERSION-BUILD.json`.
        changed: by path relative to the prefix, with `/`.
    """
    edits = []
    opened: list[dict[bytes, tuple[bytes, int]]] = []
    key: bytes | None = None
    end = 0
    for token in _TOKEN.finditer(content):
        text = token[0]
        if text in (b"{", b"["):
            opened.append({})
            key = None
        elif text in (b"}", b"]"):
            if opened:
                edits += _record_edit(opened.pop(), changed)
            key = None
        elif opened:
            if key is not None and content[end : token.start()].strip() == b":":
                opened[-1][key] = (text, token.start())
                key = None
            else:
                key = text
        end = token.end()
    return splice(content, edits)


def _record_edit(
    fields: dict[bytes, tuple[bytes, int]], changed: Mapping[str, Digests]
) -> list[Edit]:
    path, digest = fields.get(b'"_path"'), fields.get(b'"sha256_in_prefix"')
    if path is None or digest is None:
        return []
    digests = changed.get(json.loads(path[0]))
    if digests is None or digest[0] != f'"{digests.before.hex()}"'.encode():
        return []
    return [Edit(digest[1], digest[1] + len(digest[0]), f'"{digests.after.hex()}"'.encode())]


def redigest_wheel(content: bytes, record: str, changed: Mapping[str, Digests]) -> bytes:
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


def _row(line: str, base: str, changed: Mapping[str, Digests]) -> str:
    rows = list(csv.reader([line]))
    if len(rows) != 1 or len(rows[0]) != 3:
        return line
    path, digest, size = rows[0]
    digests = changed.get(posixpath.normpath(posixpath.join(base, path.replace("\\", "/"))))
    if digests is None or digest != _wheel_digest(digests.before):
        return line
    head, _, tail = line.rpartition(digest)
    if size == str(digests.size_before):
        tail = tail.replace(size, str(digests.size_after))
    return head + _wheel_digest(digests.after) + tail


def _wheel_digest(digest: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
