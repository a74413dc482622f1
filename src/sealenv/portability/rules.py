r"""The rules by which known files are made relative."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Some files, and how they are rewritten.

    Attributes:
        pattern: of relative paths; `*` does not match `/`.
        what: what is made relative, for people.
        line: (a line without its end, the prefix in `plain` form) -> the new line.
        crlf: give a patched file CRLF line ends.
        first_only: rewrite the first line only.
        whole: instead of `line`: (the content, the paths of the prefix) -> the new content.
    """

    pattern: str
    what: str
    line: Callable[[bytes, bytes], bytes] = lambda line, prefix: line
    crlf: bool = False
    first_only: bool = False
    whole: Callable[[bytes, Sequence[bytes]], bytes] | None = None


def plain(path: bytes) -> bytes:
    """Return one spelling for all that mean the same path on Windows."""
    return path.replace(b"\\", b"/").rstrip(b"/").lower()


_EXE = re.compile(rb'@SET "MAMBA_EXE=[^"]*"')
_ROOT = re.compile(rb'@SET "MAMBA_ROOT_PREFIX=[^"]*"')
_HERE = b'@FOR %%I IN ("%~dp0..") DO '


def _mamba_bat(line: bytes, _prefix: bytes) -> bytes:
    if _EXE.fullmatch(line):
        return _HERE + rb'@SET "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"'
    if _ROOT.fullmatch(line):
        return _HERE + b'@SET "MAMBA_ROOT_PREFIX=%%~fI"'
    return line


_SHEBANG = re.compile(rb'#!\s*("?)([^"]*?)[\\/](pythonw?\.exe)\1(|\s.*)', re.S)


def _launcher_script(line: bytes, prefix: bytes) -> bytes:
    """Name the interpreter without a folder: the launcher searches the parent of its own folder.

    See `find_exe` in launcher.c of setuptools, from which conda builds its launcher. It does not start
    a relative path with a folder.
    """
    found = _SHEBANG.fullmatch(line)
    if not found or plain(found[2]) != prefix:
        return line
    return b"#!" + found[3] + found[4]


_PS1 = re.compile(
    rb'(\$Env:(CONDA_EXE|_CONDA_EXE|CONDA_PYTHON_EXE|_CONDA_ROOT) = )"(?:[A-Za-z]:|[\\/])[^"$`]*"'
)
_PS1_INSIDE = {b"CONDA_PYTHON_EXE": rb"\python.exe", b"_CONDA_ROOT": b""}


def _conda_hook_ps1(line: bytes, _prefix: bytes) -> bytes:
    """Rewrite the paths of programs in conda's hook, which is two folders below the prefix."""
    found = _PS1.fullmatch(line)
    if not found:
        return line
    inside = _PS1_INSIDE.get(found[2], rb"\Scripts\conda.exe")
    return found[1] + b'"$PSScriptRoot\\..\\..' + inside + b'"'


RULES = (
    Rule("condabin/mamba.bat", "paths of mamba.exe and the environment", _mamba_bat, crlf=True),
    Rule("condabin/mamba_hook.bat", "path of mamba.exe", _mamba_bat, crlf=True),
    Rule("Scripts/*-script.py", "path of the interpreter", _launcher_script, first_only=True),
    Rule("shell/condabin/conda-hook.ps1", "paths of conda and python", _conda_hook_ps1),
)
"""The rules for Windows, for `create` and `audit --fix`."""


_IMPORT = re.compile(rb"^\s*from [\w.]+ import \w+\s*$", re.M)
_CALL = re.compile(rb"^\s*(?:raise |sys\.)(?:SystemExit|exit)\([\w.]+\(\)\)\s*$", re.M)
_LONGEST = 8192
"""The size of the largest entry point."""
_LONG = re.compile(
    rb"""#!/bin/sh\n'''exec' (?:"([^"\n]*)"|'((?:[^'\n]|'"'"')*)'|([^ "'\n]+))((?: -[-\w=]+)*)"""
    rb""" "\$0" "\$@"(?: #'''|\n' ''')\n"""
)
"""The lines of pip, rattler (`#'''`) and uv (single quotes) for a path that the kernel refuses."""
_SHORT = re.compile(rb"#!()()[ \t]*([^\n]*?)((?: -[-\w=]+)*)[ \t]*\n")
_INTERPRETER = re.compile(rb"(?:python|pypy)[\w.]*")


_BESIDE = rb"""#!/bin/sh
''':'
s=$0; [ -f "$s" ] && [ "${s%/*}" = "$s" ] && s=./$s
[ -L "$s" ] && s=$(command -p realpath -- "$s" 2>/dev/null || realpath -- "$s")
[ "${s%/*}" = "$s" ] || exec "${s%/*}/INTERPRETER" "$0" "$@"
echo "$0: cannot find its own folder" >&2; exit 127
' '''
"""
"""Lines of sh that start the interpreter beside the script; for Python they are a string. They need a
program, `realpath`, only if the script is a link."""


def _entry_point(content: bytes, places: Sequence[bytes]) -> bytes:
    """Let a script that calls one function start the interpreter beside it. Other programs are left."""
    found = _LONG.match(content) or _SHORT.match(content)
    if not found or len(content) > _LONGEST:
        return content
    program = found[1] or (found[2] or b"").replace(b"'\"'\"'", b"'") or found[3]
    folder, _, interpreter = program.rpartition(b"/")
    if folder not in [place + b"/bin" for place in places]:
        return content
    if not _INTERPRETER.fullmatch(interpreter):
        return content
    if len(_IMPORT.findall(content)) != 1 or len(_CALL.findall(content)) != 1:
        return content
    beside = _BESIDE.replace(b'INTERPRETER"', interpreter + b'"' + found[4])
    return beside + content[found.end() :]


POSIX_RULES = (Rule("bin/*", "path of the interpreter of an entry point", whole=_entry_point),)
"""The rules for other platforms, for `audit --fix`."""
