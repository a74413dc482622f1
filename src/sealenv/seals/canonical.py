"""The canonical form of files that hold the prefix: for fingerprints that are the same anywhere.

conda, mamba, py-rattler and pip write launchers of their own, with the path of the interpreter in them;
pip's for Windows hold a time. The function that they call is the same in all of them.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

__all__ = ["entry_point", "normalised_sha256", "plain_script", "replaced"]

_PIECE = 1 << 20
_PREFIX = b"/sealenv-prefix"
"""What stands for the prefix in a normalised file."""
_IMPORT = re.compile(rb"^\s*from ([\w.]+) import (\w+)\s*$", re.M)
_CALL = re.compile(rb"^\s*(?:raise |sys\.)(?:SystemExit|exit)\(([\w.]+)\(\)\)\s*$", re.M)
_LONGEST = 8192
"""Bytes of a launcher's text: more is a program of its own."""
_LARGEST = 16 << 20
"""Bytes of a program with such a text at its end; distlib's and conda's have a hundred thousand."""
_LONG_SHEBANG = re.compile(rb"#!/bin/sh\n'''exec' (\"[^\"\n]*\"|[^ \n]+) \"\$0\" \"\$@\"\n' '''\n")
_SHEBANG = re.compile(rb"#![^\n]*?[\\/]python[\w.]*\"?[ \t]*(\r?\n)")


def entry_point(file: BinaryIO) -> str | None:
    """`module:function` of a launcher's text, or of a program with one in the archive at its end.

    None: none of them writes such a launcher.

    Args:
        file: open at its beginning.
    """
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
    """The text in the archive at the end of a program; empty when there is none of a launcher's size."""
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
    except (EOFError, zlib.error, struct.error):
        return b""  # zipfile lets these through


def plain_script(content: bytes) -> bytes:
    """A script with `#!python` for its interpreter, as wheels have it.

    pip writes the interpreter's path, or where that is too long for the kernel two lines of sh.
    """
    for form in (_LONG_SHEBANG, _SHEBANG):
        found = form.match(content)
        if found:
            return b"#!python\n" + content[found.end() :]
    return content


def normalised_sha256(file: BinaryIO, spellings: Sequence[bytes], *, script: bool) -> str:
    """sha256 (hex) of a file with the prefix replaced.

    Args:
        file: open at its beginning.
        spellings: of the prefix, each replaced in what the one before it left.
        script: the line that names its interpreter is `#!python`.
    """
    wanted = min(os.fstat(file.fileno()).st_size + 1, _PIECE)
    first = file.read(wanted)
    whole = len(first) < wanted
    if script:
        first = plain_script(first)
    if whole:  # nearly always
        for spelling in spellings:
            first = first.replace(spelling, _PREFIX)
        return hashlib.sha256(first).hexdigest()
    pieces = _all(first, file)
    for spelling in spellings:
        pieces = replaced(pieces, spelling, _PREFIX)
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _all(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield first
    while piece := file.read(_PIECE):
        yield piece


def replaced(pieces: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """`bytes.replace` of what the pieces make together; not more than a piece is held."""
    rest = b""
    for piece in pieces:
        *before, rest = (rest + piece).split(old)
        # It may begin at the end of this piece, and end in the next.
        decided = max(len(rest) - len(old) + 1, 0)
        yield new.join([*before, rest[:decided]])
        rest = rest[decided:]
    yield rest
