"""`sealenv verify`, `repair` and `seal`, and how findings are printed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, YES, Command, dry_run, environment
from sealenv.cli.output import ask, counted, fitted, is_terminal, print_json
from sealenv.errors import UsageError
from sealenv.layout import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.commands.repair import Repaired
    from sealenv.commands.seal import Sealed
    from sealenv.commands.verify import Verified
    from sealenv.seals.findings import Finding

_MOST = 20
"""A terminal shows only so many findings."""


@click.command(
    "verify",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv verify my_env_3_12\n  sealenv verify my_env_3_12 --fast\n"
    "  sealenv verify ./env -f my_env.lock\n",
)
@environment()
@click.option(
    "--fast", is_flag=True, help="Read only files whose size, time, inode or mode has changed."
)
@click.option(
    "--locked", is_flag=True, help="Exit with 1 too if packages were added, removed or changed."
)
@click.option(
    "-f", "--file", "lock", metavar="LOCK",
    help="Compare the packages with this lock, and files with packages' records; implies --locked.",
)  # fmt: skip
@click.option(
    "--expect", metavar="FINGERPRINT", help="The fingerprint `packages` that ENV must have."
)
@JSON
@QUIET
def verify_command(
    fast: bool,
    locked: bool,
    lock: str | None,
    expect: str | None,
    as_json: bool,
    quiet: bool,
    env: str,
) -> int:
    """Compare everything in ENV (a name or a path) with its seal.

    Lists the packages that conda, mamba or pip added, removed or changed, damaged files, and untracked
    files. An environment of another tool is compared with its packages' records. Exit code 1: damaged.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.verify import verify
    from sealenv.naming import shown

    # Without a terminal the progress would only repeat the verdict.
    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        report = verify(env, fast=fast, lock=lock, expect=expect, tree=as_json, reporter=reporter)
    code = 1 if report.damaged or (report.modified and (locked or lock is not None)) else 0
    if as_json:
        print_json(report)
        return code
    if not quiet:
        show_findings(report.findings, f"sealenv verify {shown(env)}{' --fast' * fast}")
    click.echo(_summary(report), err=True)
    for line in _next_steps(report, shown(env), lock):
        click.echo(fitted(line, 6), err=True)
    return code


def _summary(report: Verified) -> str:
    """Return one line for people."""
    kinds = [finding.kind for finding in report.findings]
    code = kinds.count("untracked-code")
    damaged = sum(finding.damage for finding in report.findings) - code
    changed = sum(finding.change and finding.package is not None for finding in report.findings)
    untracked = kinds.count("untracked")
    what = f"{counted(report.files, 'file')} of {counted(report.packages, 'package')}"
    parts = [report.condition or report.state]
    if report.condition == "as made":
        how = "" if report.fingerprints.sealed else " (by the records of its packages)"
        if report.fast:
            how = " (by size, time and inode)" if report.tabled else " (by size)"
        parts[0] += how
    if damaged and report.condition:
        parts.append(counted(damaged, "damaged path"))
    if code:
        parts.append(counted(code, "untracked program"))
    if changed:
        parts.append(counted(changed, "changed package"))
    if untracked:
        parts.append(counted(untracked, "untracked path"))
    return f"{what}: {', '.join(parts)}"


def _next_steps(report: Verified, env: str, lock: str | None) -> list[str]:
    """Return what to do about the findings.

    With a lock it is to create the environment again: repair and seal trust the seal.
    """
    from sealenv.naming import shown

    if report.state == "pending":
        return ["next: create it again with sealenv create, which replaces it"]
    if report.state == "moved":
        return [f"next: sealenv move --here {shown(str(report.prefix))} updates its paths"]
    changes = [finding for finding in report.findings if finding.change]
    packages = any(finding.package for finding in changes)
    if lock is not None and report.state == "sealed" and (report.damaged or packages):
        create = f"sealenv create --replace -p {shown(str(report.prefix))} -f {shown(lock)}"
        return [f"next: {create} makes it again from the lock"]
    kinds = {finding.kind for finding in report.findings if finding.damage}
    records = {finding.path for finding in report.findings if finding.kind == "record"}
    steps = []
    if kinds - {"untracked-code", "fingerprint", "record"}:
        steps.append(f"next: sealenv repair {env} restores damaged files")
    if records == {FILES}:
        steps.append(f"next: check the other findings, then seal it again: sealenv seal {env}")
    elif records:
        steps.append("next: create it again from a lock: sealenv create --replace -f LOCK")
    if kinds == {"fingerprint"}:
        accept = f"sealenv seal {env} accepts the changed packages, with a new fingerprint"
        again = "create it again from a lock that you trust: sealenv create --replace -f LOCK"
        return [f"next: {accept if packages else again}"]
    if report.state == "unreadable" or "fingerprint" in kinds:
        return steps
    if any(finding.package is None for finding in changes) and not steps:
        steps.append(f"next: sealenv repair {env} writes the activation scripts again")
    if packages:
        steps.append(f"next: sealenv seal {env} accepts the changed packages")
    elif "untracked-code" in kinds:
        steps.append(f"next: delete the untracked files, or accept them: sealenv seal {env}")
    return steps


def show_findings(findings: Sequence[Finding], command: str) -> None:
    """Print one line for each finding to stdout; a terminal shows only the first."""
    print_most([_line(finding) for finding in findings], command)


def _line(finding: Finding) -> str:
    from sealenv.naming import printable

    text = printable(finding.detail)
    if not finding.change:
        owner = f" ({finding.package})" if finding.package else ""
        text = printable(finding.path, path=True) + printable(owner) + (f": {text}" if text else "")
    return f"{finding.kind:<14} {text}"


def print_most(lines: Sequence[str], command: str) -> None:
    """Print lines to stdout; in a terminal only the first, and the command that lists all."""
    most = _MOST if is_terminal(sys.stdout) and len(lines) > _MOST else len(lines)
    for line in lines[:most]:
        click.echo(line)
    if most < len(lines):
        pager = "more" if os.name == "nt" else "cat"
        click.echo(f"... and {len(lines) - most} more; to list all: {command} | {pager}")


_DRY = dry_run("Show what would be done; change nothing.")


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
    from sealenv.naming import shown

    if change.adopted:
        click.echo(f"adopted: made by {change.engine.name} {change.engine.version}".rstrip())
    show_findings(change.findings, f"sealenv seal {shown(env)} --dry-run")
