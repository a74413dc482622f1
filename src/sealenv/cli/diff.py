"""`sealenv diff`."""

from __future__ import annotations

import click

from sealenv.cli.completion import ENV_OR_FILE
from sealenv.cli.options import JSON, QUIET, print_json

__all__ = ["diff_command"]


@click.command(
    "diff",
    short_help="Show what differs between locks and environments.",
    epilog="""\b
Examples:
  sealenv diff my_env                    against the lock in its seal
  sealenv diff my_env my_env.lock        an environment and a lock
  sealenv diff old.lock new.lock --json  two locks, each platform
""",
)
@JSON
@QUIET
@click.argument("a", metavar="A", type=ENV_OR_FILE)
@click.argument("b", metavar="[B]", type=ENV_OR_FILE, required=False)
def diff_command(as_json: bool, quiet: bool, a: str, b: str | None) -> int:
    """Show what differs from A to B: locks of any format, or environments.

    A alone is an environment: it is compared with the lock in its seal. Exit code 1 when something
    differs, 0 when nothing does. Nothing is solved and nothing is written.
    """
    from sealenv.commands.diff import diff
    from sealenv.naming import printable

    result = diff(a, b)
    if as_json:
        print_json({
            "before": result.before.title,
            "after": result.after.title,
            "platforms": list(result.platforms),
            "equal": not result.changes,
            "without_digest": list(result.without_digest),
            "changes": [change.to_json() for change in result.changes],
        })  # fmt: skip
    elif not quiet:
        for platform in result.platforms:
            of_it = [c for c in result.changes if c.platform == platform]
            if of_it and len(result.platforms) > 1:
                click.echo(f"{platform}:")
            for change in of_it:
                click.echo(printable(change.words()))
        click.echo(_verdict([c.what for c in result.changes]), err=True)
        if bare := result.without_digest:
            more = " ..." if len(bare) > 10 else ""
            click.echo(
                f"not compared to the byte, for one side has no sha256: {', '.join(bare[:10])}{more}",
                err=True,
            )
    return 1 if result.changes else 0


def _verdict(kinds: list[str]) -> str:
    counts = [
        f"{kinds.count(what)} {what}" for what in ("added", "removed", "changed") if what in kinds
    ]
    return ", ".join(counts) or "the same packages"
