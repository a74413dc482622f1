r"""After linking, files of a Windows prefix are made to find it by their own place.

conda and mamba write the path of the environment into some of their files (docs/reference/patches.md).
Where the language of a file can tell where it lies, its line is rewritten; a rule is a file pattern
and what becomes of a line. Nothing else of a file changes, a second run changes nothing, and a file
is replaced, so that what is hard-linked to it (the package cache) keeps its bytes.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError
from sealenv.host.files import write_atomic
from sealenv.layout import is_link, is_windows

__all__ = ["LEFT", "RULES", "Patched", "Rule", "left_absolute", "patch_bytes", "patch_prefix"]


@dataclass(frozen=True)
class Patched:
    """One file that was rewritten."""

    path: str
    """Relative to the prefix, with `/`."""
    before: str
    """sha256 of what the packages put there."""
    after: str
    """sha256 of what is there now."""
    what: str

    def to_json(self) -> dict[str, str]:
        """For the seal."""
        return {"path": self.path, "before": self.before, "after": self.after, "what": self.what}


@dataclass(frozen=True)
class Rule:
    """Which files, and what becomes of their lines.

    Attributes:
        pattern: of paths relative to the prefix; no `*` in it matches a `/`.
        what: for people.
        line: a line without its end, the prefix (`_plain`) -> the line.
        crlf: whether the line ends of a patched file become CRLF.
        first_only: only the first line is looked at.
    """

    pattern: str
    what: str
    line: Callable[[bytes, bytes], bytes]
    crlf: bool = False
    first_only: bool = False


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
    """The launcher beside it looks for a bare name in the parent of its own folder: the prefix.

    (setuptools, launcher.c, find_exe; conda's launcher is built from it. A relative path with a
    folder in it does not start: tried.)
    """
    found = _SHEBANG.fullmatch(line)
    if not found or _plain(found[2]) != prefix:
        return line
    return b"#!" + found[3] + found[4]


_PS1 = re.compile(
    rb'(\$Env:(CONDA_EXE|_CONDA_EXE|CONDA_PYTHON_EXE|_CONDA_ROOT) = )"(?:[A-Za-z]:|[\\/])[^"$`]*"'
)
_PS1_INSIDE = {b"CONDA_PYTHON_EXE": rb"\python.exe", b"_CONDA_ROOT": b""}


def _conda_hook_ps1(line: bytes, _prefix: bytes) -> bytes:
    """conda's hook tells where its programs are; it lies two folders below the prefix."""
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
"""What is rewritten."""

LEFT = (
    ("Scripts/activate", "a sourced file of a plain sh cannot know its place"),
    ("Scripts/deactivate", "likewise"),
    ("etc/profile.d/conda.sh", "likewise"),
    ("etc/profile.d/conda.csh", "a csh cannot know the place of a sourced file"),
    ("etc/fish/conf.d/conda.fish", "for cygwin, whose paths it asks cygpath for"),
    ("Lib/site-packages/xontrib/conda.xsh", "may be run without a place"),
    ("Scripts/*.exe", "pip's launchers carry their interpreter behind the program"),
)
"""What is known to carry the path too, and why it is left: (file pattern, reason)."""


def patch_prefix(prefix: Path, platform: str) -> list[Patched]:
    """Make the known files of a Windows prefix relative; nothing is done for other platforms.

    Raises:
        FilesystemError: a file cannot be read or replaced.
    """
    if not is_windows(platform):
        return []
    done = []
    for relative, rule in ((path, r) for r in RULES for path in _glob(prefix, r.pattern)):
        path = prefix / relative
        try:
            before = path.read_bytes()
            after = patch_bytes(relative, before, prefix, rule)
            if after == before:
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            write_atomic(path, after, mode=mode)
            path.chmod(mode)  # write_atomic's is less the umask
        except OSError as error:
            raise FilesystemError(
                f"a file cannot be made relative: {error.strerror}", where=str(path)
            ) from error
        done.append(Patched(relative, _sha256(before), _sha256(after), rule.what))
    return done


def patch_bytes(relative: str, content: bytes, prefix: Path, rule: Rule | None = None) -> bytes:
    """The content as a rule leaves it; the first that is for such a file when none is given."""
    if rule is None:
        rule = next((r for r in RULES if _matches(relative, r.pattern)), None)
        if rule is None:
            return content
    plain = _plain(os.fspath(prefix).encode("utf-8", "surrogateescape"))
    lines = re.split(rb"(\r?\n)", content)
    changed = False
    for number in range(0, len(lines), 2):
        new = rule.line(lines[number], plain)
        changed = changed or new != lines[number]
        lines[number] = new
        if rule.first_only:
            break
    if not changed:
        return content
    if rule.crlf:
        lines[1::2] = [b"\r\n"] * len(lines[1::2])
    return b"".join(lines)


def left_absolute(prefix: Path, platform: str) -> list[str]:
    """The known files that carry the path of the prefix and stay as they are."""
    if not is_windows(platform):
        return []
    needles = _spellings(prefix)
    found = []
    for pattern, _ in LEFT:
        for relative in _glob(prefix, pattern):
            content = (prefix / relative).read_bytes().lower()
            if any(needle in content for needle in needles):
                found.append(relative)
    return found


def _plain(path: bytes) -> bytes:
    """A path in one spelling of the many that mean the same on Windows."""
    return path.replace(b"\\", b"/").rstrip(b"/").lower()


def _spellings(prefix: Path) -> set[bytes]:
    """The path with each separator, as a text in a file may have it."""
    text = os.fspath(prefix)
    forms = {text, text.replace("\\", "/"), text.replace("\\", "\\\\"), text.replace("/", "\\")}
    return {form.lower().encode("utf-8", "surrogateescape") for form in forms}


def _glob(prefix: Path, pattern: str) -> list[str]:
    """The plain files of a pattern; never through a link."""
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


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
