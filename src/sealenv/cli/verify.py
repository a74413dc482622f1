"""`sealenv verify`: nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.completion import ENV
from sealenv.cli.options import JSON, QUIET, print_json
from sealenv.cli.table import fitted
from sealenv.cli.words import verdict
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.seals.findings import Finding, Report
    from sealenv.seals.seal import Fingerprints

__all__ = ["prints_json", "show_findings", "verify_command"]


@click.command(
    "verify",
    epilog="\b\nExamples:\n  sealenv verify my_env_3_12\n  sealenv verify my_env_3_12 --fast\n"
    "  sealenv verify ./env --json\n",
)
@click.option(
    "--fast", is_flag=True, help="Read only files whose size, time, inode or mode has changed."
)
@JSON
@QUIET
@click.argument("env", type=ENV)
def verify_command(fast: bool, as_json: bool, quiet: bool, env: str) -> int:
    """Compare everything in ENV (a name or a path) with what was sealed.

    Found are missing, altered and untracked files, links that lead elsewhere, wrong modes, stale
    compiled files, changed activation scripts, and what conda, mamba or pip installed since. An
    environment of another tool is compared with its packages' records. Exit code 1: something was found.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.verify import verify
    from sealenv.naming import shown
    from sealenv.prefix.lookup import find

    prefix = find(env)
    # Without a terminal its one line would say nothing that the verdict does not.
    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        report = verify(prefix, fast=fast, tree=as_json, reporter=reporter)
    if as_json:
        print_json(_json(prefix, report, fast))
        return 1 if report.damaged else 0
    if not quiet:
        show_findings(report.findings, f"sealenv verify {shown(env)}{' --fast' * fast}")
    for note in report.notes:
        click.echo(fitted(f"note: {note}", 6), err=True)
    if any(finding.kind == "moved" for finding in report.findings):
        click.echo(f"note: that is mended by: sealenv move --here {shown(str(prefix))}", err=True)
    click.echo(verdict(report, fast), err=True)
    return 1 if report.damaged else 0


def show_findings(findings: Sequence[Finding], command: str) -> None:
    """One line each, on stdout; in a terminal one for many of a folder.

    Args:
        findings: of verify.
        command: shows the same again.
    """
    if not findings:
        return
    from sealenv.cli.folding import everything, folded
    from sealenv.naming import printable

    lines = folded(findings)
    for line in lines:
        finding = line.finding
        owner = f" ({finding.package})" if finding.package else ""
        more = line.files or finding.detail
        detail = f": {more}" if more else ""
        path = printable(line.path, path=True)
        click.echo(f"{finding.kind:<13} {path}{printable(owner + detail)}")
    if len(lines) < len(findings):
        click.echo(fitted(everything(command), 6, err=False))


def prints_json(prints: Fingerprints | None) -> dict[str, str | None] | None:
    """Both fingerprints for `--json`."""
    return {"packages": prints.packages, "tree": prints.tree or None} if prints else None


def _json(prefix: Path, report: Report, fast: bool) -> dict[str, Any]:
    return {
        "prefix": str(prefix),
        "fast": fast,
        "packages": report.packages,
        "files": report.files,
        "hashed": report.hashed,
        "damaged": report.damaged,
        "findings": [f.to_json() for f in report.findings],
        "fingerprints": {"sealed": prints_json(report.sealed), "now": prints_json(report.now)},
        "notes": list(report.notes),
    }
