"""Entry points: what a launcher starts, whoever wrote it and wherever it lies.

conda, mamba, py-rattler and pip write launchers of their own, with the path of the interpreter in them,
and pip's for Windows hold a time. What is the same in all of them is the function that they call.
"""

from __future__ import annotations

import io
import re
from typing import BinaryIO

__all__ = ["entry_point", "plain_script"]

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

    None: it is no launcher that any of them writes.

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
