"""What ran in an environment that was made, moved or cloned, as all three show it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from sealenv.cli.table import fitted

__all__ = ["show_checked"]

_INDENT = 15


def show_checked(python: str | None, tools: Mapping[str, str]) -> None:
    """Tell the versions that the environment itself has answered.

    Args:
        python: its version; None where there is none, and activation is all that was tried.
        tools: what pip, conda and mamba said, a line each.
    """
    lines = [f"python {python}" if python else "activation", *tools.values()]
    for number, line in enumerate(lines):
        start = "" if number else "checked"
        click.echo(fitted(f"{start:<{_INDENT}}{line}", _INDENT), err=True)
