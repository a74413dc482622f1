"""`sealenv doctor --fix` and `--undo`: show, ask, do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from sealenv.cli.output import paint, print_json
from sealenv.errors import UsageError
from sealenv.masking import masked_value
from sealenv.naming import printable
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from sealenv.checkup.computer import Computer
    from sealenv.checkup.journal import Journal

__all__ = ["Asking", "fix", "undo"]


class Asking(NamedTuple):
    """How it is shown and asked."""

    dry_run: bool
    yes: bool
    quiet: bool
    as_json: bool


def fix(computer: Computer, named: Sequence[str], asking: Asking) -> int:
    """Fix what is named."""
    from sealenv.checkup.fixing import preview
    from sealenv.commands import doctor as doctoring

    plan = doctoring.plan_fix(computer, named)
    if not asking.as_json:
        if not asking.quiet:
            _show(preview(plan, computer))
        for finding in plan.left:
            where = computer.short(finding.where)
            click.echo(
                f"left: {printable(where)}: {printable(finding.what)}; {finding.how}",
                err=True,
            )
    planned = doctoring.fixed(plan, None, dry_run=asking.dry_run)
    if plan.empty:
        return _end(asking, planned, "nothing to fix was found")
    if asking.dry_run:
        return _end(asking, planned, "nothing was changed (--dry-run)")
    _ask(asking, "Change that?")
    journal = doctoring.fix(plan, computer)
    count = len(plan.files) + len(plan.values)
    said = f"changed {count}; sealenv doctor --undo {plan.checks[0]} puts it back"
    return _end(asking, doctoring.fixed(plan, journal, dry_run=False), said)


def undo(computer: Computer, name: str | None, asking: Asking) -> int:
    """Undo what is named, or the latest fix."""
    from sealenv.commands import doctor as doctoring

    journal = doctoring.find_journal(name)
    if not asking.as_json and not asking.quiet:
        _show(_undoing(journal))
    result = doctoring.undone(journal, dry_run=asking.dry_run)
    if asking.dry_run:
        return _end(asking, result, "nothing was changed (--dry-run)")
    _ask(asking, "Put that back?")
    doctoring.undo_fix(journal, computer)
    return _end(asking, result, f"put back what {journal.name} had changed")


def _ask(asking: Asking, question: str) -> None:
    if asking.yes:
        return
    if asking.as_json or not is_terminal(sys.stdin):
        raise UsageError("changing this needs a yes", hint="look at it with --dry-run, then add -y")
    click.confirm(question, abort=True, err=True)


def _end(asking: Asking, answer: object, said: str) -> int:
    if asking.as_json:
        print_json(answer)
    else:
        click.echo(said, err=True)
    return 0


_COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(paint(printable(line), fg=_COLOURS.get(line[:1])))


def _undoing(journal: Journal) -> Iterable[str]:
    yield f"{journal.name}, of {journal.made}"
    for note in journal.files:
        yield f"  {note.path}: {len(note.before)} bytes as they were"
    for value in journal.values:
        yield f"  {value.key}  {value.name}"
        yield f"-{'(not there)' if value.after is None else masked_value(value.name, value.after)}"
        yield f"+{masked_value(value.name, value.before)}"
