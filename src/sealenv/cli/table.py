"""Tables on stdout: aligned for people, never cut, the same with and without a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import click

__all__ = ["print_table"]


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below headings, columns as wide as their widest cell in terminal cells."""
    from rich.cells import cell_len

    from sealenv.naming import printable

    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(cell_len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]

    def line(row: Sequence[str]) -> str:
        cells = [cell + " " * (w - cell_len(cell)) for cell, w in zip(row, widths, strict=True)]
        return "  ".join(cells).rstrip()

    click.echo(click.style(line(headings), bold=True))
    for row in rows:
        click.echo(line(row))
