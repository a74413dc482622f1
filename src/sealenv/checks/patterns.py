"""What one line of a profile does. Functions, conditions and variables are not followed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.gates.rules import rule_of

TOOLS = r"(?:conda|mamba|micromamba)"
"""A regular expression."""
_EXE = r"(?:\.exe|\.bat)?['\"]?"
_LOADS = re.compile(
    r"(?:^|[\s;&|(])(?:\\?\.|source|eval|iex|invoke-expression|import-module|xontrib|execx|use)"
    r"(?=[\s(]|$)|\.ps1\b",
    re.IGNORECASE,
)
"""A command that runs a file or the output of a program."""
CONDA_HOOK = (
    rf"{TOOLS}{{exe}}\s+['\"]?shell\b.*\bhook\b|(?:CONDA|MAMBA)_EXE\b.*\bhook\b"
    rf"|__(?:conda|mamba)_setup\b|profile\.d/{TOOLS}\.c?sh\b|\b(?:conda|mamba)\.fish\b"
    rf"|{TOOLS}[-_]hook\.ps1|(?:Conda|Mamba)\.psm1|xontrib.*\bconda\b"
)
"""For `loads`: the shell hook of conda or mamba."""

_START = r"(?:^|[;&|{(]|\b(?:then|do|else|and|or|exec|command|builtin)\s)\s*(?:\w+=\S*\s+)*"
"""The start of a command, with the variables that are set for it alone."""
_SCRIPT = r"(?:(?:bin|Scripts)[/\\]activate(?:\.\w+)?|(?<![\w-])activate(?:\.\w+|_this\.py))"
_ACTIVATES = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:\S*[/\\])?{TOOLS}(?:\.exe|\.bat)?\s+activate\b[ \t]*(?P<name>[^\s;&|)]*)",
        r"(?:\.|source)\s+activate\b(?!\.)[ \t]*(?P<name>[^\s;&|)]*)",
        (
            r"(?:(?:\.|source|overlay\s+use)\s+)?"
            rf"(?P<name>['\"][^'\"]*{_SCRIPT}|[^\s'\";&|]*{_SCRIPT})(?=['\"\s;&|)]|$)"
        ),
        r"(?:workon|vox\s+activate|pyenv\s+(?:activate|shell))\s+(?P<name>[^\s;&|)]+)",
    )
)
_EXPORTS = re.compile(
    _START + r"(?:export|(?:declare|typeset)\s+-\w*x\w*)\s+(?P<pairs>[^;&|]*)", re.IGNORECASE
)
_PAIR = re.compile(r"(?P<name>[A-Za-z_]\w*)\+?=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)")
_SETS = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        r"(?:setenv|set\s+(?:-\S+\s+)*-\w*x\w*)\s+(?P<name>\w+)\s+(?P<value>[^;&|]+)",
        r"\$(?:env[:.])?(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<value>[^;&|]*)",
        r"(?P<name>[A-Za-z_]\w*)=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)\s*(?=[;&|]|$)",
        r"SETUVAR (?:--\w+ )*--export (?:--\w+ )*(?P<name>\w+):(?P<value>.*)",
    )
)
"""`set` and `setenv`; PowerShell and xonsh; an assignment that is the whole command; fish_variables."""
_FOLDER = re.compile(
    r"[^:;\s'\"()=]*(?:(?:ana|mini)conda\d?|miniforge\d?|mambaforge|micromamba|\bconda\d?)"
    r"(?:[/\\][^:;\s'\"()]*)?[/\\](?:bin|Scripts|condabin)\b"
    r"|[^:;\s'\"()=]*\.pyenv[/\\](?:bin|shims)\b"
    r"|[^:;\s'\"()=]*(?:\.?v(?:irtual)?envs?|[/\\]envs)[/\\](?:[^:;\s'\"()/\\]+[/\\])?(?:bin|Scripts)\b"
    r"|\$\{?(?:CONDA_PREFIX|PYENV_ROOT|VIRTUAL_ENV|MAMBA_ROOT_PREFIX)\}?[/\\](?:bin|shims|condabin)\b",
    re.IGNORECASE,
)
_SETS_PATH = re.compile(
    r"\bPATH\s*\+?=|\bpath(?:\[[\d,]+\])?\s*\+?=|\bset(?:env)?\s.*\bPATH\b"
    r"|\bfish_add_path\b|\bfish_user_paths\b|\bpathmunge\b|\$env:PATH\s*\+?=",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"(?:alias|function|filter|def|Set-Alias)\s|[\w-]+\s*\(\s*\)|aliases\[", re.IGNORECASE
)
"""A function or an alias. It does nothing when the shell starts."""
_PASSED_OVER = re.compile(
    r"(?:#|(?:echo|printf|grep|rm|complete|abbr|test|\[)\s(?!.*(?:&&|\|\||;)))"
)
"""Comments, and commands that only name what they print or look for."""
_COMMENT = re.compile(r"\s#.*")
_LONGEST = 1000
"""Characters of a line that are read."""


def variable_matters(name: str, value: str) -> bool:
    """Return whether the gate refuses a shell in which a variable has a value."""
    rule = rule_of(name)
    value = value.strip().strip("'\"")
    empty = value in ("", "$null", "null", r"\x1d")  # \x1d: an empty list of fish
    return rule is not None and not empty and rule.applies_to(value)


def command_of(line: str) -> str:
    """Return a line without its comment; empty if it only defines, prints or looks for something."""
    line = line.strip("\ufeff \t\r\n")[:_LONGEST]
    if _DEFINES.match(line) or _PASSED_OVER.match(line):
        return ""
    return _COMMENT.sub("", line).replace(r"\x1e", ":")  # fish separates a list by \x1e


def loads(command: str, pattern: str) -> bool:
    """Return whether a command runs a file, or the output of a program, that matches a pattern.

    `{exe}` in the regular expression is the end of a program's name.
    """
    pattern = pattern.replace("{exe}", _EXE)
    return bool(_LOADS.search(command) and re.search(pattern, command, re.IGNORECASE))


def activated(command: str) -> Iterator[str]:
    """Yield the environments that a command activates."""
    for pattern in _ACTIVATES:
        for found in pattern.finditer(command):
            yield found["name"].strip("'\"") or "base"


def assigned(command: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that a command sets for child processes, with their values."""
    exported = [found["pairs"] for found in _EXPORTS.finditer(command)]
    found = [pair for pairs in exported for pair in _PAIR.finditer(pairs)]
    found += [one for pattern in _SETS for one in pattern.finditer(command)]
    yield from ((one["name"], one["value"].strip().strip("'\"")) for one in found)


def environments_on_path(command: str) -> Iterator[str]:
    """Yield the folders that a command puts on PATH and that are named like those of environments."""
    if _SETS_PATH.search(command):
        yield from (found[0] for found in _FOLDER.finditer(command))
