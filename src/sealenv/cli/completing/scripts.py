"""The script of a shell: its template with the tables of the commands in it.

Everything that is written into a script is from the code of sealenv; names of environments are found
when Tab is pressed, and handed to the shell as data, which it quotes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from sealenv.cli.completing.words import Command, commands
from sealenv.quoting import QUOTE

__all__ = ["SHELLS", "script"]

_TEMPLATES = Path(__file__).parent / "templates"
_quote = QUOTE["sh"]
_quote_fish = QUOTE["fish"]


def script(shell: str, group: click.Group) -> str:
    """The completion script of `bash`, `zsh` or `fish` for a program."""
    text = (_TEMPLATES / f"completion.{shell}").read_text(encoding="utf-8")
    return text.replace("__TABLES__", SHELLS[shell](commands(group)))


def _bash(known: Sequence[Command]) -> str:
    """Words, then one line a command for options and arguments, then the kind of each value."""
    return "\n".join([
        _posix_function("_sealenv_subcommands", {
            c.path: f"REPLY={_quote(' '.join(c.subcommands))}" for c in known if c.subcommands
        }),
        _posix_function("_sealenv_options", {
            c.path: f"REPLY={_quote(' '.join(name for o in c.options for name in o.names))}"
            for c in known
        }),
        _values(known),
        _arguments(known),
    ])  # fmt: skip


def _zsh(known: Sequence[Command]) -> str:
    """As for bash; words come with what they mean, as `_describe` wants them."""
    by_path = {c.path: c for c in known}
    subcommands = {
        c.path: "reply=("
        + " ".join(_described(n, by_path[f"{c.path} {n}".strip()].help) for n in c.subcommands)
        + ")"
        for c in known
        if c.subcommands
    }
    options = {
        c.path: "reply=("
        + " ".join(_described(name, o.help) for o in c.options for name in o.names)
        + ")"
        for c in known
    }
    return "\n".join([
        _posix_function("_sealenv_subcommands", subcommands),
        _posix_function("_sealenv_options", options),
        _values(known),
        _arguments(known),
    ])  # fmt: skip


def _described(word: str, help_line: str) -> str:
    return _quote(f"{word}:{_short(help_line)}".replace("\\", "\\\\"))


def _values(known: Sequence[Command]) -> str:
    """`COMMAND:OPTION` -> the kind of its value."""
    cases = {}
    for command in known:
        for option in command.options:
            if option.kind:
                names = "|".join(_quote(f"{command.path}:{name}") for name in option.names)
                cases[names] = f"REPLY={_quote(option.kind)}"
    lines = [f"        {names}) {action} ;;" for names, action in cases.items()]
    return "\n".join(["_sealenv_value() {", '    REPLY=; case "$1:$2" in', *lines, "    esac", "}"])


def _arguments(known: Sequence[Command]) -> str:
    """The kinds of the arguments; the last one stands for all that follow where it is repeated."""
    cases = {}
    for command in known:
        if command.arguments:
            rest = command.arguments[-1] if command.repeats else "text"
            kinds = " ".join(_quote(kind) for kind in (*command.arguments, rest))
            cases[command.path] = f"reply=({kinds}); trailing={int(command.trailing)}"
    return _posix_function("_sealenv_arguments", cases)


def _posix_function(name: str, cases: dict[str, str]) -> str:
    lines = [f"        {_quote(case)}) {action} ;;" for case, action in cases.items()]
    return "\n".join(
        [f"{name}() {{", '    REPLY=; reply=(); case "$1" in', *lines, "    esac", "}"]
    )


def _fish(known: Sequence[Command]) -> str:
    """Each function prints: words with what they mean, or kinds."""
    by_path = {c.path: c for c in known}
    subcommands = {
        c.path: [(n, by_path[f"{c.path} {n}".strip()].help) for n in c.subcommands]
        for c in known
        if c.subcommands
    }
    options = {c.path: [(name, o.help) for o in c.options for name in o.names] for c in known}
    values = {
        f"{c.path}:{name}": [(o.kind, "")]
        for c in known
        for o in c.options
        if o.kind
        for name in o.names
    }
    arguments = {
        c.path: [
            (str(int(c.trailing)), ""),
            *((kind, "") for kind in c.arguments),
            (c.arguments[-1] if c.repeats else "text", ""),
        ]
        for c in known
        if c.arguments
    }
    return "\n".join([
        _fish_function("__sealenv_subcommands", subcommands),
        _fish_function("__sealenv_options", options),
        _fish_function("__sealenv_value", values),
        _fish_function("__sealenv_arguments", arguments),
    ])  # fmt: skip


def _fish_function(name: str, cases: dict[str, list[tuple[str, str]]]) -> str:
    lines = [f"function {name}", '    switch "$argv"']
    for case, rows in cases.items():
        texts = [f"{word}\t{_short(line)}" if line else word for word, line in rows]
        lines.append(f"        case {_quote_fish(case)}")
        lines.append(f"            printf '%s\\n' {' '.join(_quote_fish(text) for text in texts)}")
    return "\n".join([*lines, "    end", "end"])


def _short(line: str) -> str:
    """The first sentence, as far as a list of candidates can show it."""
    first = line.split(". ")[0].rstrip(".:")
    return first if len(first) <= 60 else first[:57].rsplit(" ", 1)[0] + " ..."


SHELLS: dict[str, Callable[[Sequence[Command]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
"""Shell -> what writes its tables."""
