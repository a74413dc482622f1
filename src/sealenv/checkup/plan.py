"""From findings to what their fix writes: whole files and registry values, before and after."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sealenv.checkup.changes import Cut, SetValue
from sealenv.checkup.computer import LARGEST, Computer, digest_of
from sealenv.checkup.finding import Finding
from sealenv.checkup.text import decode, encode, lines_of
from sealenv.errors import ChangedSinceError
from sealenv.masking import masked
from sealenv.system.files import read_regular

__all__ = ["FileEdit", "Plan", "make_plan", "preview"]

_CONTEXT = 3


@dataclass(frozen=True)
class FileEdit:
    """One file that a fix changes.

    Attributes:
        path: as it was found.
        real: the file itself, where the path is a link.
        before: its bytes.
        after: its bytes afterwards.
        cuts: the parts that are replaced, in order, apart from each other.
    """

    path: Path
    real: Path
    before: bytes
    after: bytes
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Plan:
    """What a fix would do.

    Attributes:
        checks: the ids that were named.
        files: that change.
        values: that change.
        left: findings of these checks that have no fix.
    """

    checks: tuple[str, ...]
    files: tuple[FileEdit, ...]
    values: tuple[SetValue, ...]
    left: tuple[Finding, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.files and not self.values


def make_plan(checks: Iterable[str], findings: Iterable[Finding]) -> Plan:
    """What the fixes of these findings come to.

    Raises:
        ChangedSinceError: a file is no longer what the check saw.
        OSError: it cannot be read.
    """
    cuts: dict[Path, list[Cut]] = {}
    values: dict[tuple[object, str], SetValue] = {}
    left = []
    for finding in findings:
        if not finding.fixable:
            left.append(finding)
        for change in finding.seen.changes:
            if isinstance(change, Cut):
                cuts.setdefault(change.path, []).append(change)
            else:
                values[change.key, change.name.lower()] = change
    files = [_cut(path, several) for path, several in cuts.items()]
    return Plan(tuple(checks), tuple(files), tuple(values.values()), tuple(left))


def _read(path: Path, digest: str) -> tuple[Path, bytes]:
    real = Path(os.path.realpath(path))
    data = read_regular(real, most=LARGEST)
    if digest_of(data) != digest:
        raise ChangedSinceError(
            "the file changed while it was looked at", where=str(path), hint="run it again"
        )
    return real, data


def _cut(path: Path, several: list[Cut]) -> FileEdit:
    real, data = _read(path, several[0].digest)
    apart: list[Cut] = []
    for cut in sorted(set(several), key=lambda c: (c.start, -c.end)):
        if not apart or cut.start >= apart[-1].end:
            apart.append(cut)  # else it is inside of the one before
    return FileEdit(path, real, data, encode(_apply(decode(data), apart, 0), data), tuple(apart))


def _apply(text: str, cuts: Iterable[Cut], offset: int) -> str:
    """The text, which begins at `offset` of the file, with these parts replaced."""
    parts, at = [], 0
    for cut in cuts:
        parts += [text[at : cut.start - offset], cut.put]
        at = cut.end - offset
    return "".join([*parts, text[at:]])


def preview(plan: Plan, computer: Computer) -> Iterator[str]:
    """What the fix would change: a unified diff of each file, old and new of each value."""
    for edit in plan.files:
        yield from _notes(edit, computer)
        yield f"--- {edit.real}"
        yield f"+++ {edit.real}"
        yield from _diff(edit)
    for value in plan.values:
        yield f"{value.key}  {value.name}"
        yield f"-{value.before.shown(value.name)}"
        yield f"+{value.after.shown(value.name)}" if value.after else "(deleted)"


def _notes(edit: FileEdit, computer: Computer) -> Iterator[str]:
    """What is not to be seen in a diff."""
    if edit.real != edit.path and edit.path.is_symlink():
        outside = (
            ""
            if edit.real.is_relative_to(os.path.realpath(computer.home))
            else ", outside of your home"
        )
        yield f"note: {edit.path} is a link to {edit.real}{outside}: that file is changed"
    elif not edit.real.is_relative_to(os.path.realpath(computer.home)):
        yield f"note: {edit.real} is not in your home: it changes for every user"
    try:
        if os.lstat(edit.real).st_nlink > 1:
            yield f"note: {edit.real} has other names (hard links), which keep the old content"
    except OSError:
        return


def _diff(edit: FileEdit) -> Iterator[str]:
    """Hunks as `diff -u` shows them; made from the cuts, so that no file is too large for it."""
    text = decode(edit.before)
    spans = lines_of(text)
    starts = [start for start, _ in spans]
    hunks: list[tuple[int, int, list[Cut]]] = []
    for cut in edit.cuts:
        first, last = _line(starts, cut.start), _line(starts, max(cut.start, cut.end - 1)) + 1
        if cut.put and not cut.put.endswith("\n") and text[cut.end - 1 : cut.end] == "\n":
            last += 1
        if hunks and first <= hunks[-1][1] + 2 * _CONTEXT:
            begin, end, cuts = hunks.pop()
            hunks.append((begin, max(end, last), [*cuts, cut]))
        else:
            hunks.append((first, last, [cut]))
    shift = 0
    for first, last, cuts in hunks:
        begin, end = max(0, first - _CONTEXT), min(len(spans), last + _CONTEXT)
        old = [text[a:b] for a, b in spans[begin:end]]
        offset = starts[begin]
        changed = _apply(text[offset : spans[end - 1][1]], cuts, offset)
        new = [changed[a:b] for a, b in lines_of(changed)]
        yield f"@@ -{begin + 1},{len(old)} +{begin + 1 + shift},{len(new)} @@"
        shift += len(new) - len(old)
        yield from _marked(old, new)


def _line(starts: list[int], place: int) -> int:
    import bisect

    return max(0, bisect.bisect_right(starts, place) - 1)


def _marked(old: list[str], new: list[str]) -> Iterator[str]:
    import difflib

    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    pieces = matcher.get_opcodes() if len(old) < 500 else [("replace", 0, len(old), 0, len(new))]
    for tag, a, b, c, d in pieces:
        if tag == "equal":
            yield from (f" {_shown(line)}" for line in old[a:b])
        else:
            yield from (f"-{_shown(line)}" for line in old[a:b])
            yield from (f"+{_shown(line)}" for line in new[c:d])


def _shown(line: str) -> str:
    return masked(line.removesuffix("\n"))
