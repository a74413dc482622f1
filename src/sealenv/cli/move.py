"""`sealenv move`, `sealenv clone` and `sealenv audit`."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.options import JSON, QUIET, VERBOSE, Command, dry_run, environment
from sealenv.cli.output import counted, fitted, is_terminal, print_json, print_table, show_checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.commands.move import Moved
    from sealenv.relocation.audit import Audited, PathFinding

_FIXES = {"relative": "audit --fix", "move": "move", "none": "-"}
_BY = {
    "relative": "`sealenv audit --fix` makes it relative, `sealenv move` rewrites it",
    "move": "`sealenv move` rewrites it",
    "here": "`sealenv move --here` rewrites it",
    "none": "left: only you can fix it",
}

_DRY = dry_run("Search and check, change nothing; -v names all.")


@click.command(
    "move",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv move my_env_3_12 /data/envs/my_env_3_12\n"
    "  sealenv move my_env_3_12 new_name\n  sealenv move ./env /mnt/other/env --copy\n"
    "  sealenv move --here ./env            it was moved or copied by hand\n",
)
@environment(then="dest")
@click.argument("dest", required=False)
@click.option("--here", is_flag=True, help="Fix an environment that was already moved by hand.")
@click.option("--copy", is_flag=True, help="Copy, check, then remove, also on one file system.")
@click.option("--force", is_flag=True, help="Move it even if programs run from it.")
@click.option("--override-frozen", is_flag=True, help="Move a frozen environment too (CEP 22).")
@_DRY
@JSON
@QUIET
@VERBOSE
def move_command(as_json: bool, quiet: bool, verbose: int, **wanted: Any) -> int:
    """Move the environment ENV (a name or a path) to DEST.

    DEST is a path, or a name in the folder of environments: a folder that does not exist, or an empty
    one. Only files that hold the path are rewritten. The same command finishes an interrupted move.
    To another file system the environment is copied, and the old one is removed if nothing was written
    into it meanwhile.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.move import move

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        moved = move(reporter=reporter, **wanted)
    if as_json:
        print_json(moved)
    else:
        _show_moved(moved, quiet, verbose)
    return 0


@click.command(
    "clone",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv clone my_env_3_12 my_env_copy\n"
    "  sealenv clone my_env_3_12 ./env --copy\n",
)
@environment(then="new")
@click.argument("new", metavar="NEW", required=False)
@click.option("--copy", is_flag=True, help="Copy all files, share none.")
@JSON
@QUIET
@VERBOSE
def clone_command(
    copy: bool, as_json: bool, quiet: bool, verbose: int, env: str, new: str | None
) -> int:
    """Make NEW, an environment like ENV (a name or a path).

    NEW is a path, or a name in the folder of environments. Unchanged files of packages are hard links;
    all others are copies. Updating, moving or removing one environment never changes the other, but
    writing into a hard-linked file in place changes both. --copy shares nothing.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.clone import clone

    if new is None:
        raise click.UsageError("Missing argument 'NEW'.")

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        cloned = clone(env, new, copy=copy, reporter=reporter)
    if as_json:
        print_json(cloned)
    elif quiet:
        click.echo(cloned.prefix)
    else:
        if cloned.check:
            show_checked(cloned.check.python, cloned.check.tools)
        else:
            click.echo("unchecked      it does not run here", err=True)
        counts = f"{cloned.linked} hard links, {cloned.copied} copies"
        click.echo(f"cloned         {cloned.prefix} ({counts})", err=True)
    return 0


def _show_moved(moved: Moved, quiet: bool, verbose: int) -> None:
    from sealenv.locations import resolve_env
    from sealenv.naming import printable, shown

    if moved.dry_run:
        for path in moved.rewritten:
            click.echo(f"would be rewritten  {printable(path, path=True)}")
        if verbose:
            for path in moved.deleted:
                click.echo(f"would be deleted    {printable(path, path=True)}")
        counts = f"{len(moved.rewritten)} files hold {moved.was}"
        if moved.deleted:
            counts += f", and {len(moved.deleted)} .pyc files, which Python writes again"
            counts += "" if verbose else " (-v names them)"
        click.echo(f"{counts}; nothing was changed", err=True)
        return
    if quiet:
        click.echo(moved.prefix)
        return
    if moved.how == "unchanged":
        click.echo(f"{moved.prefix} needs no change", err=True)
        return
    for item in moved.left:
        path = printable(item.path, path=True)
        click.echo(f"note: {path} holds {moved.was}: {item.why}", err=True)
    for path in moved.unsigned:
        click.echo(f"warning: sign it on macOS: codesign --force --sign - {path}", err=True)
    if moved.check:
        show_checked(moved.check.python, moved.check.tools)
    word = {"rewritten": "fixed", "renamed": "moved", "copied": "moved"}[moved.how]
    click.echo(
        f"{word:<14} {moved.prefix} ({counted(len(moved.rewritten), 'file')} rewritten)", err=True
    )
    if resolve_env(moved.prefix.name)[0] != str(moved.prefix):
        click.echo(f"listed by      sealenv list --in {shown(str(moved.prefix.parent))}", err=True)
    if moved.original:
        click.echo(f"               {moved.was} is still there, unchanged", err=True)


@click.command(
    "audit",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv audit my_env_3_12\n"
    "  sealenv audit my_env_3_12 --fix\n  sealenv audit ./env --json\n",
)
@environment()
@click.option("--fix", is_flag=True,
              help="Make files relative where they can be; note the rest in the seal.")  # fmt: skip
@click.option("--override-frozen", is_flag=True, help="Fix a frozen environment too (CEP 22).")
@click.option("-a", "--all", "show_all", is_flag=True, help="Show also what does not matter.")
@JSON
@QUIET
def audit_command(show_all: bool, as_json: bool, quiet: bool, **wanted: Any) -> int:
    """Find every file in ENV (a name or a path) that contains its path, in any form.

    Each is shown with the package that owns it, why the path matters, and what rewrites it.
    Exit code 1: nothing rewrites a path that matters.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.audit import audit

    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        found = audit(reporter=reporter, **wanted)
    if as_json:
        print_json(found)
        return 1 if found.left else 0
    if not quiet:
        _show_paths(found, show_all)
    _sum_up(found, quiet=quiet)
    return 1 if found.left else 0


def _show_paths(found: Audited, show_all: bool) -> None:
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
            str(finding.count),
            "yes" if finding.matters else "no",
            _FIXES[finding.fix],
        ]
        rows.append([*row, finding.found] if former else row)
    headings = ["FILE", "OWNER", "TIMES", "MATTERS", "REWRITTEN BY"]
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
