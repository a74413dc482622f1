"""`sealenv verify`, and how findings are printed."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import ENV, JSON, QUIET
from sealenv.cli.output import fitted, print_json
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.seals.findings import Finding

__all__ = ["Line", "everything", "fold", "folded", "show_findings", "verify_command"]

MOST = 20
"""So many findings are listed one by one."""
_FEWEST = 3
"""Fewer files are named, not counted."""
_OF_FILES = frozenset({
    "missing", "altered", "untracked", "clobbered", "wrong-type", "wrong-link", "broken-link",
    "wrong-mode", "unreadable", "stale-pyc", "orphaned-pyc",
})  # fmt: skip
"""Kinds of which path and kind say nearly all; of the others each detail is news."""


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

    # Without a terminal its one line would say nothing that the verdict does not.
    silent = quiet or as_json or not is_terminal(sys.stderr)
    with make_reporter(quiet=silent, verbose=0) as reporter:
        report = verify(env, fast=fast, tree=as_json, reporter=reporter)
    if as_json:
        print_json(report)
        return 1 if report.damaged else 0
    if not quiet:
        show_findings(report.findings, f"sealenv verify {shown(env)}{' --fast' * fast}")
    for note in report.notes:
        click.echo(fitted(f"note: {note}", 6), err=True)
    if any(finding.kind == "moved" for finding in report.findings):
        click.echo(
            f"note: that is mended by: sealenv move --here {shown(str(report.prefix))}", err=True
        )
    click.echo(report.summary, err=True)
    return 1 if report.damaged else 0


def show_findings(findings: Sequence[Finding], command: str) -> None:
    """One line each, on stdout; in a terminal one for many of a folder.

    Args:
        findings: of verify.
        command: shows the same again.
    """
    if not findings:
        return
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


@dataclass(frozen=True)
class Line:
    """What is shown as one line."""

    finding: Finding
    """It, or the first of those that were folded."""
    path: str
    """Its path, or the folder that they are in, with `/` at its end."""
    hint: str = ""
    count: int = 1

    @property
    def files(self) -> str:
        """`201 files` of a folder; empty for one finding."""
        return f"{self.count} files" if self.count > 1 else ""


def folded(findings: Sequence[Finding], hints: Sequence[str] = ()) -> list[Line]:
    """The lines for stdout: in a terminal many are folded, elsewhere each finding is one."""
    return fold(findings, hints, most=MOST if is_terminal(sys.stdout) else len(findings))


def fold(findings: Sequence[Finding], hints: Sequence[str] = (), *, most: int = MOST) -> list[Line]:
    """One line for each finding, or for a folder's with the same kind, package and hint.

    A folder also stands for what is below it if it holds two such findings itself, as a package's own
    folder does; the environment's own folder never does. A line has the place of its first finding.

    Args:
        findings: in the order in which they are shown.
        hints: what to do about each; none when empty.
        most: so many are not folded.
    """
    hints = hints or [""] * len(findings)
    if len(findings) <= most:
        return [Line(f, f.path, hint) for f, hint in zip(findings, hints, strict=True)]
    keys = [(f.kind, f.package, hint) for f, hint in zip(findings, hints, strict=True)]
    own = [f.path.rpartition("/")[0] for f in findings]
    here = Counter(zip(keys, own, strict=True))
    places = []
    for key, folder in zip(keys, own, strict=True):
        parts = folder.split("/")
        above = ["/".join(parts[:n]) for n in range(1, len(parts))]
        places.append((key, next((a for a in above if here[key, a] > 1), folder)))
    together = [f.kind in _OF_FILES and not f.path.endswith("/") for f in findings]
    counts = Counter(place for place, it in zip(places, together, strict=True) if it)
    lines: dict[object, Line] = {}
    for number, (finding, place) in enumerate(zip(findings, places, strict=True)):
        (*_, hint), folder = place
        if together[number] and counts[place] >= _FEWEST and folder:
            lines.setdefault(place, Line(finding, f"{folder}/", hint, counts[place]))
        else:
            lines[number] = Line(finding, finding.path, hint)
    return list(lines.values())


def everything(command: str) -> str:
    """How to see what was folded.

    Args:
        command: that lists it, as it is typed.
    """
    pager = "more" if os.name == "nt" else "cat"
    return f"files of one folder are one line; each by itself: {command} | {pager} (or --json)"
