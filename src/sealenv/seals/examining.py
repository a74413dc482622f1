"""Everything in a prefix, one by one: against what was sealed, or what the packages promise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.errors import unreadable
from sealenv.layout import META, is_record
from sealenv.prefix.records import scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.seals.case import Case
from sealenv.seals.comparison import Comparison
from sealenv.seals.digests import Hashing
from sealenv.seals.findings import Report
from sealenv.seals.path import FILE, FOLDER, native
from sealenv.seals.reading import begin
from sealenv.seals.row import Row, look_again
from sealenv.seals.scene import Scene
from sealenv.seals.sealed import read_sealed
from sealenv.seals.tablerows import sealed_rows
from sealenv.seals.tree import look
from sealenv.seals.untouched import is_same
from sealenv.system.reader import sha256_of
from sealenv.system.readers import Readers

__all__ = ["examine", "examine_changed"]


def examine_changed(prefix: Path, reporter: Reporter) -> Report:
    """Read only files that differ in size, time, inode or mode."""
    then = read_sealed(prefix)
    sealed = sealed_rows(then.table) if then.table else None
    rows = _look(prefix)
    unread = _take_over(rows, sealed or {})
    if then.seal and then.table and sealed and not then.findings and is_same(rows, sealed):
        records = sum(map(is_record, sealed))
        return Report(records, then.table.count_files(), (), sealed=then.seal.fingerprints)
    notes = []
    if sealed is None:
        notes.append("there is no file table: files are compared by their size alone")
        unread = [row for row in unread if row.path.startswith(f"{META}/")]
    case = Case(prefix, then, sealed, rows, *scan_records(prefix))
    with Readers() as readers:
        more = Hashing.of_rows(readers, prefix, case.worth_reading(unread))
        _confirm(prefix, rows, more, _Count(reporter, rows, len(more)))
    return case.report(case.judge(fast=True), hashed=len(more), notes=notes)


def examine(
    prefix: Path, *, tree: bool = True, reporter: Reporter | None = None
) -> tuple[Scene, Report]:
    """Verify in full, and what it was found in: see there."""
    reporter = reporter or QUIET
    reporter.phase("verify", "comparing files")
    with begin(prefix) as reading:
        then, readers, begun = reading.then, reading.readers, reading.hashing
        sealed = sealed_rows(then.table) if then.table else None
        comparison = Comparison(readers, prefix, sealed) if sealed else None
        rows = _look(prefix, sealed, comparison)
        unknown = [r for r in rows.values() if r.kind == FILE and not r.digest and not r.problem]
        case = Case(prefix, then, sealed, rows, *scan_records(prefix))
        more = Hashing.of_rows(readers, prefix, case.worth_reading(unknown))
        # Nearly always nothing has changed: it is judged as if, while the helpers read.
        verdict = case.judge(tree=tree) if len(begun) and not len(more) else None
        count = _Count(reporter, rows, len(begun) + len(more))
        changed = _confirm(prefix, rows, begun, count)
        count.done += len(begun)
        _confirm(prefix, rows, more, count)
        if verdict is None or changed:
            verdict = case.judge(tree=tree)
    return verdict.scene, case.report(verdict, hashed=len(begun) + len(more))


def _look(
    prefix: Path, presumed: Mapping[str, Row] | None = None, comparison: Comparison | None = None
) -> dict[str, Row]:
    try:
        return look(prefix, presumed, comparison=comparison)
    except OSError as error:
        raise unreadable(error, prefix) from error


def _take_over(rows: dict[str, Row], sealed: Mapping[str, Row]) -> list[Row]:
    """Take the sealed digest where nothing speaks for a change; the files that have none."""
    for path, row in rows.items():
        then = sealed.get(path)
        if then is not None and row.kind == FILE and row.same_stat(then):
            row.digest = then.digest
    return [row for row in rows.values() if row.kind == FILE and not row.digest]


class _Count:
    """How far it is, of what the report says was looked at: what need not be read is done at once."""

    def __init__(self, reporter: Reporter, rows: Mapping[str, Row], to_read: int) -> None:
        self._reporter = reporter
        self.done = max(0, sum(row.kind != FOLDER for row in rows.values()) - to_read)
        self._total = self.done + to_read

    def tell(self, read: int, _: int) -> None:
        """That many more are read."""
        self._reporter.advance(self.done + read, self._total, "files")


def _confirm(prefix: Path, rows: dict[str, Row], hashing: Hashing, count: _Count) -> bool:
    """Note what each file really is; whether one is not what was presumed."""
    changed = False
    for path, read in hashing.finish(count.tell):
        row = rows.get(path)
        if row is None or row.kind != FILE or row.problem or row.is_as(read):
            continue
        changed = True
        row = rows[path] = row.copy()  # it may be the very row that was sealed
        try:
            look_again(prefix, row)
            if isinstance(read, FileNotFoundError):  # it was away for a moment
                read = sha256_of(native(prefix, row.path))
        except (FileNotFoundError, NotADirectoryError):
            del rows[row.path]
            continue
        except OSError as error:
            read = error
        row.take(read)
    return changed
