"""`sealenv audit`: which files hold an absolute path, and what follows."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import ENV, JSON, QUIET
from sealenv.cli.output import counted, fitted, is_terminal, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.commands.audit import Audited
    from sealenv.relocation.classify import PathFinding

__all__ = ["audit_command"]

_FIXES = {"relative": "audit --fix", "move": "move", "length": "move: same length", "none": "-"}
_BY = {
    "relative": "`sealenv audit --fix` makes it relative, `sealenv move` rewrites it",
    "move": "`sealenv move` rewrites it",
    "length": "left: `sealenv move` rewrites it only for a path of the same length",
    "here": "`sealenv move --here` rewrites it",
    "none": "left: only you can fix it",
}


@click.command(
    "audit",
    epilog="\b\nExamples:\n  sealenv audit my_env_3_12\n"
    "  sealenv audit my_env_3_12 --fix\n  sealenv audit ./env --json\n",
)
@click.option(
    "--fix",
    "fixing",
    is_flag=True,
    help="Make files relative where they can be; note the rest in the seal.",
)
@click.option("--override-frozen", is_flag=True, help="Fix a frozen environment too (CEP 22).")
@click.option("-a", "--all", "show_all", is_flag=True, help="Show also what does not matter.")
@JSON
@QUIET
@click.argument("env", type=ENV)
def audit_command(
    fixing: bool,
    override_frozen: bool,
    show_all: bool,
    as_json: bool,
    quiet: bool,
    env: str,
) -> int:
    """Find every file of ENV (a name or a path) that holds its path, in whatever form.

    Each is shown with the package that owns it, why the path matters, and what rewrites it.
    Exit code 1: a path that matters is left.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.audit import audit

    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        found = audit(env, fix=fixing, override_frozen=override_frozen, reporter=reporter)
    if as_json:
        print_json(found)
        return 1 if found.left else 0
    if not quiet:
        _show(found, show_all)
    _sum_up(found, quiet=quiet)
    return 1 if found.left else 0


def _show(found: Audited, show_all: bool) -> None:
    from sealenv.naming import printable

    for item in found.patched or ():
        click.echo(f"made relative  {printable(item.path, path=True)}: {item.what}")
    shown = [f for f in found.findings if f.matters or show_all]
    if not shown:
        return
    former = any(f.whose != "own" for f in shown)
    rows = []
    for finding in shown:
        row = [
            finding.path,
            finding.owner or "-",
            finding.kind,
            str(finding.count),
            "yes" if finding.matters else "no",
            _FIXES[finding.fix],
        ]
        rows.append([*row, finding.found] if former else row)
    headings = ["FILE", "OWNER", "KIND", "TIMES", "MATTERS", "REWRITTEN BY"]
    print_table([*headings, "PATH"] if former else headings, rows)


def _sum_up(found: Audited, *, quiet: bool) -> None:
    """Print the totals on stderr: how many, why, and what rewrites them; only the last line if quiet."""
    from sealenv.naming import printable

    holding = [f for f in found.findings if f.found]
    matter = sum(f.matters for f in holding)
    lines = [f"{found.files} files searched for {found.prefix}"]
    for place in found.former:
        lines.append(f"it was at {place}: that is searched for too")
    lines.append(
        f"{len(holding)} contain the path of the environment; {matter} matter"
        if holding
        else "no file holds the path of the environment"
    )
    lines += _reasons([f for f in found.findings if f.matters])
    if found.patched is not None:
        made, noted = counted(len(found.patched), "file"), len(found.registered or ())
        lines.append(f"{made} made relative, {noted} noted for `sealenv move`")
    lines.append(_verdict(found))
    for line in lines[-1:] if quiet else lines:
        click.echo(fitted(printable(line), 9), err=True)


def _reasons(findings: Sequence[PathFinding]) -> list[str]:
    counts = Counter((f.why, _fix_of(f)) for f in findings)
    return [f"{count:>7}  {why}; {_BY[fix]}" for (why, fix), count in counts.most_common()]


def _fix_of(finding: PathFinding) -> str:
    return "here" if finding.whose == "former" and finding.fix == "move" else finding.fix


def _verdict(found: Audited) -> str:
    if found.moved_by_hand:
        return "it was moved by hand and holds the old path: sealenv move --here rewrites it"
    if found.left:
        return f"{counted(found.left, 'path')} left that matter and that nothing rewrites"
    if not found.sealed:
        return "`sealenv move` needs a seal: run `sealenv seal` where it was made"
    return "it can be moved: `sealenv move` rewrites all that matters"
