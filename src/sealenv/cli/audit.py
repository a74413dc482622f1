"""`sealenv audit`: which files hold an absolute path, and what follows from it."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.completion import ENV
from sealenv.cli.options import JSON, QUIET, print_json
from sealenv.system.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.audits import Audit
    from sealenv.commands.audit import Fixed
    from sealenv.portability.finding import PathFinding

__all__ = ["audit_command"]

_MENDS = {"relative": "audit --fix", "move": "move", "length": "move: same length", "none": "-"}
_BY = {
    "relative": "`sealenv audit --fix` makes it relative, `sealenv move` re-writes it",
    "move": "`sealenv move` re-writes it",
    "length": "left: `sealenv move` re-writes it only for a path of the same length",
    "here": "`sealenv move --here` re-writes it",
    "none": "left: nobody but you can mend it",
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

    Each is shown with the package that it belongs to, why the path matters, and what mends it:
    `sealenv move` re-writes them. Exit code 1: something that matters is left that nobody mends.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.audit import fix, search
    from sealenv.prefix.lookup import find

    prefix = find(env)
    silent = quiet or as_json or not is_terminal(sys.stderr)
    fixed: Fixed | None = None
    with make_reporter(quiet=silent, verbose=0) as reporter:
        if fixing:
            fixed = fix(prefix, override_frozen=override_frozen, reporter=reporter)
            found = fixed.audit
        else:
            found = search(prefix, reporter=reporter)
    if as_json:
        print_json(_json(found, fixed))
        return 1 if found.left else 0
    if not quiet:
        _show(found, fixed, show_all)
    _sum_up(found, fixed, quiet=quiet)
    return 1 if found.left else 0


def _show(found: Audit, fixed: Fixed | None, show_all: bool) -> None:
    from sealenv.cli.table import print_table
    from sealenv.naming import printable

    for item in fixed.patched if fixed else ():
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
            _MENDS[finding.mend],
        ]
        rows.append([*row, finding.found] if former else row)
    headings = ["FILE", "OWNER", "KIND", "TIMES", "MATTERS", "MENDED BY"]
    print_table([*headings, "PATH"] if former else headings, rows)


def _sum_up(found: Audit, fixed: Fixed | None, *, quiet: bool) -> None:
    """What it comes to, on stderr: how many, why, and what mends them; the verdict alone if quiet."""
    from sealenv.cli.table import fitted
    from sealenv.naming import printable

    holding = [f for f in found.findings if f.found]
    matter = sum(f.matters for f in holding)
    lines = [f"{found.files} files searched for {found.prefix}"]
    for place in found.former:
        lines.append(f"it was at {place}: searched for that too")
    lines.append(
        f"{len(holding)} hold the path of the environment, in {matter} it matters"
        if holding
        else "none holds the path of the environment"
    )
    lines += _reasons([f for f in found.findings if f.matters])
    if fixed:
        made, noted = _count(len(fixed.patched), "file"), len(fixed.registered)
        lines.append(f"{made} made relative, {noted} noted for `sealenv move`")
    lines.append(_verdict(found))
    for line in lines[-1:] if quiet else lines:
        click.echo(fitted(printable(line), 9), err=True)


def _reasons(findings: Sequence[PathFinding]) -> list[str]:
    counts = Counter((f.why, _mend(f)) for f in findings)
    return [f"{count:>7}  {why}; {_BY[mend]}" for (why, mend), count in counts.most_common()]


def _mend(finding: PathFinding) -> str:
    return "here" if finding.whose == "former" and finding.mend == "move" else finding.mend


def _verdict(found: Audit) -> str:
    if found.moved_by_hand:
        return "it was moved by hand and holds the old path: sealenv move --here mends it"
    if found.left:
        return f"{_count(len(found.left), 'path')} left that matter and that nobody mends"
    if found.seal is None:
        return "`sealenv move` needs a seal: sealenv seal it, where it was made"
    return "it can be moved: `sealenv move` re-writes all that matters"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _json(found: Audit, fixed: Fixed | None) -> dict[str, Any]:
    return {
        "prefix": str(found.prefix),
        "platform": found.platform,
        "former": list(found.former),
        "files": found.files,
        "matters": sum(f.matters for f in found.findings),
        "left": len(found.left),
        "patched": [p.to_json() for p in fixed.patched] if fixed else None,
        "registered": list(fixed.registered) if fixed else None,
        "findings": [f.to_json() for f in found.findings],
    }
