"""`sealenv list`, `sealenv info`, `sealenv report` and `sealenv remove`."""

from __future__ import annotations

import datetime as dt
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.options import JSON, QUIET, YES, Command, environment
from sealenv.cli.output import activation_line, ask, is_terminal, print_json, print_table, size_text
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.commands.environments import Environment, Info
    from sealenv.commands.remove import Removal


@click.command(
    "list",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv list\n  sealenv list --in /srv/envs\n  sealenv list --json\n",
)
@click.option("--in", "folders", multiple=True, metavar="DIR", type=click.Path(path_type=Path),
              help="Look in this folder instead. Repeatable.")  # fmt: skip
@click.option("--size", is_flag=True, help="Measure the sizes too, which takes longer.")
@JSON
def list_command(folders: tuple[Path, ...], size: bool, as_json: bool) -> int:
    """List the environments in SEALENV_ENVS, PY_ENVS and the user's own folder.

    States: sealed (complete), pending (unfinished), foreign (made by another tool), moved (not where it
    was made), unreadable. Modified: conda, mamba or pip changed packages. Unchecked: not run since
    it was moved or sealed. Only `verify` compares files.
    """
    from sealenv.commands.environments import Listing
    from sealenv.commands.environments import list as list_environments
    from sealenv.locations import envs_dirs
    from sealenv.naming import printable

    found = list_environments(folders, sizes=size)
    if as_json:
        print_json(Listing(environments=found))
        return 0
    if not found:
        where = [str(f) for f in folders] or envs_dirs()
        click.echo(f"No environments in {', '.join(where)}.", err=True)
        return 0
    for number, (folder, rows) in enumerate(groupby(found, lambda e: e.prefix.parent)):
        click.echo(("\n" if number else "") + printable(str(folder), path=True))
        _show_rows(list(rows), size)
    for e in found:
        if e.problem:
            click.echo(printable(f"{e.name}: {e.problem}"), err=True)
    return 0


def _show_rows(found: Sequence[Environment], size: bool) -> None:
    print_table(
        ["NAME", "PYTHON", "PACKAGES", *(["SIZE"] if size else []), "STATE"],
        [
            [
                e.name,
                e.python or "-",
                str(e.packages),
                *([size_text(e.bytes)] if size else []),
                _state(e),
            ]
            for e in found
        ],
    )


@click.command(
    "info",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv info my_env_3_12\n  sealenv info my_env_3_12 --packages\n"
    "  sealenv info -p ./env --json\n",
)
@environment()
@click.option("--packages", is_flag=True, help="List every package too, with those of pip.")
@JSON
def info_command(packages: bool, as_json: bool, env: str) -> int:
    """Show the environment ENV (a name or a path) and how it was made."""
    from sealenv.commands.environments import info
    from sealenv.naming import printable

    found = info(env)
    if as_json:
        print_json(found)
        return 0
    for label, value in _facts(found):
        click.echo(f"{label:<14} {printable(value)}")
    if packages:
        click.echo()
        print_table(
            ["PACKAGE", "VERSION", "BUILD", "REQUESTED"],
            [
                [each.name, each.version, each.build, ", ".join(each.requested)]
                for each in found.package_list
            ]
            + [[each.name, each.version, "pip", ""] for each in found.distributions],
        )
    return 0


@click.command(
    "remove",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv remove my_env_3_12\n  sealenv remove -p ./env -y\n",
)
@environment()
@YES
@QUIET
@JSON
@click.option("--force", is_flag=True, help="Remove it even if programs run from it.")
@click.option("--override-frozen", is_flag=True, help="Remove it even if it is frozen (CEP 22).")
def remove_command(
    yes: bool, quiet: bool, as_json: bool, force: bool, override_frozen: bool, env: str
) -> int:
    """Remove the environment ENV (a name or a path) and everything in it.

    The folder must be an environment. Links are not followed.
    """
    from sealenv.commands.remove import remove
    from sealenv.locations import find
    from sealenv.naming import shown

    if not yes and (as_json or not is_terminal(sys.stdin)):
        find(env)
        raise UsageError("remove needs confirmation", hint=f"sealenv remove {shown(env)} -y")

    def confirm(removal: Removal) -> None:
        what = f"{removal.state}, {removal.files} files, {size_text(removal.bytes)}"
        click.echo(f"{removal.prefix}: {what}", err=True)
        if removal.own:
            click.echo(f"Your own files in __home__: {removal.own}.", err=True)
        ask("Remove all of it?")

    done = remove(
        env, force=force, override_frozen=override_frozen, confirm=None if yes else confirm
    )
    if as_json:
        print_json(done)
    elif not quiet:
        size = size_text(done.bytes)
        click.echo(f"removed {done.removed} ({done.files} files, {size})", err=True)
        if done.removed.is_dir():
            click.echo("note: the empty folder itself cannot be removed", err=True)
    return 0


def _facts(e: Info) -> list[tuple[str, str]]:
    facts = [
        ("environment", str(e.prefix)),
        ("state", _condition(e) + (" (a process works on it)" if e.busy else "")),
        ("python", e.python or "-"),
        ("packages", str(e.packages)),
        ("content", f"{e.files} files, {size_text(e.bytes)}"),
        ("made", f"{e.created:%Y-%m-%d %H:%M} UTC ({_age(e.created)} ago)" if e.created else "-"),
    ]
    if e.problem:
        facts.insert(2, ("problem", e.problem))
    if e.seal:
        seal = e.seal
        facts += [
            ("platform", seal.platform + ("" if seal.checked else " (unchecked)")),
            ("requested", ", ".join(seal.spec.get("packages", []))),
            ("channels", ", ".join(seal.spec.get("channels", []))),
            ("engine", f"{seal.engine.name} {seal.engine.version}, sealenv {seal.sealenv}"),
            ("lock", seal.lock.digest),
            *([("fingerprint", seal.fingerprints.packages)] if seal.fingerprints else []),
            ("byte code", seal.pyc or "not compiled"),
        ]
        if seal.activation:
            facts.append(("activate", activation_line(e.prefix, seal.platform)))
    return facts


def _state(e: Environment) -> str:
    if e.busy:
        return f"{e.state} (busy)"
    return f"{_condition(e)} (unchecked)" if e.checked is False else _condition(e)


def _condition(e: Environment) -> str:
    """Return the state, and whether packages were changed since."""
    return f"{e.state}, {e.condition}" if e.condition else e.state


def _age(moment: dt.datetime | None) -> str:
    if moment is None:
        return "-"
    seconds = (dt.datetime.now(dt.timezone.utc) - moment).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= 60):
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


@click.command(
    "report",
    cls=Command,
    epilog="""\b
Examples:
  sealenv report my_env_3_12 -o report.html
  sealenv report my_env_3_12 -o report.html --force --open
  sealenv report my_env_3_12 --format cyclonedx -o sbom.json
  sealenv report my_env_3_12 --no-findings > report.html
""",
)
@environment()
@click.option("-o", "--output", metavar="FILE", help="The file to write; by default stdout.")
@click.option("--format", metavar="FORMAT", default="html", show_default=True,
              help="html, or cyclonedx: the bill of materials alone.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--open/--no-open", "opens", default=False,
              help="Open the page in your browser when it is written.")  # fmt: skip
@click.option("--fast", is_flag=True,
              help="Read only files whose size, time, inode or mode has changed.")  # fmt: skip
@click.option("--no-findings", "findings", is_flag=True, flag_value=False, default=True,
              help="Skip verify and audit; use only records.")  # fmt: skip
@JSON
@QUIET
def report_command(
    env: str,
    output: str | None,
    format: str,
    opens: bool,
    as_json: bool,
    quiet: bool,
    **wanted: Any,
) -> int:
    """Show everything about ENV (a name or a path) on one HTML page that opens from disk.

    The page shows the packages by size and why each is installed, their dependencies, commands and
    licences, the findings of verify and audit, and a bill of materials (SBOM). It loads nothing.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.report import report

    path = None if output in {None, "-"} else Path(str(output))
    _refuse_stdout(env, path, format, as_json=as_json, opens=opens)
    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        done = report(env, output=path, format=format, reporter=reporter, **wanted)
    if done.text is not None:
        click.echo(done.text.encode(), nl=False)
    elif as_json:
        print_json(done)
    elif not quiet:
        click.echo(f"wrote          {done.output}", err=True)
    if opens and path is not None:
        click.launch(path.absolute().as_uri())
    return 0


def _refuse_stdout(env: str, path: Path | None, kind: str, *, as_json: bool, opens: bool) -> None:
    if path is not None:
        return
    from sealenv.naming import shown

    example = f"sealenv report {shown(env)} -o report.html"
    if as_json:
        raise UsageError("both the report and JSON would go to stdout", hint=example)
    if opens:
        raise UsageError("--open needs a file to open", hint=example)
    if kind == "html" and is_terminal(sys.stdout):
        raise UsageError("refusing to print HTML to a terminal", hint=example)
