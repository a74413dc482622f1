"""What a candidate starts in the end: an interpreter, or the program behind a wrapper or launcher."""

from __future__ import annotations

import ntpath
import os
import re
from collections.abc import Callable

from sealenv.inventory.candidates import Candidate, Kind, Starts
from sealenv.system.files import open_regular

__all__ = [
    "starts",
    "wrapped",
]

_HEAD = 8192
_LARGEST = 16 << 20
"""Bytes of a launcher; they have a hundred thousand."""
_SHEBANG = re.compile(rb"#![ \t]*(?:\"([^\"\r\n]+)\"|(\S+))[ \t]*([^\r\n]*)")
_EXEC = re.compile(rb"""#!/bin/sh\n'''exec' (?:"([^"\n]+)"|'((?:[^'\n]|'"'"')+)'|([^ "'\n]+))""")
"""As pip, rattler and uv (single quotes) write a path that the kernel does not accept."""
_BESIDE = re.compile(rb"exec \"\$\{s%/\*\}/([^\"\n]+)\"(?: -[-\w=]+)* \"\$0\"")
"""The lines that `audit --fix` writes (portability/rules.py), with options such as `-E` or without."""
_LINE_BEHIND = re.compile(rb"#!(?:\"([^\"\r\n]+)\"|([^\r\n]+?))[ \t]*\r?\n(?=PK\x03\x04)")

_FOR = re.compile(r'for\s+%%([a-z])\s+in\s+\("([^"]*)"\)\s+do\s+@?(.*)', re.I)
_SET = re.compile(r'(?:if\s+not\s+defined\s+\S+\s+@?)?set\s+"?([^=\s"]+)=([^"]*)"?\s*$', re.I)
_CALL = re.compile(r'(?:call\s+)?(?:"([^"]+)"|([^\s"]+)).*%\*', re.I)
_VARIABLE = re.compile(r"%([^%*~\s]+)%")


def starts(
    candidate: Candidate, find: Callable[[str], str | None], *, windows: bool
) -> Starts | None:
    """Return what it starts; None: it is the program itself, or that is not known.

    Args:
        candidate: a file.
        find: what a name is on the same PATH, for `/usr/bin/env NAME`.
        windows: it is a file for Windows, also if this machine is not.
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
        return _batch(path, head, find) if candidate.kind is Kind.BATCH else None
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
        return _there("/bin/sh", "shell")
    interpreter = os.fsdecode(line[1] or line[2])
    words = [word for word in os.fsdecode(line[3]).split() if word[0] != "-" and "=" not in word]
    if os.path.basename(interpreter) == "env" and words:
        interpreter = find(words[0]) or words[0]
    return _there(interpreter, "interpreter")


def _batch(path: str, head: bytes, find: Callable[[str], str | None]) -> Starts | None:
    target = wrapped(head.decode("utf-8", "replace"), path.replace("/", "\\"))
    if target and "\\" not in target:
        target = find(target)
    return _there(_native(target), "wrapper") if target else None


def wrapped(text: str, path: str) -> str | None:
    r"""Return the program that a batch file hands all its arguments to, as far as its text says.

    It is read, not run: `set`, `for %%I in ("...")` with `set`, and `%~dp0` are understood, as conda.bat
    and mamba.bat have them. The last command with `%*` and without a condition counts.

    Args:
        text: of the file.
        path: of the file, as Windows spells it.
    """
    variables: dict[str, str] = {}

    def expand(words: str) -> str:
        words = re.sub(r"%~dp0", lambda _: f"{ntpath.dirname(path)}\\", words, flags=re.I)
        return _VARIABLE.sub(lambda m: variables.get(m[1].upper(), ""), words)

    found = None
    for line in text.splitlines():
        line = line.strip().lstrip("@").strip()
        if loop := _FOR.match(line):
            value = ntpath.normpath(expand(loop[2]))
            line = re.sub(rf"%%~?[a-z]*{loop[1]}", lambda _, v=value: v, loop[3], flags=re.I)
        if assigned := _SET.match(line):
            variables[assigned[1].upper()] = expand(assigned[2])
        elif (called := _CALL.match(line)) and not re.match(r"(?:rem|echo|if)\b|::", line, re.I):
            found = expand(called[1] or called[2])
    return ntpath.normpath(found) if found else None


def _launcher(path: str, content: bytes) -> Starts | None:
    """Return what a launcher starts.

    pip's have a line behind the program; conda's and setuptools' start the script beside them.
    """
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
    r"""Return a path of Windows as this machine can look it up: it may be Linux."""
    return path if os.name == "nt" else path.replace("\\", "/")


def _there(path: str, how: str) -> Starts:
    return Starts(path, os.path.isfile(path), how)
