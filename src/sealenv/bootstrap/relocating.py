"""The programs that make mamba's scripts and the launchers' find the prefix by their own place, as words
of a .bat: for sed, and for the new environment's python."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["RELOCATING", "python_launchers", "python_patch"]

_LINE = r"@FOR \x25\x25I IN (\x22\x25~dp0..\x22) DO @SET \x22"
"""What stands before NAME=VALUE in a patched line; no quote and no percent sign for cmd.exe to see."""
_RULES = {"MAMBA_EXE": r"\x25\x25~fI\\Library\\bin\\mamba.exe", "MAMBA_ROOT_PREFIX": r"\x25\x25~fI"}


def _sed(name: str) -> str:
    r"""The s command, for GNU sed with -z: the whole file is one text, in which M would not match at \n.

    A match takes the \n behind its line, so that of two lines in a row the second is left: the script
    gives each command twice.
    """
    line = rf"@SET \x22{name}=[^\x22\n]*\x22"
    return rf"s/\(^\|\n\){line}\(\n\|$\)/\1{_LINE}{name}={_RULES[name]}\x22\2/g"


def python_patch() -> str:
    """The same as a program on one line, without double quotes and percent signs."""
    steps = ["import re,sys", r"b=open(sys.argv[1],'rb').read().replace(b'\r\n',b'\n')"]
    steps.append(f"f=b'{_LINE}'")
    for name, value in _RULES.items():
        new = rf"f+b'{name}={value}\x22'"
        steps.append(rf"b=re.sub(rb'(?m)^@SET \x22{name}=[^\x22\n]*\x22$',lambda m:{new},b)")
    steps.append(r"open(sys.argv[2],'wb').write(b.replace(b'\n',b'\r\n'))")
    return ";".join(steps)


def python_launchers() -> str:
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


RELOCATING: dict[str, Callable[[], str]] = {
    "SED_EXE": lambda: _sed("MAMBA_EXE"),
    "SED_ROOT": lambda: _sed("MAMBA_ROOT_PREFIX"),
    "PY_PATCH": python_patch,
    "PY_LAUNCHERS": python_launchers,
}
"""Marker of the templates -> what makes it."""
