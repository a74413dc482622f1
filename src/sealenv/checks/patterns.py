"""What a profile does to every shell: managed blocks, and patterns of single lines. Nothing is run.

Functions, conditions and variables are not followed. An indented line may run only under a condition,
so it is at most a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sealenv.checks.check import Severity
from sealenv.checks.text import lines_of
from sealenv.gates.rules import HONOURED, rule_of

__all__ = [
    "Block",
    "Match",
    "environment_folders",
    "find_blocks",
    "matches",
    "variable_matters",
]

_TOOLS = r"(?:conda|mamba|micromamba)"


@dataclass(frozen=True)
class Block:
    """What `conda init` and similar commands write into a profile, with its first and last line.

    Attributes:
        tool: the tool that wrote the block.
        start: where its first line begins, in characters.
        end: the end of its last line; if it has none, the end of the first.
        whole: whether it has a last line.
        active: whether it contains anything other than comments.
        nested: whether it is part of another command, such as an `if` or a function.
    """

    tool: str
    start: int
    end: int
    whole: bool
    active: bool
    nested: bool


_BEGIN = re.compile(rf"(?:# >>> |#region )(?P<tool>{_TOOLS}) initialize(?: >>>)?")
_END = re.compile(rf"# <<< (?P<tool>{_TOOLS}) initialize <<<|#endregion")
_OPENS = re.compile(
    r"(?:\{|\(|\bthen|\bdo|\belse)$|^(?:if|for|while|function|begin)\b(?!.*\b(?:fi|done|end)$)"
)
"""A line after which a shell expects a command. A block that follows it cannot be removed."""


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the managed blocks of a profile, in order."""
    begun: Block | None = None
    active = False
    before = ""
    for start, end in lines_of(text):
        raw = text[start:end].lstrip("\ufeff")
        line = raw.strip()
        begin, last = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            if begun:
                yield begun
            nested = raw[:1].isspace() or _OPENS.search(before) is not None
            first = end - len(raw)  # a byte order mark stays
            begun = Block(begin["tool"], first, end, whole=False, active=True, nested=nested)
            active = False
        elif last and begun and last["tool"] in (None, begun.tool):
            yield Block(begun.tool, begun.start, end, True, active, begun.nested)
            begun = None
        elif line and not line.startswith("#"):
            active = True
        before = line or before
    if begun:
        yield begun


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


_EXE = r"(?:\.exe|\.bat)?['\"]?"
_LOADS = re.compile(
    r"(?:^|[\s;&|(])(?:\\?\.|source|eval|iex|invoke-expression|import-module|xontrib|execx|use)"
    r"(?=[\s(]|$)|\.ps1\b",
    re.IGNORECASE,
)
"""A command that runs a file or the output of a program."""
_LOADED: tuple[tuple[str, Severity, str, str], ...] = (
    (
        "conda-hook",
        "error",
        "loads the shell hook of conda or mamba",
        (
            rf"{_TOOLS}{_EXE}\s+['\"]?shell\b.*\bhook\b|(?:CONDA|MAMBA)_EXE\b.*\bhook\b"
            rf"|__(?:conda|mamba)_setup\b|profile\.d/{_TOOLS}\.c?sh\b|\b(?:conda|mamba)\.fish\b"
            rf"|{_TOOLS}[-_]hook\.ps1|(?:Conda|Mamba)\.psm1|xontrib.*\bconda\b"
        ),
    ),
    ("direnv", "warning", "loads direnv", rf"\bdirenv{_EXE}\s+(?:hook|export)\b"),
    ("version-manager", "warning", "loads pyenv", rf"\bpyenv{_EXE}\s+(?:virtualenv-)?init\b"),
    ("version-manager", "warning", "loads asdf", r"\basdf\.(?:sh|fish|nu|ps1)\b"),
    ("version-manager", "warning", "loads mise", rf"\bmise{_EXE}\s+(?:activate|hook-env)\b"),
    ("version-manager", "warning", "loads pixi", rf"\bpixi{_EXE}\s+shell-hook\b"),
    (
        "version-manager",
        "warning",
        "loads virtualenvwrapper",
        r"\bvirtualenvwrapper(?:_lazy)?\.sh\b",
    ),
)
"""(check, severity, what, pattern) of lines that load something: see `_LOADS`."""
_LOADED_PATTERNS = tuple((Match(*row[:3]), re.compile(row[3], re.IGNORECASE)) for row in _LOADED)

_START = r"(?:^|[;&|{(]|\b(?:then|do|else|and|or|exec|command|builtin)\s)\s*(?:\w+=\S*\s+)*"
"""The start of a command, with the variables that are set for it alone."""
_SCRIPT = r"(?:(?:bin|Scripts)[/\\]activate(?:\.\w+)?|(?<![\w-])activate(?:\.\w+|_this\.py))"
_ACTIVATES = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:\S*[/\\])?{_TOOLS}(?:\.exe|\.bat)?\s+activate\b[ \t]*(?P<name>[^\s;&|)]*)",
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
_LONGEST = 1000
"""Characters of a line that are read."""


def variable_matters(name: str, value: str) -> Severity | None:
    """Return how much it matters that every process has a variable; None: not at all.

    A variable that the gate refuses (`gates.rules`) is an error.
    """
    value = value.strip().strip("'\"")
    if value in ("", "$null", "null", r"\x1d") or name in _HARMLESS:  # \x1d: an empty list of fish
        return None
    rule = rule_of(name)
    if rule is None:
        return "warning" if _MORE.fullmatch(name) else None
    return "error" if rule.applies_to(value) else None


def environment_folders(text: str) -> tuple[str, ...]:
    """Return what in a text is named like the program folder of conda, pyenv or an environment."""
    return tuple(found[0] for found in _FOLDER.finditer(text))


def matches(line: str) -> dict[str, Match]:
    """Return what a line of a file does, by the id of the check: the most severe match of each."""
    found: dict[str, Match] = {}
    indented = line[:1].isspace()
    for match in _judge(line.strip("\ufeff \t\r\n")[:_LONGEST]):
        if indented and match.severity == "error":
            match = match._replace(severity="warning")
        if match.check not in found or match.severity == "error":
            found[match.check] = match
    return found


def _judge(line: str) -> Iterator[Match]:
    if _DEFINES.match(line) or _PASSED_OVER.match(line):
        return
    line = _COMMENT.sub("", line).replace(
        r"\x1e", ":"
    )  # fish separates the parts of a list by \x1e
    if _LOADS.search(line):
        yield from (match for match, pattern in _LOADED_PATTERNS if pattern.search(line))
    for pattern in _ACTIVATES:
        for found in pattern.finditer(line):
            name = found["name"].strip("'\"") or "base"
            yield Match("profile-activate", "error", f"activates the environment {name}")
    for name, value in _assigned(line):
        severity = variable_matters(name, value)
        if severity:
            yield Match("profile-variable", severity, f"sets {name} to {value}")
    if _SETS_PATH.search(line):
        for folder in environment_folders(line)[:1]:
            yield Match("profile-path", "warning", f"puts {folder} on PATH")


def _assigned(line: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that a line sets for child processes, with their values."""
    exported = [found["pairs"] for found in _EXPORTS.finditer(line)]
    found = [pair for pairs in exported for pair in _PAIR.finditer(pairs)]
    found += [one for pattern in _SETS for one in pattern.finditer(line)]
    yield from ((one["name"], one["value"].strip().strip("'\"")) for one in found)
