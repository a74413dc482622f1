"""What commands print: JSON, tables, colours, questions, and small texts."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from sealenv.locks.model import Package, Wheel

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    def is_terminal(stream: TextIO) -> bool:
        """Return whether it is a console; isatty() of Windows accepts the device NUL too."""
        try:
            handle = msvcrt.get_osfhandle(stream.fileno())
        except (OSError, ValueError):
            return False
        kernel = ctypes.windll.kernel32
        kernel.GetConsoleMode.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
        return bool(kernel.GetConsoleMode(handle, ctypes.byref(wintypes.DWORD())))

else:

    def is_terminal(stream: TextIO) -> bool:
        """Return what isatty(3) does."""
        return stream.isatty()


WARNINGS = "sealenv.warnings"
"""The key in the context for the warnings of the gate."""
_INDENT = 15


class DeclinedError(Exception):
    """The answer to a question was no."""


def ask(question: str, *, default: bool = False) -> None:
    """Ask on stderr.

    Raises:
        DeclinedError: the answer is no.
        click.Abort: Ctrl-C, or no answer.
    """
    if not click.confirm(question, default=default, err=True):
        raise DeclinedError


def print_json(result: object) -> None:
    """Print the JSON object of a command, with the `warnings` of the gate if any."""
    import json

    from sealenv.fields import to_json

    warnings = click.get_current_context().meta.get(WARNINGS)
    content = to_json(result) | ({"warnings": warnings} if warnings else {})
    click.echo(json.dumps(content, indent=2, default=lambda moment: moment.isoformat()))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below headings.

    A narrow terminal gets long cells on several lines. Elsewhere a row is always one line, for `grep`.
    """

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from sealenv.naming import printable

    terminal = is_terminal(sys.stdout)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=not terminal)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    text = io.StringIO()
    width = _columns() if terminal else sys.maxsize
    Console(file=text, width=width, color_system=None).print(table)
    first, *others = text.getvalue().splitlines()
    click.echo(paint(first.rstrip(), bold=True))
    for line in others:
        click.echo(line.rstrip())


def paint(text: str, **style: Any) -> str:
    """Style a text by `click.style`, unless NO_COLOR is set, which click ignores."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def fitted(text: str, indent: int = 0, *, err: bool = True) -> str:
    """Break a line between words to fit a terminal; elsewhere leave it as it is.

    Args:
        text: without a line break.
        indent: the indentation of the following lines.
        err: whether it goes to stderr.
    """
    if not is_terminal(sys.stderr if err else sys.stdout):
        return text
    import textwrap

    return textwrap.fill(
        text, _columns(), subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def counted(number: int, noun: str) -> str:
    """Write `1 package`, `2 packages`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def size_text(size: object) -> str:
    """Write 1_234_567 as `1.2 MB`; `?` for an unknown size."""
    if not isinstance(size, int):
        return "?"
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def archives_text(packages: Sequence[Package], wheels: Sequence[Wheel]) -> str:
    """Write how many packages and wheels a lock has, and their size as far as it is known."""
    sizes = [p.size for p in packages] + [w.size for w in wheels]
    known = [size for size in sizes if size is not None]
    more = f" and {counted(len(wheels), 'wheel')}" if wheels else ""
    unknown = len(sizes) - len(known)
    rest = f" and {unknown} of unknown size" if unknown else ""
    return f"{counted(len(packages), 'package')}{more}, {size_text(sum(known))}{rest}"


def activation_line(prefix: Path, platform: str) -> str:
    """Return the command that activates an environment in the user's shell."""
    from sealenv.layout import is_windows
    from sealenv.naming import shown

    if is_windows(platform):
        if os.name != "nt":
            return f"on Windows, in its folder there: call {prefix.name}\\activate.bat"
        return f"call {shown(str(prefix / 'activate.bat'))}"
    command, extension = _ACTIVATE.get(os.path.basename(os.environ.get("SHELL", "")), (".", "sh"))
    return f"{command} {shown(f'{prefix}/activate.{extension}')}"


_ACTIVATE = {
    "fish": ("source", "fish"),
    "csh": ("source", "csh"),
    "tcsh": ("source", "csh"),
    "xonsh": ("source", "xsh"),
    "nu": ("overlay use", "nu"),
}
"""Command and extension, by the name in SHELL; others are POSIX shells."""


def show_checked(python: str | None, tools: Mapping[str, str]) -> None:
    """Print the versions that the check of an environment found.

    Args:
        python: its version; None if it has no python.
        tools: the answers of pip, conda and mamba, a line each.
    """
    lines = [f"python {python}" if python else "activation", *tools.values()]
    for number, line in enumerate(lines):
        start = "" if number else "checked"
        click.echo(fitted(f"{start:<{_INDENT}}{line}", _INDENT), err=True)
