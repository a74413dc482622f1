"""Before a relocation: what a killed one left is finished, a path by a link is made the real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sealenv.errors import PrefixError, UsageError
from sealenv.naming import shown
from sealenv.progress import Reporter
from sealenv.relocation.journal import finish_commit, read_journal
from sealenv.relocation.outcome import MoveOptions
from sealenv.relocation.place import Relocation, open_relocation
from sealenv.relocation.seen import look_for
from sealenv.relocation.settling import settle
from sealenv.seals.row import Row

__all__ = ["mend_given", "opened"]


def opened(prefix: Path, options: MoveOptions, reporter: Reporter, fd: int) -> Relocation:
    """What lies there. If a relocation was killed, its files hold two places: it is finished first.

    That is done for the place that it went to, wherever the environment was taken since.

    Args:
        prefix: where it lies; the caller holds its lock.
        options: how.
        reporter: is told.
        fd: the descriptor of the lock.

    Raises:
        PrefixError: it is not sealed; or nothing is to be changed, and nobody knows what will be found.
        SealenvError: as for `settle`.
    """
    if not options.dry_run:
        finish_commit(prefix)
    here = open_relocation(prefix, str(prefix))
    journal = read_journal(prefix)
    if journal is None or journal.old == journal.new:  # the latter is of `audit --fix`
        return here
    here = replace(here, old=journal.old)
    if journal.new == here.new:
        return here
    if options.dry_run:
        raise PrefixError(
            "a move of this environment was ended half way, and then it was taken elsewhere",
            where=str(prefix),
            details=[f"from {journal.old}", f"to {journal.new}"],
            hint=f"finish it first: sealenv move --here {shown(str(prefix))}",
        )
    there = replace(here, new=journal.new)
    settle(there, reporter, options.environ, locked=fd, resumed=True, copied=True)
    return open_relocation(prefix, str(prefix))


def mend_given(
    here: Relocation,
    given: str,
    rows: dict[str, Row],
    options: MoveOptions,
    reporter: Reporter,
    fd: int,
) -> bool:
    """Whether files held the path that leads here through a link: pip writes what python was called as.

    They get the real one, which works as well, and is then moved with all others.

    Args:
        here: the environment, at home where it lies.
        given: the path.
        rows: every path of it.
        options: how.
        reporter: is told.
        fd: the descriptor of the lock.

    Raises:
        SealenvError: as for `settle`.
    """
    link = replace(here, old=given)
    try:
        seen = look_for(link, rows, reporter)
    except UsageError:
        reporter.warn(f"files that hold {given} are left as they are: it looks like {link.new}")
        return False
    if not seen.found or options.dry_run:
        return False
    settle(link, reporter, options.environ, seen=seen, locked=fd)
    return True
