"""Templates filled in: parts that several scripts share, the gate, the help, the line ends.

A template may include a part: `__SEALENV_PART_GATE__` in NAME.sh is `templates/sh/gate.sh`. What is left
then, such as `__SEALENV_VERSION__`, is made by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sealenv.gates.rules import RULES
from sealenv.quoting import QUOTE, to_bytes

__all__ = ["fill", "gate_lines", "help_lines", "option_words", "plain"]

_TEMPLATES = Path(__file__).parent / "templates"
_PART = re.compile(r"__SEALENV_PART_([A-Z_]+?)__")
_MARKER = re.compile(r"__SEALENV_([A-Z_]+?)__")
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


_ORIGINAL = (
    'call :gate PYTHON_ENVS "" "the original script takes it for an active environment" '
    '"set PYTHON_ENVS=" || set "SB_DIRTY=1"'
)
"""No program is known to read it, but who has it set relies on being stopped."""


def fill(name: str, makers: Mapping[str, Callable[[], str]]) -> bytes:
    """A template with its parts and what `makers` make, as bytes of a file.

    A .bat is ASCII with CRLF, because cmd.exe reads files in the code page of the machine and loses its
    place at labels of files with LF alone.

    Args:
        name: the template; what follows the dot is the kind.
        makers: marker -> what stands for it.
    """
    kind = name.rpartition(".")[2]
    text = _PART.sub(lambda found: _part(kind, found[1]), _read(name))
    makers = {"FORGOTTEN": lambda: _forgotten(kind), **makers}
    text = _MARKER.sub(lambda found: makers[found[1]](), text)
    if kind == "bat":
        return text.replace("\n", "\r\n").encode("ascii")
    return to_bytes(text)


def gate_lines(kind: str) -> str:
    """The gate, from the one table of it."""
    lines = []
    for v in RULES:
        harmless = " ".join(v.harmless)
        if kind == "bat":
            texts = (harmless, v.what, v.clear_in("cmd"))
            words = " ".join(f'"{plain(word)}"' for word in texts)
            lines.append(f'call :gate {v.name} {words} || set "SB_DIRTY=1"')
        else:
            words = " ".join(QUOTE["sh"](word) for word in (harmless, v.what, v.clear_in("sh")))
            lines.append(f'gate {v.name} "${{{v.name}-}}" {words}')
    if kind == "bat":
        lines.append(_ORIGINAL)
    return "\n".join(lines)


def _forgotten(kind: str) -> str:
    """What children of the scripts never see: beginnings of names, each but once."""
    starts = ["CONDA", "MAMBA", "PYTHON", "VIRTUAL_ENV"]
    starts += [rule.name for rule in RULES if not rule.name.startswith(tuple(starts))]
    return " ".join(starts) if kind == "bat" else " | ".join(f"{start}*" for start in starts)


def help_lines(kind: str, template: str, words: Mapping[str, str]) -> str:
    """What `--help` shows: the text, or in a .bat the lines that show it."""
    text = _read(template).rstrip("\n").replace("WHERE", _WHERE[kind])
    text = re.sub("@([A-Z]+)@", lambda found: words[found[1]], text)
    if kind != "bat":
        return text
    # `echo:` and `echo(` print an empty line; nothing in the text may mean something to cmd.exe.
    assert not set(text) & set("<>|&^%!"), text
    return "\n".join([":help", *(f"echo:{line}" for line in text.split("\n")), "goto :end"])


def option_words(kind: str, options: Sequence[str]) -> dict[str, Callable[[], str]]:
    """The options that take a value, as the loop over the arguments asks for them."""
    if kind == "bat":
        return {"OPTIONS": lambda: " ".join(options)}
    return {
        "OPTIONS": lambda: " | ".join(f"--{name}" for name in options),
        "WITH_VALUES": lambda: " | ".join(f"--{name}=*" for name in options),
    }


def plain(text: str) -> str:
    """A text that stands between quotes in a .bat as it is."""
    assert not set(text) & set('"%!^\n'), text
    return text


def _part(kind: str, name: str) -> str:
    return _read(f"{kind}/{name.lower()}.{kind}").rstrip("\n")


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="ascii")
