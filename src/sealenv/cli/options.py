"""Options and small texts that commands share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.words import counted
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.locks import Lock

__all__ = [
    "CLEAN",
    "JSON",
    "QUIET",
    "STRICT",
    "VERBOSE",
    "WARNINGS",
    "YES",
    "activation_line",
    "count_text",
    "once",
    "print_json",
    "size_text",
]

YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Only errors and the result.")
VERBOSE = click.option("-v", "--verbose", count=True, help="Say more.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
CLEAN = click.option(
    "--clean", is_flag=True, help="Start from a clean environment, whatever this shell has."
)
STRICT = click.option(
    "--strict", is_flag=True, help="Refuse a shell that is not clean, instead of a warning."
)
WARNINGS = "sealenv.warnings"
"""Where the context keeps what the gate had to say."""


def print_json(content: Mapping[str, Any]) -> None:
    """The one JSON object of a command; with `warnings` when the gate had some."""
    import json

    warnings = click.get_current_context().meta.get(WARNINGS, [])
    more = {"warnings": warnings} if warnings else {}
    click.echo(json.dumps({**content, **more}, indent=2))


def size_text(size: int) -> str:
    """1_234_567 -> `1.2 MB`."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


def count_text(lock: Lock) -> str:
    """How many packages and wheels a lock has, and their size as far as it is told."""
    wheels = f" and {counted(len(lock.wheels), 'wheel')}" if lock.wheels else ""
    untold = sum(archive.size is None for archive in lock.archives)
    more = f" and {untold} of a size that is not told" if untold else ""
    return (
        f"{counted(len(lock.packages), 'package')}{wheels}, {size_text(lock.download_size)}{more}"
    )


def once(context: click.Context, option: click.Parameter, values: tuple[Any, ...]) -> Any:
    """The value of an option that may stand once: click itself takes the last, silently.

    Raises:
        UsageError: it is there more than once.
    """
    if len(values) > 1:
        raise UsageError(
            f"{option.opts[-1]} is given {len(values)} times",
            details=[str(value) for value in values],
            hint="give it once",
        )
    return values[0] if values else None


def activation_line(prefix: Path, platform: str) -> str:
    """What a user types to activate an environment in its system's usual shell."""
    from sealenv.layout import is_windows
    from sealenv.naming import shown

    if is_windows(platform):
        if os.name != "nt":
            return f"on Windows, from wherever it lies then: call {prefix.name}\\activate.bat"
        return f"call {shown(str(prefix / 'activate.bat'))}"
    return f". {shown(f'{prefix}/activate.sh')}"
