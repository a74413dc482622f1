"""Generate docs/man/sealenv.1 from the commands: `python -m docs.tools.man_page [--write]`.

Without --write the page is compared with the code: exit code 1 if they differ. The wheel
contains the page as share/man/man1/sealenv.1.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from docs.tools.generated import write_or_compare
from sealenv.cli.main import cli
from sealenv.cli.options import Advanced

_DOCS = Path(__file__).resolve().parents[1]
PAGE = _DOCS / "man" / "sealenv.1"
_ESCAPES = {
    "\\": r"\e",
    "-": r"\-",
    '"': r"\(dq",
    "`": r"\(ga",
    "'": r"\(aq",
    "^": r"\(ha",
    "~": r"\(ti",
}
_HEAD = r"""
.\" Written by `python -m docs.tools.man_page --write`: change the commands, not this page.
.TH SEALENV 1 "2026-11-23" "sealenv" "User Commands"
.SH NAME
sealenv \- standalone conda environments as sealed units
.SH SYNOPSIS
.B sealenv
.I COMMAND
.RI [ OPTIONS ]
.RI [ ARGUMENTS ]
.SH DESCRIPTION
"""


def page() -> str:
    """Return the whole page."""
    lines = _HEAD.strip().split("\n")
    lines += _description(cli)
    lines += [
        ".PP",
        "ENV is the name of an environment, or a path: what has a separator or begins with a dot.",
        ".SH COMMANDS",
    ]
    for name, command in _walk(cli, ""):
        lines += _command(name, command)
    lines += [".SH EXIT STATUS", *_table("exit-codes.md", "All codes")]
    lines += [".SH ENVIRONMENT", *_table("environment-variables.md", None)]
    lines += [
        ".SH EXAMPLES",
        *_verbatim((cli.epilog or "").replace("First steps:\n", "")),
        ".SH SEE ALSO",
        ".BR conda (1),",
        ".BR micromamba (1).",
    ]
    return "\n".join(lines) + "\n"


def _walk(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, f"{before}{name} ")


def _command(name: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=name, help_option_names=["-h", "--help"])
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f'.SS "sealenv {_text(name)} {_text(usage)}"', *_description(command)]
    for option in sorted(command.get_params(context), key=lambda o: isinstance(o, Advanced)):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record:
            lines += [".TP", rf"\fB{_text(record[0])}\fR", *_paragraph(record[1])]
    for part in _epilog(command):
        lines += [".PP", *part]
    return lines


def _description(command: click.Command) -> list[str]:
    """The help text; what `\\b` holds together stays so."""
    parts = (command.help or "").strip().split("\n\n")
    lines: list[str] = []
    for number, part in enumerate(parts):
        lines += [".PP"] if number else []
        lines += _verbatim(part[1:]) if part.startswith("\b") else _paragraph(part)
    return lines


def _epilog(command: click.Command) -> Iterator[list[str]]:
    for part in re.split(r"\n\n|\n(?=\x08)", (command.epilog or "").strip("\n")):
        text = part.lstrip("\b\n")
        if not text.strip():
            continue
        if part.startswith("\b"):
            title, _, rest = text.partition("\n")
            yield [_text(title), *_verbatim(rest)]
        else:
            yield _paragraph(text)


def _table(file: str, heading: str | None) -> list[str]:
    """The first two columns of a table of the reference: a term, and what it means."""
    text = (_DOCS / "reference" / file).read_text(encoding="utf-8")
    if heading:
        text = text.split(f"## {heading}\n")[1]
    found: list[str] = []
    for line in text.split("\n## ")[0].splitlines() if heading else text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) > 1 and re.fullmatch(r"(`[^`]+`(, )?)+", cells[0]):
            plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", cells[1])
            found += [".TP", rf"\fB{_text(cells[0].replace('`', ''))}\fR"]
            found += _paragraph(plain.replace("`", ""))
    return found


def _paragraph(text: str) -> list[str]:
    """One line a sentence, as man pages have it."""
    joined = " ".join(text.split())
    return [_line(part) for part in re.split(r"(?<=[.;:]) (?=[A-Z`])", joined)]


def _verbatim(text: str) -> list[str]:
    lines = [line for line in text.strip("\n").split("\n") if line.strip("\b")]
    return [".nf", *(_line(line) for line in lines), ".fi"]


def _line(text: str) -> str:
    """A line of text is not a request, whatever it begins with."""
    text = _text(text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def _text(text: str) -> str:
    """Characters that mean something to roff, as themselves."""
    for plain, escaped in _ESCAPES.items():
        text = text.replace(plain, escaped)
    return text


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.man_page"))
