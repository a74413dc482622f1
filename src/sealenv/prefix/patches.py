r"""Make files of known packages relative, so that they find the environment by their own place.

conda and mamba write the path of the environment into some of their files (docs/reference/patches.md).
If the language of a file can find its own place, its lines are rewritten: by `create` after linking on
Windows, by `audit --fix` on all platforms. A second run changes nothing. Files are replaced, so hard
links to them (in the package cache) keep their bytes.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import from_oserror
from sealenv.fields import InPrefix, Sha256
from sealenv.layout import is_link, is_windows
from sealenv.system.files import read_regular, write_atomic

_LARGEST = 1 << 20
"""A larger file is not a script."""


@dataclass(frozen=True)
class Patched:
    """A file that was made relative.

    Attributes:
        path: of the file.
        before: its sha256 in the package.
        after: its sha256 now.
        what: what was made relative, for people.
    """

    path: InPrefix
    before: Sha256
    after: Sha256
    what: str


@dataclass(frozen=True)
class Rule:
    """Some files, and how they are rewritten.

    Attributes:
        pattern: of relative paths; `*` does not match `/`.
        what: what is made relative, for people.
        rewrite: (the content, the paths of the prefix) -> the new content.
    """

    pattern: str
    what: str
    rewrite: Callable[[bytes, Sequence[bytes]], bytes]


def patch_prefix(prefix: Path, platform: str) -> list[Patched]:
    """Make known files of a prefix relative.

    Raises:
        FilesystemError: a file cannot be read or replaced.
    """
    try:
        done = list(_plan(prefix, platform))
        for patched, after in done:
            path = prefix / patched.path
            mode = stat.S_IMODE(path.stat().st_mode)
            write_atomic(path, after, mode=mode)
            path.chmod(mode)  # write_atomic applies the umask
    except OSError as error:
        raise from_oserror(error) from error
    return [patched for patched, _ in done]


def planned(prefix: Path, platform: str) -> list[Patched]:
    """Return what `patch_prefix` would do.

    Raises:
        FilesystemError: a file cannot be read.
    """
    try:
        return [patched for patched, _ in _plan(prefix, platform)]
    except OSError as error:
        raise from_oserror(error) from error


def is_fixable(prefix: Path, relative: str, platform: str) -> bool:
    """Return whether a file of a prefix can be made relative."""
    if _rule_for(relative, platform) is None or is_link(prefix / relative):
        return False
    try:
        before = _read(prefix / relative)
    except OSError:
        return False
    return patch_bytes(relative, before, prefix, platform=platform) != before


def patch_bytes(relative: str, content: bytes, prefix: Path, *, platform: str = "win-64") -> bytes:
    """Return the new content of a file, by the rule of the platform for that file."""
    rule = _rule_for(relative, platform)
    if rule is None:
        return content
    return rule.rewrite(content, [os.fsencode(prefix), os.fsencode(os.path.realpath(prefix))])


def _plan(prefix: Path, platform: str) -> Iterator[tuple[Patched, bytes]]:
    """Yield each file that changes, and its new content."""
    for rule in RULES if is_windows(platform) else POSIX_RULES:
        for relative in _glob(prefix, rule.pattern):
            before = _read(prefix / relative)
            after = patch_bytes(relative, before, prefix, platform=platform)
            if after != before:
                was, now = hashlib.sha256(before).hexdigest(), hashlib.sha256(after).hexdigest()
                yield Patched(relative, was, now, rule.what), after


def _read(path: Path) -> bytes:
    return read_regular(path) if os.path.getsize(path) <= _LARGEST else b""


def _rule_for(relative: str, platform: str) -> Rule | None:
    rules = RULES if is_windows(platform) else POSIX_RULES
    return next((r for r in rules if _matches(relative, r.pattern)), None)


def _glob(prefix: Path, pattern: str) -> list[str]:
    """Return the regular files that match a pattern; no link is followed."""
    *parents, last = pattern.split("/")
    folder = prefix
    for part in parents:
        folder = folder / part
        if is_link(folder):
            return []
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.is_file(follow_symlinks=False)]
    except OSError:
        return []
    return ["/".join([*parents, name]) for name in sorted(names) if _matches(name, last)]


def _matches(path: str, pattern: str) -> bool:
    if path.count("/") != pattern.count("/"):
        return False
    return fnmatch.fnmatchcase(path.lower(), pattern.lower())


_EXE = re.compile(rb'@SET "MAMBA_EXE=[^"]*"')
_ROOT = re.compile(rb'@SET "MAMBA_ROOT_PREFIX=[^"]*"')
_HERE = b'@FOR %%I IN ("%~dp0..") DO '


def _mamba_bat(content: bytes, _places: Sequence[bytes]) -> bytes:
    """Find the programs from the place of the file, which gets CRLF line ends."""
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    done = list(map(_mamba_line, lines))
    return content if done == lines else b"\r\n".join(done)


def _mamba_line(line: bytes) -> bytes:
    if _EXE.fullmatch(line):
        return _HERE + rb'@SET "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"'
    if _ROOT.fullmatch(line):
        return _HERE + b'@SET "MAMBA_ROOT_PREFIX=%%~fI"'
    return line


_SHEBANG = re.compile(rb'#![ \t]*("?)([^"\r\n]*?)[\\/](pythonw?\.exe)\1(?=\s|\Z)')


def _launcher_script(content: bytes, places: Sequence[bytes]) -> bytes:
    """Name the interpreter without a folder: the launcher searches the parent of its own folder.

    See `find_exe` in launcher.c of setuptools, from which conda builds its launcher. It does not start
    a relative path with a folder.
    """
    found = _SHEBANG.match(content)
    if not found or _plain(found[2]) not in map(_plain, places):
        return content
    return b"#!" + found[3] + content[found.end() :]


def _plain(path: bytes) -> bytes:
    """Return one spelling for all that mean the same path on Windows."""
    return path.replace(b"\\", b"/").rstrip(b"/").lower()


_PS1 = re.compile(
    rb'^(\$Env:(CONDA_EXE|_CONDA_EXE|CONDA_PYTHON_EXE|_CONDA_ROOT) = )"(?:[A-Za-z]:|[\\/])[^"$`\n]*"'
    rb"(?=\r?$)",
    re.M,
)
_PS1_INSIDE = {b"CONDA_PYTHON_EXE": rb"\python.exe", b"_CONDA_ROOT": b""}


def _conda_hook_ps1(content: bytes, _places: Sequence[bytes]) -> bytes:
    """Rewrite the paths of programs in conda's hook, which is two folders below the prefix."""

    def relative(found: re.Match[bytes]) -> bytes:
        inside = _PS1_INSIDE.get(found[2], rb"\Scripts\conda.exe")
        return found[1] + b'"$PSScriptRoot\\..\\..' + inside + b'"'

    return _PS1.sub(relative, content)


RULES = (
    Rule("condabin/mamba.bat", "paths of mamba.exe and the environment", _mamba_bat),
    Rule("condabin/mamba_hook.bat", "path of mamba.exe", _mamba_bat),
    Rule("Scripts/*-script.py", "path of the interpreter", _launcher_script),
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


POSIX_RULES = (Rule("bin/*", "path of the interpreter of an entry point", _entry_point),)
"""The rules for other platforms, for `audit --fix`."""
