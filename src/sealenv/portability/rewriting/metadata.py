"""Records that name digests of files: what they say of a file that was rewritten.

A digest is only replaced where it is that of the file as it was: what somebody else had altered stays
altered in the eyes of the record.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from typing import NamedTuple

from sealenv.portability.rewriting.change import splice
from sealenv.portability.rewriting.edits import Edit

__all__ = ["Mark", "Rewritten", "redigest_record", "redigest_wheel"]


class Mark(NamedTuple):
    """By what bytes are known: sha256 as 32 bytes, size in bytes."""

    sha256: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Mark:
        """That of these bytes."""
        return cls(hashlib.sha256(data).digest(), len(data))


class Rewritten(NamedTuple):
    """A file before and after it was rewritten."""

    before: Mark
    after: Mark


_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
_PATH = re.compile(rb'"_path"\s*:\s*(' + _STRING + rb")")
_TOKEN = re.compile(_STRING + rb"|-?\d[\d.eE+-]*|[{}\[\]]")
_TRIES = 32
"""How many `{` before `_path` may be in strings."""

Fields = dict[bytes, tuple[bytes, int]]
"""Of an object: the key, as it is written -> a string or a number, as it is written, and where."""


def redigest_record(content: bytes, changed: Mapping[str, Rewritten]) -> bytes:
    """A package's record (CEP 32) with the digests that its files have now.

    A file of the package has `sha256_in_prefix`; of an entry point, which is in no package, rattler
    writes `sha256` and its size, and conda the size alone. Nothing else of it changes.

    Args:
        content: of `conda-meta/NAME-VERSION-BUILD.json`.
        changed: by path as the record has it, with `/`.
    """
    # Thousands of paths, few of them changed: most are written plainly, and not parsed then.
    plain = {f'"{path}"'.encode("utf-8", "surrogatepass"): done for path, done in changed.items()}
    edits: list[Edit] = []
    for found in _PATH.finditer(content):
        text = found[1]
        done = plain.get(text) if b"\\" not in text else changed.get(_unescaped(text))
        if done is not None:
            edits += _entry_edits(_object_around(content, found), done)
    return splice(content, edits)


def _unescaped(text: bytes) -> str:
    """What a string of JSON says; empty where it is none, or no UTF-8: no package can name that."""
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


def _object_around(content: bytes, path: re.Match[bytes]) -> Fields:
    """The object that a key is in; the `{` before it may be in a string."""
    start = path.start()
    for _ in range(_TRIES):
        start = content.rfind(b"{", 0, start)
        if start < 0:
            break
        fields = _fields(content, start)
        if fields.get(b'"_path"') == (path[1], path.start(1)):
            return fields
    return {}


def _fields(content: bytes, start: int) -> Fields:
    """Those of the object that begins at `start`, without what is nested in it."""
    fields: Fields = {}
    key: bytes | None = None
    depth = end = 0
    for token in _TOKEN.finditer(content, start):
        text = token[0]
        if text in b"{[":
            depth += 1
            key = None
        elif text in b"}]":
            depth -= 1
            key = None
            if not depth:
                break
        elif depth == 1:
            if key is not None and content[end : token.start()].strip() == b":":
                fields[key] = (text, token.start())
                key = None
            else:
                key = text
        end = token.end()
    return fields


def _entry_edits(fields: Fields, done: Rewritten) -> list[Edit]:
    shipped, linked = fields.get(b'"sha256"'), fields.get(b'"sha256_in_prefix"')
    digest = linked or shipped
    edits = []
    if digest is not None:
        if digest[0] != f'"{done.before.sha256.hex()}"'.encode():
            return []
        edits.append(_edit(digest, f'"{done.after.sha256.hex()}"'))
    size = fields.get(b'"size_in_bytes"')
    # Of a file that the prefix was written into it is the size in the package.
    replaced = b'"prefix_placeholder"' in fields or (shipped and linked and shipped[0] != linked[0])
    if size and not replaced and size[0] == b"%d" % done.before.size:
        edits.append(_edit(size, str(done.after.size)))
    return sorted(edits, key=lambda edit: edit.start)


def _edit(token: tuple[bytes, int], text: str) -> Edit:
    return Edit(token[1], token[1] + len(token[0]), text.encode())


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
