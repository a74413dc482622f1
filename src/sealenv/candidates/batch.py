r"""What a wrapper such as conda.bat starts, as far as its text tells.

Read, never run: `set`, `if [not] defined`, `for %%I in ("...")` with `set`, and `%~dp0`. The last
command that is given `%*` without a condition is what it starts. Anything else is passed over.
"""

from __future__ import annotations

import ntpath
import re
from collections.abc import Callable, Mapping

__all__ = ["wrapped"]

_SET = re.compile(r'set\s+(?:"([^=]+)=([^"]*)"|([^=\s]+)=(.*))\s*$', re.I)
_DEFINED = re.compile(r"if\s+(not\s+)?defined\s+(\S+)\s+@?(.*)", re.I)
_FOR = re.compile(r'for\s+%%([a-z])\s+in\s+\("([^"]*)"\)\s+do\s+@?(.*)', re.I)
_CALL = re.compile(r'(?:call\s+)?(?:"([^"]+)"|([^\s"]+))(.*)', re.I)
_VARIABLE = re.compile(r"%([^%*~\s]+)%")
_WORDS = frozenset(
    [
        "echo",
        "exit",
        "goto",
        "if",
        "for",
        "rem",
        "setlocal",
        "endlocal",
        "cd",
        "pushd",
        "popd",
        "set",
    ]
)


def wrapped(text: str, path: str, environ: Mapping[str, str]) -> str | None:
    r"""The program that a batch file hands all its arguments to; None when its text does not tell.

    Args:
        text: of the file.
        path: of the file, as Windows would spell it: `%~dp0` is its folder.
        environ: the variables that it is started with.
    """
    variables = {name.upper(): value for name, value in environ.items()}

    def expand(words: str) -> str:
        words = re.sub(r"%~dp0", lambda _: ntpath.dirname(path) + "\\", words, flags=re.I)
        return _VARIABLE.sub(lambda m: variables.get(m[1].upper(), ""), words)

    found = None
    for line in text.splitlines():
        line = line.strip().lstrip("@").strip()
        if line[:2] == "::" or line[:4].lower() == "rem ":
            continue
        found = _step(line, variables, expand) or found
    return ntpath.normpath(found) if found else None


def _step(line: str, variables: dict[str, str], expand: Callable[[str], str]) -> str | None:
    if condition := _DEFINED.match(line):
        defined = bool(variables.get(condition[2].upper()))
        if defined == bool(condition[1]):
            return None
        line = condition[3].strip()
    if loop := _FOR.match(line):
        value = ntpath.normpath(expand(loop[2]))
        line = re.sub(rf"%%~?[a-z]*{loop[1]}", lambda _: value, loop[3], flags=re.I)
    if assigned := _SET.match(line):
        name = assigned[1] or assigned[3]
        variables[name.upper()] = expand(assigned[2] if assigned[1] else assigned[4])
        return None
    called = _CALL.match(line)
    if not called or "%*" not in (called[3] or ""):
        return None
    word = called[1] or called[2]
    return expand(word) if word.lower() not in _WORDS else None
