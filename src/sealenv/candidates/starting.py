"""What a candidate starts in the end: an interpreter, or the program behind a wrapper or launcher."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sealenv.candidates.batch import wrapped
from sealenv.candidates.candidate import Candidate, Kind
from sealenv.system.files import open_regular

__all__ = ["Starts", "starts"]

_HEAD = 8192
_LARGEST = 16 << 20
"""Bytes of a launcher; they have a hundred thousand."""
_SHEBANG = re.compile(rb"#![ \t]*(?:\"([^\"\r\n]+)\"|(\S+))[ \t]*([^\r\n]*)")
_EXEC = re.compile(rb"""#!/bin/sh\n'''exec' (?:"([^"\n]+)"|'((?:[^'\n]|'"'"')+)'|([^ "'\n]+))""")
"""As pip, rattler and uv (single quotes) write a path that the kernel does not take."""
_BESIDE = re.compile(rb"exec \"\$\{s%/\*\}/([^\"\n]+)\"(?: -[-\w=]+)* \"\$0\"")
"""The lines that `audit --fix` writes (portability/rules.py), with options such as `-E` or without."""
_LINE_BEHIND = re.compile(rb"#!(?:\"([^\"\r\n]+)\"|([^\r\n]+?))[ \t]*\r?\n(?=PK\x03\x04)")


@dataclass(frozen=True)
class Starts:
    """A program that another one starts."""

    path: str
    exists: bool
    how: str
    """interpreter, wrapper, launcher, link; or shell: there is no first line, and a shell runs it."""


def starts(
    candidate: Candidate,
    environ: Mapping[str, str],
    find: Callable[[str], str | None],
    *,
    windows: bool,
) -> Starts | None:
    """What it starts besides itself; None when it is the program, or nothing tells.

    Args:
        candidate: a file.
        environ: the variables that it is started with.
        find: what a name is on the same PATH, for `/usr/bin/env NAME`.
        windows: it is a file for Windows, whatever this is.
    """
    path = candidate.path
    if path is None or candidate.kind in (Kind.OTHER, Kind.DOCUMENT):
        return None
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD)
            if windows and head.startswith(b"MZ"):
                rest = file.read(_LARGEST) if os.path.getsize(path) <= _LARGEST else b""
                return _launcher(path, head + rest)
    except OSError:
        return None
    if windows:
        return _batch(path, head, environ, find) if candidate.kind is Kind.BATCH else None
    if os.path.islink(path) and candidate.kind is Kind.PROGRAM:
        return _there(os.path.realpath(path), "link")
    return _script(path, head, find) if candidate.kind is Kind.SCRIPT else None


def _script(path: str, head: bytes, find: Callable[[str], str | None]) -> Starts:
    if found := _EXEC.match(head):
        program = found[1] or (found[2] or b"").replace(b"'\"'\"'", b"'") or found[3]
        return _there(os.fsdecode(program), "interpreter")
    if head.startswith(b"#!/bin/sh\n") and (beside := _BESIDE.search(head)):
        folder = os.path.dirname(os.path.realpath(path))
        return _there(os.path.join(folder, os.fsdecode(beside[1])), "interpreter")
    line = _SHEBANG.match(head)
    if not line:
        return Starts("/bin/sh", os.path.exists("/bin/sh"), "shell")
    interpreter = os.fsdecode(line[1] or line[2])
    words = _env_words(os.fsdecode(line[3]))
    if head[line.end() : line.end() + 1] == b"\r":  # for the system it is a part of the name
        if not line[3]:
            return _there(f"{interpreter}\r", "interpreter")
        words = [*words[:-1], f"{words[-1]}\r"] if len(words) == 1 else words
    if os.path.basename(interpreter) == "env" and words:
        named = find(words[0])
        return _there(named, "interpreter") if named else Starts(words[0], False, "interpreter")
    return _there(interpreter, "interpreter")


def _env_words(text: str) -> list[str]:
    """The program that env(1) starts, and its arguments: without env's own options and settings."""
    words = text.split()
    while words and (words[0].startswith("-") or "=" in words[0]):
        taken = words.pop(0)
        if taken in ("-u", "-C", "--unset", "--chdir") and words:
            words.pop(0)
    return words


def _batch(
    path: str, head: bytes, environ: Mapping[str, str], find: Callable[[str], str | None]
) -> Starts | None:
    text = head.decode("utf-8", "replace")
    target = wrapped(text, path.replace("/", "\\"), environ)
    if target and "\\" not in target:
        target = find(target)
    return _there(_native(target), "wrapper") if target else None


def _launcher(path: str, content: bytes) -> Starts | None:
    """pip's have a line behind the program; conda's and setuptools' start the script beside them."""
    folder = os.path.dirname(path)
    stem = os.path.splitext(path)[0]
    for script in (f"{stem}-script.py", f"{stem}-script.pyw"):
        try:
            with open_regular(script) as file:
                line = _SHEBANG.match(file.read(_HEAD))
        except OSError:
            continue
        named = os.fsdecode(line[1] or line[2]) if line else ""
        # Without a path it is the environment's: the launcher takes the python above its folder.
        plain = "\\" not in named and "/" not in named
        above = os.path.join(os.path.dirname(folder), "python.exe")
        return _there(above if plain else _native(named), "launcher")
    lines = list(_LINE_BEHIND.finditer(content))
    if not lines:
        return None
    interpreter = os.fsdecode(lines[-1][1] or lines[-1][2])
    interpreter = interpreter.replace("<launcher_dir>", folder)
    return _there(os.path.normpath(_native(interpreter)), "launcher")


def _native(path: str) -> str:
    r"""A path of Windows as this machine can look it up: a tree for Windows may lie on Linux."""
    return path if os.name == "nt" else path.replace("\\", "/")


def _there(path: str, how: str) -> Starts:
    return Starts(path, os.path.isfile(path), how)
