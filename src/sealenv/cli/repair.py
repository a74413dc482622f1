"""`sealenv repair` and `sealenv seal`: after verify has found something."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, YES, Command, environment
from sealenv.cli.output import ask, is_terminal, print_json
from sealenv.cli.verify import print_most, show_findings
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.commands.repair import Repaired
    from sealenv.commands.seal import Sealed

_DRY = click.option(
    "-d", "--dry-run", is_flag=True, help="Show what would be done; change nothing."
)


@click.command(
    "repair",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv repair my_env_3_12 --dry-run\n  sealenv repair my_env_3_12\n"
    "  sealenv repair ./env --offline --json\n",
)
@environment()
@_DRY
@click.option("--offline", is_flag=True, help="Do not use the network.")
@JSON
@QUIET
def repair_command(dry_run: bool, offline: bool, as_json: bool, quiet: bool, env: str) -> int:
    """Restore the damaged files that `verify` finds in ENV (a name or a path).

    Files come from the archives that the environment was made from, in the cache or the channel.
    Packages that conda, mamba or pip changed stay as they are. Exit code 1: damage is left.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.repair import repair

    with make_reporter(quiet=quiet or as_json, verbose=0) as reporter:
        done = repair(env, dry_run=dry_run, offline=offline, reporter=reporter)
    if as_json:
        print_json(done)
    else:
        _show_repaired(done, env)
    return 1 if done.left else 0


def _show_repaired(done: Repaired, env: str) -> None:
    from sealenv.naming import printable, shown

    word = "would repair" if done.dry_run else "repaired"
    lines = []
    for finding in done.repaired:
        owner = printable(f" ({finding.package})" if finding.package else "")
        lines.append(f"{word}  {printable(finding.path, path=True)}{owner}: {finding.kind}")
    for finding in done.left:
        lines.append(f"left  {finding.kind} {printable(finding.path, path=True)}")
        lines.append(f"      {printable(finding.hint)}")
    print_most(lines, f"sealenv repair {shown(env)} --dry-run")
    verb = "to repair" if done.dry_run else "repaired"
    count = f"{len(done.repaired)} {verb}, {len(done.left)} left"
    click.echo(count if done.repaired or done.left else "nothing to repair", err=True)


@click.command(
    "seal",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv seal my_env_3_12 --dry-run\n  sealenv seal my_env_3_12 -y\n",
)
@environment()
@_DRY
@YES
@JSON
@QUIET
def seal_command(dry_run: bool, yes: bool, as_json: bool, quiet: bool, env: str) -> int:
    """Seal ENV (a name or a path) as it is now, after intended changes.

    Shows what differs from the seal before: packages that conda, mamba or pip changed, and files. An
    environment of another tool is adopted: it gets a seal and activation scripts.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.seal import seal
    from sealenv.naming import shown

    asking = not (yes or dry_run)
    if asking and (as_json or not is_terminal(sys.stdin)):
        raise UsageError(
            "sealing accepts all changes and needs a confirmation",
            hint=f"look at them with --dry-run, then: sealenv seal {shown(env)} -y",
        )
    with make_reporter(quiet=quiet or as_json, verbose=0) as reporter:

        def confirm(change: Sealed) -> None:
            reporter.end()
            _show_change(change, env)
            ask("Seal it as it is?")

        change = seal(env, dry_run=dry_run, confirm=confirm if asking else None, reporter=reporter)
    if as_json:
        print_json(change)
    elif change.empty:
        click.echo("nothing has changed since it was sealed", err=True)
    else:
        if not asking and not quiet:
            _show_change(change, env)
        click.echo(f"{'would be sealed' if dry_run else 'sealed':<14} {change.prefix}", err=True)
    return 0


def _show_change(change: Sealed, env: str) -> None:
    from sealenv.naming import printable, shown

    if change.adopted:
        click.echo(f"adopted: made by {change.engine.name} {change.engine.version}".rstrip())
    for dist in change.added.values():
        click.echo(f"+ {printable(dist)}")
    for dist in change.removed.values():
        click.echo(f"- {printable(dist)}")
    for before, after in change.changed.values():
        line = f"~ {before} -> {after}" if before != after else f"~ {after}: another archive"
        click.echo(printable(line))
    show_findings(change.files, f"sealenv seal {shown(env)} --dry-run")
