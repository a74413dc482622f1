"""`sealenv gate`: what of this shell could make a process use another Python."""

from __future__ import annotations

import os

import click

from sealenv.cli.options import CLEAN, JSON, print_json
from sealenv.cli.paint import paint
from sealenv.cli.table import fitted

__all__ = ["gate_command"]


@click.command(
    "gate",
    epilog="""\b
Examples:
  sealenv gate              what was found, why it can hurt, how to clear it
  sealenv gate --json       the same for a program

What is found is what `run`, `shell` and the activation scripts refuse. The exit code is then 1.
""",
)
@CLEAN
@JSON
def gate_command(clean: bool, as_json: bool) -> int:
    """Show what of this shell could make a process use another Python.

    With --clean: what is left of it in a clean environment.
    """
    from sealenv.gates.admission import look
    from sealenv.gates.whitelist import clean_environ
    from sealenv.naming import printable

    found = look(clean_environ(os.environ) if clean else os.environ)
    if as_json:
        print_json({
            "state": "active" if found else "clean",
            "findings": [finding.to_json() for finding in found],
        })  # fmt: skip
    elif not found:
        click.echo("This shell is clean.")
    else:
        for finding in found:
            click.echo(paint(printable(f"{finding.name}={finding.value}"), fg="red"))
            for label, text in (
                ("what:  ", printable(finding.what)),
                ("why:   ", finding.why),
                ("clear: ", finding.clear),
            ):
                click.echo(fitted(f"      {label}{text}", 13, err=False))
    return 1 if found else 0
