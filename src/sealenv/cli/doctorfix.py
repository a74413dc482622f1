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
from sealenv.naming import printable
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from sealenv.checkup.computer import Computer
    from sealenv.checkup.journal import Journal
    from sealenv.checkup.plan import Plan

__all__ = ["Asking", "fix", "undo"]


class Asking(NamedTuple):
    """How it is shown and asked."""

    dry_run: bool
    yes: bool
    quiet: bool
    as_json: bool


def fix(computer: Computer, named: Sequence[str], asking: Asking) -> int:
    """Fix what is named."""
    from sealenv.checkup.plan import preview
    from sealenv.commands import doctor as doctoring

    plan = doctoring.plan_fix(computer, named)
    if not asking.as_json:
        if not asking.quiet:
            _show(preview(plan, computer))
        for finding in plan.left:
            where = computer.short(finding.seen.where)
            click.echo(
                f"left: {printable(where)}: {printable(finding.seen.what)}; {finding.seen.how}",
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
        yield f"  {note.place}: {len(note.data)} bytes as they were"
    for value in journal.values:
        yield f"  {value.place}  {value.name}"
        yield f"-{value.became.shown(value.name) if value.became else '(not there)'}"
        yield f"+{value.was.shown(value.name)}"


def _fixed(plan: Plan, journal: Journal | None, asking: Asking) -> dict[str, Any]:
    from sealenv.checkup.computer import digest_of
    from sealenv.checkup.finding import plain_text

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
                "before": plain_text(value.before.shown(value.name)),
                "after": plain_text(value.after.shown(value.name)) if value.after else None,
            }
            for value in plan.values
        ],
        "left": [finding.to_json() for finding in plan.left],
    }


def _undone(journal: Journal, asking: Asking) -> dict[str, Any]:
    from sealenv.checkup.finding import plain_text

    return {
        "journal": journal.name,
        "checks": journal.checks,
        "dry_run": asking.dry_run,
        "files": [plain_text(str(note.place)) for note in journal.files],
        "values": [plain_text(f"{value.place} {value.name}") for value in journal.values],
    }
