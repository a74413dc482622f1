"""`sealenv gate`: what of this shell could make a process use another Python."""

from __future__ import annotations

import os

import click

from sealenv.cli.options import CLEAN, JSON, STRICT, print_json
from sealenv.cli.paint import paint
from sealenv.cli.table import fitted

__all__ = ["gate_command"]


@click.command(
    "gate",
    epilog="""\b
Examples:
  sealenv gate              what was found, why it can hurt, how to clear it
  sealenv gate --strict     exit code 1 also for what is only a warning
  sealenv gate --json       the same for a program

Active is what `run`, `shell` and the activation scripts refuse. Present is a warning there. The exit
code is 1 when something is active, else 0.
""",
)
@CLEAN
@STRICT
@JSON
def gate_command(clean: bool, strict: bool, as_json: bool) -> int:
    """Show what of this shell could make a process use another Python.

    With --clean: what would be left of it in a clean environment.
    """
    from sealenv.gates.admission import look
    from sealenv.gates.rule import ACTIVE
    from sealenv.gates.whitelist import clean_environ
    from sealenv.naming import printable

    found = look(clean_environ(os.environ) if clean else os.environ)
    active = [finding for finding in found if finding.level == ACTIVE]
    if as_json:
        print_json({
            "state": "active" if active else "present" if found else "clean",
            "findings": [finding.to_json() for finding in found],
        })  # fmt: skip
    elif not found:
        click.echo("This shell is clean.")
    else:
        for finding in found:
            level = paint(finding.level, fg="red" if finding in active else "yellow")
            click.echo(f"{level}  {printable(f'{finding.name}={finding.value}')}")
            for label, text in (
                ("what:  ", printable(finding.what)),
                ("why:   ", finding.rule.why),
                ("clear: ", finding.clear),
            ):
                click.echo(fitted(f"      {label}{text}", 13, err=False))
    return 1 if active or (strict and found) else 0
