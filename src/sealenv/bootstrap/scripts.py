"""Fill the templates in, and write them where they are used."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from sealenv._version import __version__
from sealenv.activation.gate import ACTIVE_VARIABLES
from sealenv.activation.quoting import QUOTE
from sealenv.bootstrap.releases import Releases
from sealenv.errors import FilesystemError
from sealenv.host.files import write_atomic

__all__ = ["SCRIPTS", "differing", "render", "write"]

SCRIPTS = ("Micromamba_bootstrap.bat", "get_sed.bat", "micromamba_bootstrap.sh")
_TEMPLATES = Path(__file__).parent / "templates"
_MARKER = re.compile(r"__SEALENV_([A-Z_]+?)__")

_LINE = r"@FOR \x25\x25I IN (\x22\x25~dp0..\x22) DO @SET \x22"
"""What stands before NAME=VALUE in a patched line; no quote and no percent sign for cmd.exe to see."""
_RULES = {"MAMBA_EXE": r"\x25\x25~fI\\Library\\bin\\mamba.exe", "MAMBA_ROOT_PREFIX": r"\x25\x25~fI"}
_WHERE = {
    "bat": """\
The environment is made in PY_ENVS, else DRIVE:\\dev\\Anaconda\\envs on the drive of
this script, else the current folder. The cache is DRIVE:\\CACHE if it is there,
else TEMP. CONDA_PKGS_DIRS: the package cache; SEALENV_MICROMAMBA_URL: a mirror of
the releases.""",
    "sh": """\
The environment is made in PY_ENVS, else the current folder. The cache is
$XDG_CACHE_HOME/sealenv-bootstrap, else ~/.cache/sealenv-bootstrap.
CONDA_PKGS_DIRS: the package cache; SEALENV_MICROMAMBA_URL: a mirror of the
releases.""",
}


def render(name: str, releases: Releases | None = None) -> bytes:
    """One script, as it is written to a file: .bat in ASCII with CRLF, because cmd.exe reads files in
    the code page of the machine and loses its place at labels of files with LF alone.

    Raises:
        UsageError: something in the table of releases cannot be written into a script.
    """
    table = releases or Releases.read()
    kind = name.rpartition(".")[2]
    text = (_TEMPLATES / name).read_text(encoding="ascii")
    makers: dict[str, Callable[[], str]] = {
        "VERSION": lambda: __version__,
        "DEFAULT": lambda: table.default,
        "GATE": lambda: _gate(kind),
        "DIGESTS": lambda: _digests(kind, table),
        "KNOWN_BAD": lambda: _known_bad(kind, table),
        "HELP": lambda: _help(kind, name, table),
        "SED_EXE": lambda: _sed("MAMBA_EXE"),
        "SED_ROOT": lambda: _sed("MAMBA_ROOT_PREFIX"),
        "PY_PATCH": _python_patch,
        "PY_LAUNCHERS": _python_launchers,
    }
    text = text.replace("__SEALENV_COMMON__", _common())
    text = _MARKER.sub(lambda found: makers[found[1]](), text)
    return text.replace("\n", "\r\n" if kind == "bat" else "\n").encode("ascii")


def write(folder: Path) -> list[Path]:
    """Write every script into the folder.

    Raises:
        FilesystemError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SCRIPTS:
            mode = 0o755 if name.endswith(".sh") else 0o644
            write_atomic(folder / name, render(name), mode=mode)
    except OSError as error:
        raise FilesystemError(
            f"the scripts cannot be written: {error.strerror}",
            where=os.fspath(error.filename or folder),
        ) from error
    return [folder / name for name in SCRIPTS]


def differing(folder: Path) -> list[str]:
    """The scripts in the folder that are not what `write` would write now."""
    return [name for name in SCRIPTS if _read(folder / name) != render(name)]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _common() -> str:
    """The subroutines that both .bat share."""
    return (_TEMPLATES / "common.bat").read_text(encoding="ascii").rstrip("\n")


_ORIGINAL = (
    'call :gate PYTHON_ENVS "" "the original script takes it for an active environment" '
    '"set PYTHON_ENVS=" || set "SB_DIRTY=1"'
)
"""No program is known to read it, but who has it set relies on being stopped."""


def _gate(kind: str) -> str:
    """The gate, from the one table of it."""
    lines = []
    for v in ACTIVE_VARIABLES:
        if kind == "bat":
            texts = (v.harmless, v.what, v.clear_in("cmd"))
            words = " ".join(f'"{_plain(word)}"' for word in texts)
            lines.append(f'call :gate {v.name} {words} || set "SB_DIRTY=1"')
        else:
            words = " ".join(QUOTE["sh"](word) for word in (v.harmless, v.what, v.clear))
            lines.append(f'gate {v.name} "${{{v.name}-}}" {words}')
    if kind == "bat":
        lines.append(_ORIGINAL)
    return "\n".join(lines)


def _plain(text: str) -> str:
    """A text that stands between quotes in a .bat as it is."""
    assert not set(text) & set('"%!^\n'), text
    return text


def _digests(kind: str, table: Releases) -> str:
    if kind == "bat":
        found = [(v, d["win-64"]) for v, d in sorted(table.sha256.items()) if "win-64" in d]
        lines = [f'if "%SB_MICROMAMBA%"=="{v}" set "SB_EXPECTED={d}"' for v, d in found]
        return "\n".join(lines) or "rem The table is empty: no release was verified yet."
    pairs = [(f"{v}:{s}", h) for v, d in sorted(table.sha256.items()) for s, h in sorted(d.items())]
    lines = [f"    {key}) expected={digest} ;;" for key, digest in pairs]
    return "\n".join(lines) or "    # The table is empty: no release was verified yet."


def _known_bad(kind: str, table: Releases) -> str:
    lines = []
    for pattern, reason in table.known_bad.items():
        if kind != "bat":
            lines.append(f"    {pattern}) bad={QUOTE['sh'](reason)} ;;")
            continue
        start = pattern.removesuffix("*")
        part = f"%SB_T:~0,{len(start)}%" if pattern.endswith("*") else "%SB_T%"
        lines.append(f'if not defined SB_BAD if "{part}"=="{start}" set "SB_BAD={_plain(reason)}"')
    return "\n".join(lines)


def _help(kind: str, name: str, table: Releases) -> str:
    text = (_TEMPLATES / "help.txt").read_text(encoding="ascii").rstrip("\n")
    text = text.replace("SCRIPT [", f"{name} [", 1).replace("(DEFAULT)", f"({table.default})")
    text = text.replace("WHERE", _WHERE[kind])
    if kind != "bat":
        return text
    # `echo:` and `echo(` print an empty line; nothing in the text may mean something to cmd.exe.
    assert not set(text) & set("<>|&^%!"), text
    return "\n".join([":help", *(f"echo:{line}" for line in text.split("\n")), "goto :end"])


def _sed(name: str) -> str:
    r"""The s command, for GNU sed with -z: the whole file is one text, in which M would not match at \n.

    A match takes the \n behind its line, so that of two lines in a row the second is left: the script
    gives each command twice.
    """
    line = rf"@SET \x22{name}=[^\x22\n]*\x22"
    return rf"s/\(^\|\n\){line}\(\n\|$\)/\1{_LINE}{name}={_RULES[name]}\x22\2/g"


def _python_patch() -> str:
    """The same as a program on one line, without double quotes and percent signs."""
    steps = ["import re,sys", r"b=open(sys.argv[1],'rb').read().replace(b'\r\n',b'\n')"]
    steps.append(f"f=b'{_LINE}'")
    for name, value in _RULES.items():
        new = rf"f+b'{name}={value}\x22'"
        steps.append(rf"b=re.sub(rb'(?m)^@SET \x22{name}=[^\x22\n]*\x22$',lambda m:{new},b)")
    steps.append(r"open(sys.argv[2],'wb').write(b.replace(b'\n',b'\r\n'))")
    return ";".join(steps)


def _python_launchers() -> str:
    """The interpreter in the first lines of *-script.py, for the launchers beside them; on one line.

    In Scripts by its bare name, which they look for in the folder above (as `portability.patch`
    does); elsewhere in quotes, where the path has a space: they would split it there.
    """
    steps = ["import glob,os,re,sys", r"p=os.fsencode(sys.argv[1])", r"q=b'\x22'"]
    steps.append(r"n=lambda b:b.replace(b'\\',b'/').lower()")
    steps.append("r=lambda f:open(f,'rb').read()")
    steps.append("w=lambda f,b:(open(f+'.part','wb').write(b),os.replace(f+'.part',f))")
    steps.append(
        r"m=lambda l:re.fullmatch(rb'#!\s*(\x22?)([^\x22]*?)[\\/](pythonw?\.exe)\1(|\s.*)',l,re.S)"
    )
    steps.append(r"i=lambda m:m and n(m[2])==n(p)")
    steps.append(
        "g=lambda f,m,d,l,s,t:i(m) and (d=='Scripts' and w(f,b'#!'+m[3]+m[4]+s+t)"
        r" or d!='Scripts' and not m[1] and b' ' in p and w(f,b'#!'+q+m[2]+b'/'+m[3]+q+m[4]+s+t))"
    )
    steps.append("h=lambda f,d,l,s,t:g(f,m(l),d,l,s,t)")
    found = "glob.glob(os.path.join(glob.escape(sys.argv[1]),d,'*-script.py'))"
    every = f"for d in ('Scripts','Library/bin') for f in {found}"
    steps.append(rf"[h(f,d,*r(f).partition(b'\n')) {every}]")
    return ";".join(steps)
