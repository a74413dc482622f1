"""A question with yes or no, in our voice: click's own says "Error: invalid input"."""

from __future__ import annotations

import sys

import click

__all__ = ["agree"]

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False}


def agree(question: str, *, default: bool) -> None:
    """Go on only with a yes.

    Args:
        question: what is asked, on stderr.
        default: what Enter alone means.

    Raises:
        click.Abort: the answer is no, or there is none.
    """
    while True:
        click.echo(f"{question} [{'Y/n' if default else 'y/N'}]: ", nl=False, err=True)
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            click.echo(err=True)
            raise click.Abort from None
        if not answer:
            click.echo(err=True)
            raise click.Abort
        answer = answer.strip().lower()
        yes = _ANSWERS.get(answer, default if not answer else None)
        if yes is not None:
            break
        click.echo("please answer y or n", err=True)
    if not yes:
        raise click.Abort
