"""The two fingerprints of a prefix, as docs/reference/fingerprint.md prescribes them.

`packages` is the same anywhere, so files that hold the prefix are normalised. conda, mamba, py-rattler
and pip write launchers of their own, with the path of the interpreter in them; pip's for Windows hold a
time. The function that they call is the same in all of them.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sealenv.layout import is_windows
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.seals.distributions import Distribution, is_about_installing
from sealenv.seals.seal import Fingerprints
from sealenv.seals.snapshot import FILE, FOLDER, LINK, WORDS, Row, is_compiled, native, raw
from sealenv.system.files import open_regular

ENTRY_POINTS = frozenset(
    {
        "unix_python_entry_point",
        "windows_python_entry_point_script",
        "windows_python_entry_point_exe",
    }
)

_PIECE = 1 << 20
_PREFIX = b"/sealenv-prefix"
"""Replaces the prefix in a normalised file."""
_IMPORT = re.compile(rb"^\s*from ([\w.]+) import (\w+)\s*$", re.M)
_CALL = re.compile(rb"^\s*(?:raise |sys\.)(?:SystemExit|exit)\(([\w.]+)\(\)\)\s*$", re.M)
_LONGEST = 8192
"""The largest size of a launcher's text in bytes. A larger one is a program of its own."""
_LARGEST = 16 << 20
"""The largest size of a launcher in bytes; those of distlib and conda have a hundred thousand."""
_LONG_SHEBANG = re.compile(rb"#!/bin/sh\n'''exec' (\"[^\"\n]*\"|[^ \n]+) \"\$0\" \"\$@\"\n' '''\n")
_SHEBANG = re.compile(rb"#![^\n]*?[\\/]python[\w.]*\"?[ \t]*(\r?\n)")


@dataclass(frozen=True)
class Payload:
    """The input of the fingerprint `packages`.

    Attributes:
        prefix: the prefix.
        platform: its subdir.
        rows: its snapshot, with digests.
        records: its package records.
        distributions: what pip installed.
        patched: path -> sha256 (hex) of the file after sealenv has rewritten it.
        made_at: its former place, if files contain that path.
    """

    prefix: Path
    platform: str
    rows: Mapping[str, Row]
    records: Sequence[PrefixRecord]
    distributions: Sequence[Distribution] = ()
    patched: Mapping[str, str] = field(default_factory=dict)
    made_at: str | None = None


def fingerprints_of(payload: Payload, *, tree: bool = True) -> Fingerprints:
    """Compute both fingerprints; `tree` is None if it is not wanted."""
    rows = payload.rows.values()
    return Fingerprints(
        fingerprint(packages_lines(payload)),
        fingerprint(tree_lines(rows, payload.platform)) if tree else None,
    )


def fingerprint(lines: Iterable[str]) -> str:
    """Return sha256 (hex) of the lines."""
    text = "\n".join([*lines, ""])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def packages_lines(payload: Payload) -> list[str]:
    """Return the canonical lines of `packages`: what was installed, not where, when or by which tool."""
    windows = is_windows(payload.platform)
    rows = payload.rows
    lines = {
        path: (
            f"{kind} {'x' if rows[path].mode & 0o100 and not windows and kind != 'link' else '-'} "
            f"{digest} "
        )
        for path, kind, digest in _canonical(payload)
    }
    return [f"sealenv-packages-1 {payload.platform}", *_by_path(lines)]


def tree_lines(rows: Iterable[Row], platform: str) -> list[str]:
    """Return the lines of `tree`: every path, with mode and digest."""
    windows = is_windows(platform)
    lines = {}
    for row in rows:
        mode = "-" if windows or row.kind == LINK else f"{row.mode:04o}"
        lines[row.path] = f"{WORDS[row.kind]} {mode} {row.digest.hex() or '-'} "
    return [f"sealenv-tree-1 {platform}", *_by_path(lines)]


def promised(entry: RecordPath) -> str | None:
    """Return the sha256 (hex) that a record promises: as linked, else as in the package."""
    return entry.sha256_in_prefix or entry.sha256


def _canonical(payload: Payload) -> Iterator[tuple[str, str, str]]:
    """Return path, kind and digest (hex) of everything that packages and distributions installed."""
    owners: dict[str, list[RecordPath]] = {}
    for record in payload.records:
        for entry in record.paths_data.paths:
            if entry.original_path is None and not is_compiled(entry.path):
                owners.setdefault(entry.path, []).append(entry)
    normalise = _Normaliser(payload)
    scripts = "Scripts/" if is_windows(payload.platform) else "bin/"
    for path, entries in owners.items():
        row = payload.rows.get(path)
        if row is not None and row.kind != FOLDER:
            yield path, *_of_package(payload, row, entries, normalise)
    for distribution in payload.distributions:
        for item in distribution.files:
            path, row = item.path, payload.rows.get(item.path)
            if row is None or path in owners or is_compiled(path) or is_about_installing(path):
                continue
            if row.kind == LINK:
                yield path, "link", row.digest.hex()
            elif row.kind == FILE:
                patched = payload.patched.get(path) == row.digest.hex()
                sound = patched or item.sha256 in {None, row.digest}
                yield path, *normalise(path, script=sound and path.startswith(scripts))


def _of_package(
    payload: Payload, row: Row, entries: list[RecordPath], normalise: _Normaliser
) -> tuple[str, str]:
    """Return kind and digest of a package's file: as in the archive, if its bytes are as linked."""
    actual = row.digest.hex()
    if row.kind == LINK:
        return "link", actual
    if payload.patched.get(row.path) == actual:
        return normalise(row.path, script=entries[0].path_type in ENTRY_POINTS)
    # micromamba's records have no digest of a launcher: only what it starts counts.
    for entry in sorted(entries, key=lambda e: promised(e) != actual):
        point = entry.path_type in ENTRY_POINTS
        if promised(entry) == actual or (point and promised(entry) is None):
            if entry.sha256 and not point:
                return "file", entry.sha256
            return normalise(row.path, script=point)
    return normalise(row.path)


class _Normaliser:
    """Computes the canonical form of bytes that may contain the prefix."""

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        spellings = set()
        for place in filter(None, (os.fspath(payload.prefix), payload.made_at)):
            for form in (place, place.replace("\\", "/"), place.replace("\\", "\\\\")):
                spellings.add(form.encode("utf-8", "surrogateescape"))
        self.spellings = sorted(spellings, key=lambda s: (-len(s), s))

    def __call__(self, path: str, *, script: bool = False) -> tuple[str, str]:
        """Return kind and digest (hex) of a file; a `script` that calls a function is an entry point."""
        row = self.payload.rows[path]
        try:
            with open_regular(native(self.payload.prefix, path)) as file:
                if script:
                    point = self._entry_point(path, file)
                    if point is not None:
                        return "entry", hashlib.sha256(point.encode()).hexdigest()
                    file.seek(0)
                return "file", normalised_sha256(file, self.spellings, script=script)
        except OSError:
            return "file", row.digest.hex() or "unreadable"

    def _entry_point(self, path: str, file: BinaryIO) -> str | None:
        """Return `name=module:function`; of a binary launcher, that of the script beside it."""
        name = path.rpartition("/")[2]
        function = None
        beside = path.removesuffix(".exe") + "-script.py"
        if name.endswith(".exe") and beside in self.payload.rows:
            try:
                with open_regular(native(self.payload.prefix, beside)) as text:
                    function = _entry_point_of(text)
            except OSError:
                return None
        else:
            function = _entry_point_of(file)
        name = name.removesuffix(".exe").removesuffix("-script.py").removesuffix("-script.pyw")
        return f"{name}={function}" if function else None


def _entry_point_of(file: BinaryIO) -> str | None:
    """Return `module:function` if a file is a launcher, or a program with one in its archive."""
    content = file.read(_LONGEST + 1)
    if content.startswith(b"MZ"):
        content = _main_of(file)
    if not 0 < len(content) <= _LONGEST:
        return None
    imports, calls = _IMPORT.findall(content), _CALL.findall(content)
    if len(imports) != 1 or len(calls) != 1:
        return None
    module, name = imports[0]
    function: bytes = calls[0]
    if function.partition(b".")[0] != name:
        return None
    return f"{module.decode()}:{function.decode()}"


def _main_of(file: BinaryIO) -> bytes:
    """Return the text of the archive at the end of a program; nothing if it is not a launcher's."""
    if file.seek(0, io.SEEK_END) > _LARGEST:
        return b""
    import struct  # most launchers are text
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(file) as archive:
            entry = archive.getinfo("__main__.py")
            usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
            return archive.read(entry) if usual and entry.file_size <= _LONGEST else b""
    except (KeyError, ValueError, OSError, RuntimeError, zipfile.BadZipFile):
        return b""
    except (EOFError, zlib.error, struct.error):  # zipfile lets these through
        return b""


def _plain_script(content: bytes) -> bytes:
    """Return a script with `#!python` for its interpreter, as wheels have it.

    pip writes the path of the interpreter, or two lines of sh if the path is too long for the kernel.
    """
    for form in (_LONG_SHEBANG, _SHEBANG):
        found = form.match(content)
        if found:
            return b"#!python\n" + content[found.end() :]
    return content


def normalised_sha256(file: BinaryIO, spellings: Sequence[bytes], *, script: bool) -> str:
    """Return the sha256 (hex) of a file with each spelling of the prefix replaced.

    The first line of a `script` names the interpreter, and becomes `#!python`.
    """
    first = file.read(_PIECE)
    pieces: Iterator[bytes] = itertools.chain(
        [_plain_script(first) if script else first], iter(lambda: file.read(_PIECE), b"")
    )
    for spelling in spellings:
        pieces = _replaced(pieces, spelling, _PREFIX)
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _replaced(pieces: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """Replace bytes in a stream of pieces, of which one is held at a time."""
    rest = b""
    for piece in pieces:
        *before, rest = (rest + piece).split(old)
        # It may begin at the end of this piece, and end in the next.
        decided = max(len(rest) - len(old) + 1, 0)
        yield new.join([*before, rest[:decided]])
        rest = rest[decided:]
    yield rest


def _by_path(lines: dict[str, str]) -> list[str]:
    """Return each line with its path, sorted by the bytes of the escaped path."""
    escaped = {_escape(path): line for path, line in lines.items()}
    return [escaped[path] + path for path in sorted(escaped, key=raw)]


_SPECIAL = re.compile(r"[\x00-\x1f\\\x7f]")


def _escape(path: str) -> str:
    """Write control characters and backslashes as `\\xNN`."""
    return _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", path)
