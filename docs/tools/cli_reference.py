"""Generate docs/reference/cli.md from the commands: `python -m docs.tools.cli_reference [--write]`.

Without --write the page is compared with the code: exit code 1 if they differ, as in `tests/docs`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from docs.tools.generated import write_or_compare
from sealenv.cli.main import cli
from sealenv.cli.options import Advanced

PAGE = Path(__file__).resolve().parents[1] / "reference" / "cli.md"

_HEAD = """\
# The command line

<!-- Written by `python -m docs.tools.cli_reference --write`: change the commands, not this page. -->

`sealenv COMMAND --help` prints the same as this page. ENV is a name or a path; names are looked up in
`SEALENV_ENVS`, then `PY_ENVS`, then the user data folder ([variables](environment-variables.md)). With
`--json` a command prints one [JSON object](json.md); its exit code is one of [these](exit-codes.md), and
each error has [a remedy](errors.md).

"""


def page() -> str:
    """Return the whole page."""
    found = list(_commands(cli, "sealenv", None))
    index = "".join(
        f"| [`{name.removeprefix('sealenv ')}`](#{_anchor(name)}) | {_first(command)} |\n"
        for name, command, _ in found
    )
    sections = "\n".join(_section(name, command, ctx) for name, command, ctx in found)
    return f"{_HEAD}| Command | What it does |\n|---|---|\n{index}\n{sections}"


def _commands(
    group: click.Group, name: str, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its full name, in the order of `--help`."""
    ctx = click.Context(group, parent, name.rsplit(" ", 1)[-1], **group.context_settings)
    for word in group.list_commands(ctx):
        command = group.get_command(ctx, word)
        assert command is not None, word
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {word}", ctx)
        else:
            yield f"{name} {word}", command, click.Context(command, ctx, word)


def _section(name: str, command: click.Command, ctx: click.Context) -> str:
    usage = " ".join([name, *command.collect_usage_pieces(ctx)])
    examples = re.sub(r"^\s*Examples?:\n", "", (command.epilog or "").replace("\b\n", ""))
    parts = [
        f"## {name}\n",
        f"{_paragraphs(command.help or '')}\n",
        f"```text\n{usage}\n```\n",
        *_tables(command.get_params(ctx), ctx),
    ]
    if examples.strip():
        lines = "\n".join(line.removeprefix("  ") for line in examples.rstrip().splitlines())
        parts.append(f"```text\n{lines.strip()}\n```\n")
    return "\n".join(parts)


def _tables(params: Iterable[click.Parameter], ctx: click.Context) -> Iterator[str]:
    """Yield a table of the common options, and one of the rare ones."""
    rows = {"Option": "", "Advanced": ""}
    for param in params:
        record = param.get_help_record(ctx)
        if record and record[1]:  # an argument has no help of its own: the usage line names it
            kind = "Advanced" if isinstance(param, Advanced) else "Option"
            rows[kind] += f"| {_code(record[0])} | {_cell(record[1])} |\n"
    for heading, lines in rows.items():
        if lines:
            yield f"| {heading} | Meaning |\n|---|---|\n{lines}"


def _paragraphs(text: str) -> str:
    """A docstring as Markdown; what stands behind a form feed is not shown, as in click."""
    blocks = text.split("\f")[0].strip().split("\n\n")
    return "\n\n".join(
        "```text\n" + block.removeprefix("\b\n") + "\n```"
        if block.startswith("\b\n")
        else _escaped(" ".join(block.split()))
        for block in blocks
    )


def _first(command: click.Command) -> str:
    return _cell(command.get_short_help_str(limit=200))


def _code(names: str) -> str:
    return f"`{names}`".replace("|", "\\|")


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Nothing in a help text is markup, but for what stands in back-quotes."""
    parts = text.split("`")
    pattern = r"([\\<>*\[\]]|(?<!\w)_+|_+(?!\w))"
    parts[::2] = [re.sub(pattern, r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.cli_reference"))
