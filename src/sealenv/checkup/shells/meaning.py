"""What a command of a start-up file means for environments. Texts only: nothing is run or looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sealenv.checkup.finding import Severity
from sealenv.checkup.shells import posix
from sealenv.checkup.shells.assigning import ASSIGNMENT, assigned
from sealenv.checkup.shells.command import Command
from sealenv.checkup.shells.defining import defined
from sealenv.checkup.shells.pathentries import named_entries, sets_path
from sealenv.gates.rules import HONOURED, rule_of

__all__ = [
    "KINDS",
    "Meaning",
    "allexport",
    "exports",
    "meaning_of",
    "variable_matters",
    "without_prefix",
]

KINDS = ("hook", "activate", "function", "variable", "path", "manager", "node", "directory")


@dataclass(frozen=True)
class Meaning:
    """What a command does.

    Attributes:
        kind: one of `KINDS`.
        severity: how much it matters.
        what: half a sentence.
        alone: whether the command does nothing else, so that something else can stand in its place.
        unexported: the variable, where it matters only if something else exports it.
        entries: what it puts on PATH of other Pythons.
        names: (`function` or `alias`, name) of what it defines.
    """

    kind: str
    severity: Severity
    what: str
    alone: bool = True
    unexported: str | None = None
    entries: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()


_TOOLS = r"(?:conda|mamba|micromamba)"
_END = r"(?:\.exe|\.bat|\.cmd)?"
_HOOK = re.compile(
    rf"{_TOOLS}{_END}['\"]?\s+['\"]?shell['\"]?(?:[.\s]['\"]?[\w-]+['\"]?)?.*\bhook\b"
    rf"|etc/profile\.d/{_TOOLS}\.(?:sh|csh)|(?:conda|mamba)\.fish\b|{_TOOLS}[-_]hook\.(?:ps1|bat)|Conda\.psm1"
    r"|xontrib.*\bconda\b|_conda_(?:exe|hook|set)\b.*hook|Mamba\.psm1|(?:CONDA|MAMBA)_EXE\b.*\bhook",
    re.DOTALL,
)
_PRINTED = re.compile(
    rf"{_TOOLS}{_END}['\"]?\s+['\"]?shell(?:\.[\w-]+)?['\"]?\s+(?:-\S+\s+\S+\s+)*['\"]?activate\b"
    r"['\"]?(?:\s+-\S+\s+\w+)*\s*['\"]?(?P<name>[^\s'\"`)|;]*)"
)
"""What conda is asked to print, for a shell to run."""
_SCRIPT = re.compile(
    r"(?:^|[/\\])(?:bin|Scripts)[/\\]activate(?:\.fish|\.csh|\.ps1|\.nu|\.xsh|\.bat)?$"
    r"|(?:^|[/\\])activate\.(?:sh|fish|csh|xsh|nu|ps1|bat)$|(?:^|[/\\])activate_this\.py$",
    re.IGNORECASE,
)
_MANAGERS = (
    ("pyenv", re.compile(r"\bpyenv(?:\.exe)?['\"]?\s+(?:init|virtualenv-init)\b")),
    ("asdf", re.compile(r"\basdf\.(?:sh|fish|nu|ps1|elv)\b|\basdf\s+completion\b")),
    ("mise", re.compile(r"\b(?:mise|rtx)(?:\.exe)?['\"]?\s+(?:activate|hook-env)\b")),
    ("pixi", re.compile(r"\bpixi(?:\.exe)?['\"]?\s+shell-hook\b")),
    ("virtualenvwrapper", re.compile(r"\bvirtualenvwrapper(?:_lazy)?\.sh\b")),
    ("node", re.compile(r"[/\\]nvm\.(?:sh|fish)\b|\bfnm(?:\.exe)?['\"]?\s+env\b")),
)
_DIRECTORY = re.compile(r"\bdirenv(?:\.exe)?['\"]?\s+(?:hook|export)\b")
_MORE = re.compile(
    r"PYTHON(?:EXECUTABLE|PLATLIBDIR|CASEOK|INSPECT|STARTUP|USERBASE)"
    r"|PIP_(?:REQUIRE_VIRTUALENV|INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|CONSTRAINT)"
    r"|PIP_(?:ROOT|PYTHON|CONFIG_FILE|SRC)|CONDARC|MAMBARC|BASH_ENV"
    r"|(?:VIRTUAL_ENV|PIPENV|_?CONDA|MAMBA|_CE|PIXI|PYENV)_\w+"
    r"|UV_(?:PROJECT_ENVIRONMENT|PYTHON|SYSTEM_PYTHON|TARGET|PREFIX|TOOL_DIR|TOOL_BIN_DIR"
    r"|PYTHON_INSTALL_DIR)"
)
"""What the gate's table does not know, and a start-up file should not set for every program."""
_HARMLESS = frozenset(
    {name for name, _ in HONOURED}
    | {"CONDA_PROMPT_MODIFIER", "PYENV_VIRTUALENV_DISABLE_PROMPT", "PYENV_SHELL", "PYENV_ROOT"}
    | {"VIRTUAL_ENV_DISABLE_PROMPT", "CONDA_AUTO_ACTIVATE_BASE", "CONDA_AUTO_ACTIVATE"}
)
"""Settings that change no environment."""
_LONGEST = 1000
_MANY = 100
"""Characters of a word, words of a command, that are looked at: people write no more."""
_EMPTY = frozenset({"", '""', "''", "$null", "null"})


def variable_matters(name: str, value: str) -> Severity | None:
    """How much it matters that a variable is set for every process; None: not at all.

    As the gate judges it (`gates.rules`): an error is what a shell is refused for.
    """
    if value in _EMPTY or name in _HARMLESS:
        return None
    rule = rule_of(name)
    if rule is not None:
        if not rule.applies_to(value.strip("'\"")):
            return None
        return Severity.ERROR
    return Severity.WARNING if _MORE.fullmatch(name) else None


def meaning_of(command: Command, shell: str) -> Meaning | None:
    """What a command does to every shell that reads it; None: nothing that matters here.

    Args:
        command: one that runs when the file is read.
        shell: whose file it is.
    """
    words = without_prefix(command.words)
    set_before = bool(ASSIGNMENT.fullmatch(command.words[0])) and words != command.words
    if not words:
        return None
    if found := _definition(words, shell):
        return found
    if words[0] in {"function", "alias", "#", "echo", "printf", "complete", "[", "[["}:
        return None
    words = tuple(word[:_LONGEST] for word in words[:_MANY])
    text = " ".join(words)[:_LONGEST]
    for judge in (_activation, _hook, _managed):
        found = judge(words, text, shell)
        if found:
            return replace(found, alone=found.alone and not set_before)
    if words[0] == "eval":
        return _evaluated(words, shell)
    return _settings(words, shell)


def _definition(words: tuple[str, ...], shell: str) -> Meaning | None:
    """A function or an alias that an activation refuses for (`gates.rules.PROGRAMS`)."""
    found = [one for one in defined(words[:_MANY], shell) if not one.passes]
    if not found:
        return None
    one = found[0]
    what = f"defines the {one.kind} {one.name}"
    what += f": {one.stands_for[:_LONGEST]}" if one.stands_for else ""
    alone = one.kind == "alias" and one.alone
    return Meaning(
        "function", Severity.ERROR, what, alone, names=tuple((o.kind, o.name) for o in found)
    )


def _evaluated(words: tuple[str, ...], shell: str) -> Meaning | None:
    """What the text means that `eval` is given."""
    if shell not in {"sh", "bash", "zsh", "fish"}:
        return None
    dialect = "fish" if shell == "fish" else "posix"
    inner = posix.parse(" ".join(words[1:])[:_LONGEST], dialect).commands
    for command in inner:
        if command.words[0] != "eval" and not command.function:
            found = meaning_of(command, shell)
            if found:
                return replace(found, alone=found.alone and len(inner) == 1)
    return None


def allexport(command: Command, before: bool) -> bool:
    """Whether every variable that is set behind a command of sh, bash or zsh is exported."""
    words = command.words
    if words[0] not in {"set", "setopt", "unsetopt"}:
        return before
    if words[0] == "set":
        for sign, answer in (("-", True), ("+", False)):
            if any(w[0] == sign and w[:2] != "--" and "a" in w[1:] for w in words[1:] if w):
                return answer
            if f"{sign}o" in words and "allexport" in words:
                return answer
    elif "allexport" in words:
        return words[0] == "setopt"
    return before


def exports(command: Command) -> set[str]:
    """The variables that a command of sh, bash or zsh exports without setting them."""
    words = command.words
    declares = words[0] in {"declare", "typeset"} and any("x" in w for w in words if w[:1] == "-")
    if words[0] == "export" or declares:
        return {word for word in words[1:] if word.isidentifier()}
    return set()


_PREFIXES = frozenset({"builtin", "command", "&", "exec", "\\"})


def without_prefix(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command itself: behind csh's condition, `builtin`, `command`, `&`, variables set for it."""
    if len(words) > 2 and words[0] == "if" and words[1].startswith("("):
        words = words[2:]
    behind = words
    while len(behind) > 1 and (behind[0] in _PREFIXES or ASSIGNMENT.fullmatch(behind[0])):
        behind = behind[1:]
    return words if ASSIGNMENT.fullmatch(behind[0]) else behind


def _activation(words: tuple[str, ...], text: str, shell: str) -> Meaning | None:
    name = re.split(r"[/\\]", words[0])[-1].lower().removesuffix(".exe").removesuffix(".bat")
    second = words[1] if len(words) > 1 else ""
    what = ""
    if name in {"conda", "mamba", "micromamba"} and second in {"activate", "shell"}:
        if second == "activate" or "activate" in words[2:3]:
            what = f"activates the environment {words[2] if len(words) > 2 else 'base'}"
    elif name in {".", "source", "call", "overlay", "source-bash", "source-cmd"} and second:
        target = words[2] if name == "overlay" and len(words) > 2 else second
        if _SCRIPT.search(target) or target == "activate":
            named = words[2] if target == "activate" and len(words) > 2 else target
            what = f"activates the environment {named}"
    elif _SCRIPT.search(words[0]):
        what = f"activates the environment {words[0]}"
    elif name in {"workon", "vox"} and second:
        what = f"activates the environment {words[-1]}"
    elif name == "pyenv" and second in {"activate", "shell"}:
        what = f"has pyenv switch to {words[-1]}"
    elif _loads(words, text, shell) and (found := _PRINTED.search(text)):
        what = f"activates the environment {found['name'] or 'base'}"
    return Meaning("activate", Severity.ERROR, what, "|" not in words) if what else None


_LOADERS = frozenset(
    {".", "source", "eval", "call", "overlay", "use", "source-bash", "source-zsh", "source-cmd"}
    | {"execx", "exec", "iex", "invoke-expression", "import-module", "xontrib"}
)
_PIPED = re.compile(r"\|\s*(?:source|\.|iex|invoke-expression)(?:\s+-)?$", re.IGNORECASE)
_RUN = re.compile(r"(?:__xonsh__\.execer\.exec|execx|exec)\(\$?")
_SETUP = re.compile(r"\$\{?__(?:conda|mamba)_setup\b")


def _loads(words: tuple[str, ...], text: str, shell: str) -> bool:
    """Whether the shell runs what a command names or prints; what reads or tests it loads nothing."""
    first = words[0].lower()
    if first in _LOADERS or _PIPED.search(text):
        return True
    if shell == "xonsh":
        return _RUN.match(text) is not None
    return shell == "PowerShell" and first.endswith(".ps1")


def _hook(words: tuple[str, ...], text: str, shell: str) -> Meaning | None:
    if not _loads(words, text, shell):
        return None
    if not _HOOK.search(text) and not (words[0] == "eval" and _SETUP.search(text)):
        return None
    return Meaning("hook", Severity.ERROR, "loads the shell hook of conda or mamba")


def _managed(words: tuple[str, ...], text: str, shell: str) -> Meaning | None:
    if words[0] == "load_nvm":
        return Meaning("node", Severity.NOTE, "loads nvm or fnm")
    if not _loads(words, text, shell):
        return None
    if _DIRECTORY.search(text):
        what = "has direnv change the environment in every folder that asks for it"
        return Meaning("directory", Severity.WARNING, what)
    for name, pattern in _MANAGERS:
        if pattern.search(text):
            if name == "node":
                return Meaning("node", Severity.NOTE, "loads nvm or fnm")
            return Meaning("manager", Severity.WARNING, f"loads {name}")
    return None


def _settings(words: tuple[str, ...], shell: str) -> Meaning | None:
    """What variables it sets for the processes that the shell starts."""
    pairs = assigned(words, shell)
    if not pairs:
        return None
    judged = [(name, value, variable_matters(name, value)) for name, value in pairs]
    bad = [(name, value, severity) for name, value, severity in judged if severity]
    if bad:
        errors = [b for b in bad if b[2] is Severity.ERROR]
        name, value, severity = (errors or bad)[0]
        assert severity is not None
        plain = shell in {"sh", "bash", "zsh"} and ASSIGNMENT.fullmatch(words[0]) is not None
        what = f"sets {name} to {value}"
        alone = len(bad) == len(pairs)
        return Meaning("variable", severity, what, alone, name if plain else None)
    for name, value in pairs:
        if sets_path(name, shell):
            entries = named_entries(value)
            if entries:
                what = f"puts {entries[0]} on PATH"
                return Meaning("path", Severity.WARNING, what, len(pairs) == 1, entries=entries)
    return None
