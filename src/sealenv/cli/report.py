"""`sealenv report`: nothing is written but the file that -o names."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sealenv.cli.options import ENV, JSON, QUIET
from sealenv.cli.output import is_terminal, print_json
from sealenv.errors import UsageError

__all__ = ["report_command"]


@click.command(
    "report",
    short_help="Show everything about an environment on one page, or write its SBOM.",
    epilog="""\b
Examples:
  sealenv report my_env_3_12 -o report.html
  sealenv report my_env_3_12 -o report.html --force --open
  sealenv report my_env_3_12 --format cyclonedx -o sbom.json
  sealenv report my_env_3_12 --no-findings > report.html
""",
)
@click.option("-o", "--output", metavar="FILE", help="The file to write; without it, stdout.")
@click.option("--format", "kind", metavar="FORMAT", default="html", show_default=True,
              help="html, or cyclonedx: the bill of materials alone.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--open/--no-open", "opens", default=False,
              help="Open the page in your browser when it is written.")  # fmt: skip
@click.option("--fast", is_flag=True,
              help="Verify reads only files whose size, time, inode or mode has changed.")  # fmt: skip
@click.option(
    "--no-findings", is_flag=True, help="Neither verify nor audit: only what records say."
)
@JSON
@QUIET
@click.argument("env", type=ENV)
def report_command(
    output: str | None,
    kind: str,
    force: bool,
    opens: bool,
    fast: bool,
    no_findings: bool,
    as_json: bool,
    quiet: bool,
    env: str,
) -> int:
    """Show everything about ENV (a name or a path) on one HTML page that opens from disk.

    It holds what the environment is, its packages by size and why each is there, the graph of what needs
    what, what verify and audit find, what each command is, licences, and a bill of materials (SBOM). The
    page loads nothing. Exit code 0 also where something was found: that is for verify and audit.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.report import report

    path = None if output in {None, "-"} else Path(str(output))
    _refuse_stdout(path, kind, as_json=as_json, opens=opens)
    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        done = report(
            env, format=kind, output=path, force=force, findings=not no_findings, fast=fast,
            reporter=reporter,
        )  # fmt: skip
    if done.text is not None:
        click.echo(done.text.encode(), nl=False)
    elif as_json:
        print_json(done)
    elif not quiet:
        click.echo(f"wrote          {done.output}", err=True)
    if opens and path is not None:
        click.launch(path.absolute().as_uri())
    return 0


def _refuse_stdout(path: Path | None, kind: str, *, as_json: bool, opens: bool) -> None:
    if path is not None:
        return
    if as_json:
        raise UsageError("both the report and JSON on stdout", hint="name a file with -o")
    if opens:
        raise UsageError("--open needs a file to open", hint="name one with -o")
    if kind == "html" and is_terminal(sys.stdout):
        raise UsageError("a page is nothing to read in a terminal", hint="name a file with -o")
