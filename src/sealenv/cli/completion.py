"""`sealenv completion`."""

from __future__ import annotations

import click

__all__ = ["completion_command"]


@click.command(
    "completion",
    epilog="""\b
Examples:
  eval "$(sealenv completion bash)"  in ~/.bashrc
  source <(sealenv completion zsh)   in ~/.zshrc, after compinit
  sealenv completion fish | source   in config.fish
""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> int:
    """Print the script that completes commands, options and names of environments in SHELL.

    It is static: Tab starts no program. sealenv itself writes it nowhere, and edits no profile. After an
    update of sealenv, make a saved one anew.
    """
    from sealenv.cli.completing import script
    from sealenv.cli.main import cli

    click.echo(script(shell, cli), nl=False)
    return 0
