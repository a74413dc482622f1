"""`sealenv doctor --fix` and `--undo`: show, ask, do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sealenv.cli.asking import agree
from sealenv.cli.paint import paint
from sealenv.errors import UsageError
from sealenv.masking import masked_value
from sealenv.naming import printable
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from sealenv.checkup.computer import Computer
    from sealenv.checkup.fixing import Plan
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
    if plan.empty:
        return _end(asking, _fixed(plan, None, asking), "nothing to fix was found")
    if asking.dry_run:
        return _end(asking, _fixed(plan, None, asking), "nothing was changed (--dry-run)")
    _ask(asking, "Change that?")
    journal = doctoring.fix(plan, computer)
    count = len(plan.files) + len(plan.values)
    said = f"changed {count}; sealenv doctor --undo {plan.checks[0]} puts it back"
    return _end(asking, _fixed(plan, journal, asking), said)


def undo(computer: Computer, name: str | None, asking: Asking) -> int:
    """Undo what is named, or the latest fix."""
    from sealenv.commands import doctor as doctoring

    journal = doctoring.find_journal(name)
    if not asking.as_json and not asking.quiet:
        _show(_undoing(journal))
    if asking.dry_run:
        return _end(asking, _undone(journal, asking), "nothing was changed (--dry-run)")
    _ask(asking, "Put that back?")
    doctoring.undo_fix(journal, computer)
    return _end(asking, _undone(journal, asking), f"put back what {journal.name} had changed")


def _ask(asking: Asking, question: str) -> None:
    if asking.yes:
        return
    if asking.as_json or not is_terminal(sys.stdin):
        raise UsageError("changing this needs a yes", hint="look at it with --dry-run, then add -y")
    agree(question, default=False)


def _end(asking: Asking, answer: dict[str, Any], said: str) -> int:
    if asking.as_json:
        click.echo(json.dumps(answer, indent=2))
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


def _fixed(plan: Plan, journal: Journal | None, asking: Asking) -> dict[str, Any]:
    from sealenv.checkup.finding import plain_text
    from sealenv.checkup.text import digest_of

    return {
        "checks": list(plan.checks),
        "dry_run": asking.dry_run,
        "journal": journal.name if journal else None,
        "files": [
            {
                "path": plain_text(str(edit.path)),
                "real": plain_text(str(edit.real)),
                "before": digest_of(edit.before),
                "after": digest_of(edit.after),
            }
            for edit in plan.files
        ],
        "values": [
            {
                "key": plain_text(str(value.key)),
                "name": plain_text(value.name),
                "before": plain_text(masked_value(value.name, value.before)),
                "after": None
                if value.after is None
                else plain_text(masked_value(value.name, value.after)),
            }
            for value in plan.values
        ],
        "left": [finding.to_json() for finding in plan.left],
    }


def _undone(journal: Journal, asking: Asking) -> dict[str, Any]:
    from sealenv.checkup.finding import plain_text

    return {
        "journal": journal.name,
        "checks": list(journal.checks),
        "dry_run": asking.dry_run,
        "files": [plain_text(note.path) for note in journal.files],
        "values": [plain_text(f"{value.key} {value.name}") for value in journal.values],
    }
