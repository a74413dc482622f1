"""`sealenv gate`: what of this shell could make a process use another Python."""

from __future__ import annotations

import click

from sealenv.cli.options import CLEAN, ENV, JSON
from sealenv.cli.output import counted, fitted, paint, print_json

__all__ = ["gate_command", "refresh_command"]


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
    from sealenv.commands.gate import gate
    from sealenv.naming import printable

    found = gate(clean=clean)
    if as_json:
        print_json(found)
    elif not found.findings:
        click.echo("This shell is clean.")
    else:
        for finding in found.findings:
            click.echo(paint(printable(f"{finding.name}={finding.value}"), fg="red"))
            for label, text in (
                ("what:  ", printable(finding.what)),
                ("why:   ", finding.why),
                ("clear: ", finding.clear),
            ):
                click.echo(fitted(f"      {label}{text}", 13, err=False))
    return 1 if found.findings else 0


@click.command("refresh", epilog="\b\nExample:\n  sealenv refresh my_env_3_12\n")
@JSON
@click.argument("env", type=ENV)
def refresh_command(as_json: bool, env: str) -> int:
    """Make the activation scripts of ENV anew, after packages or variables of it changed."""
    from sealenv.commands.refresh import refresh

    done = refresh(env)
    if as_json:
        print_json(done)
        return 0
    for problem in done.problems:
        click.echo(f"warning: {problem}", err=True)
    click.echo(f"wrote {counted(len(done.written), 'file')} in {done.prefix}", err=True)
    return 0
