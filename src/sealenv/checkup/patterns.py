"""Line patterns: what one line of a profile does to every shell. Texts only, nothing is run.

A line is split at spaces and operators outside of quotes. Functions, conditions and variables are
not followed: an indented line may run only under a condition, so it is at most a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from sealenv.checkup.finding import Severity
from sealenv.gates.rules import HONOURED, PROGRAMS, rule_of

__all__ = ["Match", "environment_folders", "matches", "variable_matters"]


class Match(NamedTuple):
    """One thing that a line does.

    Attributes:
        check: the id of the check that reports it.
        severity: how much it matters.
        what: half a sentence.
    """

    check: str
    severity: Severity
    what: str


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_TOOLS = r"(?:conda|mamba|micromamba)"
_EXE = r"(?:\.exe|\.bat)?['\"]?"
_LOADED = (
    (
        "conda-hook",
        _E,
        "loads the shell hook of conda or mamba",
        (
            rf"{_TOOLS}{_EXE}\s+['\"]?shell\b.*\bhook\b|(?:CONDA|MAMBA)_EXE\b.*\bhook\b"
            rf"|__(?:conda|mamba)_setup\b|profile\.d/{_TOOLS}\.c?sh\b|\b(?:conda|mamba)\.fish\b"
            rf"|{_TOOLS}[-_]hook\.ps1|(?:Conda|Mamba)\.psm1|xontrib.*\bconda\b"
        ),
    ),
    ("direnv", _W, "loads direnv", rf"\bdirenv{_EXE}\s+(?:hook|export)\b"),
    ("version-manager", _W, "loads pyenv", rf"\bpyenv{_EXE}\s+(?:init|virtualenv-init)\b"),
    ("version-manager", _W, "loads asdf", r"\basdf\.(?:sh|fish|nu|ps1)\b"),
    ("version-manager", _W, "loads mise", rf"\b(?:mise|rtx){_EXE}\s+(?:activate|hook-env)\b"),
    ("version-manager", _W, "loads pixi", rf"\bpixi{_EXE}\s+shell-hook\b"),
    ("version-manager", _W, "loads virtualenvwrapper", r"\bvirtualenvwrapper(?:_lazy)?\.sh\b"),
    ("node-manager", _N, "loads nvm or fnm", rf"[/\\]nvm\.(?:sh|fish)\b|\bfnm{_EXE}\s+env\b"),
)
"""(check, severity, what, pattern) of lines that load a script, or what a program prints."""
_LOADED_PATTERNS = tuple((Match(*row[:3]), re.compile(row[3], re.IGNORECASE)) for row in _LOADED)
_LOADERS = frozenset(
    {".", "source", "eval", "iex", "invoke-expression", "import-module", "xontrib", "execx", "use"}
    | {"overlay"}
)
_SCRIPT = re.compile(
    r"(?:^|[/\\])(?:bin|Scripts)[/\\]activate(?:\.\w+)?$|(?:^|[/\\])activate(?:\.\w+|_this\.py)$",
    re.IGNORECASE,
)
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
    r"(?:alias\s+(?:-\w+\s+)*|(?:function|filter|def)\s+(?:-\S+\s+)*|Set-Alias\s+(?:-Name\s+)?)"
    r"['\"]?(?P<one>[\w-]+)(?=[\s='\"({]|$)|(?P<two>[\w-]+)\s*\(\s*\)"
    r"|aliases\[\s*['\"](?P<three>[\w-]+)",
    re.IGNORECASE,
)
_FUNCTION = re.compile(r"(?:function|filter|def)\s|[\w-]+\s*\(\s*\)")
_PASSED_OVER = frozenset({"alias", "abbr", "echo", "printf", "complete", "[", "[[", "test", "rm"})
_PREFIXES = frozenset(
    {"if", "then", "do", "else", "and", "or", "not", "!", "{", "}", "(", "builtin", "command"}
    | {"exec", "time", "call"}
)
_TOKEN = re.compile(r"(?P<operator>[;&|]+)|(?:\"[^\"]*\"|'[^']*'|[^\s;&|\"'])+")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)")
_DOLLAR = re.compile(r"\$(?:env[:.])?([A-Za-z_]\w*)\s*\+?=\s*(.*)", re.IGNORECASE)
_MORE = re.compile(
    r"PYTHON(?:EXECUTABLE|PLATLIBDIR|CASEOK|INSPECT|STARTUP|USERBASE)"
    r"|PIP_(?:REQUIRE_VIRTUALENV|INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|CONSTRAINT)"
    r"|PIP_(?:ROOT|PYTHON|CONFIG_FILE|SRC)|CONDARC|MAMBARC|BASH_ENV"
    r"|(?:VIRTUAL_ENV|PIPENV|_?CONDA|MAMBA|_CE|PIXI|PYENV)_\w+"
    r"|UV_(?:PROJECT_ENVIRONMENT|PYTHON|SYSTEM_PYTHON|TARGET|PREFIX|TOOL_DIR|TOOL_BIN_DIR"
    r"|PYTHON_INSTALL_DIR)"
)
"""Variables that are not in the gate's table, and that a profile should not set for every program."""
_HARMLESS = frozenset(
    {name for name, _ in HONOURED}
    | {"CONDA_PROMPT_MODIFIER", "PYENV_VIRTUALENV_DISABLE_PROMPT", "PYENV_SHELL", "PYENV_ROOT"}
    | {"VIRTUAL_ENV_DISABLE_PROMPT", "CONDA_AUTO_ACTIVATE_BASE", "CONDA_AUTO_ACTIVATE"}
)
"""Settings that change no environment."""
_EMPTY = frozenset({"", '""', "''", "$null", "null"})
_LONGEST = 1000
"""Characters of a line that are looked at."""


def variable_matters(name: str, value: str) -> Severity | None:
    """Return how much it matters that every process has a variable; None: not at all.

    As the gate judges it (`gates.rules`): an error is what a shell is refused for.
    """
    if value in _EMPTY or name in _HARMLESS:
        return None
    rule = rule_of(name)
    if rule is None:
        return _W if _MORE.fullmatch(name) else None
    if not rule.applies_to(value.strip("'\"")):
        return None
    return _E


def environment_folders(text: str) -> tuple[str, ...]:
    """Return what in a text is named like the program folder of conda, pyenv or an environment."""
    return tuple(found[0] for found in _FOLDER.finditer(text))


def matches(line: str) -> dict[str, Match]:
    """Return what a line does, by the id of the check; each check has its most severe match.

    Args:
        line: as it stands in the file.
    """
    found: dict[str, Match] = {}
    indented = line[:1].isspace()
    for match in _judge(line.strip("\ufeff \t\r\n")[:_LONGEST]):
        if indented and match.severity is _E:
            match = match._replace(severity=_W)
        known = found.get(match.check)
        if known is None or (match.severity is _E and known.severity is not _E):
            found[match.check] = match
    return found


def _judge(line: str) -> Iterator[Match]:
    if line.startswith("#"):
        return
    defined = _DEFINES.match(line)
    name = (defined["one"] or defined["two"] or defined["three"]).lower() if defined else ""
    if name in PROGRAMS:
        yield Match("profile-function", _W, f"defines {name} as a function or an alias")
    commands = [] if _FUNCTION.match(line) else list(_commands(line))
    if any(_loads(words) for words in commands):
        yield from (match for match, pattern in _LOADED_PATTERNS if pattern.search(line))
    for words in commands:
        environment = _activated(words)
        if environment:
            what = f"activates the environment {environment}"
            yield Match("profile-activate", _E, what)
        for variable, value in _assigned(words):
            severity = variable_matters(variable, value)
            if severity:
                yield Match("profile-variable", severity, f"sets {variable} to {value}")
    if commands and _SETS_PATH.search(line):
        for folder in environment_folders(line)[:1]:
            yield Match("profile-path", _W, f"puts {folder} on PATH")


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command, without quotes and the words in front of a command."""
    words: list[str] = []
    for token in _TOKEN.finditer(f"{line};"):
        if token["operator"]:
            if words and words[0] not in _PASSED_OVER:
                yield words
            words = []
        elif token[0].startswith("#"):
            break
        elif words or token[0].lower() not in _PREFIXES:
            word = token[0] if words else token[0].lstrip("({\\")
            words.append(word.replace('"', "").replace("'", ""))
    if words and words[0] not in _PASSED_OVER:
        yield words


def _loads(words: list[str]) -> bool:
    """Whether the shell runs what a command names or prints."""
    first = words[0].partition("(")[0].lower()
    return first in _LOADERS or first.endswith(".ps1")


def _activated(words: list[str]) -> str:
    """Return the environment that a command activates, or nothing."""
    while len(words) > 1 and _ASSIGNMENT.fullmatch(words[0]):
        words = words[1:]
    name = re.split(r"[/\\]", words[0])[-1].lower().removesuffix(".exe").removesuffix(".bat")
    second = words[1].rstrip(")") if len(words) > 1 else ""
    third = words[2].rstrip(")") if len(words) > 2 else ""
    if name in {"conda", "mamba", "micromamba"} and second == "activate":
        return third or "base"
    if name in {".", "source", "overlay"}:
        script = third if name == "overlay" else second
        if script == "activate":
            return third or "base"
        return script if _SCRIPT.search(script) else ""
    if name in {"workon", "vox"}:
        return third or second
    if name == "pyenv" and second in {"activate", "shell"}:
        return third
    return words[0] if _SCRIPT.search(words[0]) else ""


def _assigned(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that a command sets for what the shell starts, with their values."""
    first, rest = words[0], [word for word in words[1:] if not word.startswith("-")]
    flags = "".join(word for word in words[1:] if word.startswith("-"))
    if first == "setenv" or (first == "set" and "x" in flags):
        if len(rest) > 1:
            yield rest[0], " ".join(rest[1:])
        return
    dollar = _DOLLAR.match(" ".join(words))
    if dollar:
        yield dollar[1], dollar[2]
        return
    exported = first == "export" or (first in {"declare", "typeset"} and "x" in flags)
    pairs = [_ASSIGNMENT.fullmatch(word) for word in (rest if exported else words)]
    if exported or all(pairs):  # NAME=value COMMAND sets it for that command alone
        yield from ((pair[1], pair[2]) for pair in pairs if pair)
