"""Progress on stderr: live bars in a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from sealenv.cli.output import is_terminal, paint
from sealenv.progress import Reporter

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_BESIDE = 41
"""The columns of a line without its text: the step, a short bar, the count, the time."""


def make_reporter(*, quiet: bool, verbose: int) -> LineReporter:
    """Return the reporter for this stderr."""
    if quiet:
        return LineReporter(level=-1)
    if is_terminal(sys.stderr):
        return BarReporter(level=verbose)
    return LineReporter(level=verbose)


class LineReporter(Reporter):
    """Print a line for each phase, with `-v` for each item; at level -1 only warnings."""

    def __init__(self, level: int = 0) -> None:
        self.level = level
        self._began = 0.0
        self._phase = ""
        self._took = 0.0
        self._warned: set[str] = set()

    def __enter__(self) -> LineReporter:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def phase(self, name: str, what: str) -> None:
        """Begin a phase."""
        self.end()
        self._phase, self._began = name, time.monotonic()
        if self.level >= 0:
            self._say(f"{name + ':':<14}{what}")

    def end(self) -> None:
        """End the current phase."""
        self._clock()
        if self._phase and self.level > 0:
            self._say(f"{'':<14}done in {self._took:.2f} s")
        self._phase = ""

    def _clock(self) -> None:
        if self._phase:
            self._took = time.monotonic() - self._began

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Print single items with `-v`."""
        if self.level > 0 and item and unit == "packages":
            self._say(f"{'':<14}{done}/{total} {item}")

    def warn(self, text: str) -> None:
        """Print a warning once, even when quiet."""
        if text in self._warned:
            return
        self._warned.add(text)
        self._say(f"{paint('warning', fg='yellow')}: {text}")

    def note(self, text: str) -> None:
        """Print a note."""
        if self.level >= 0:
            self._say(f"note: {text}")

    def _say(self, text: str) -> None:
        click.echo(text, err=True)


class BarReporter(LineReporter):
    """Print a line for each phase, with a live bar."""

    def __init__(self, level: int = 0) -> None:
        super().__init__(level)
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._left = ""
        """The count while the step is not complete; it is not shown at its end."""

    def phase(self, name: str, what: str) -> None:
        """Begin a phase with a bar of its own."""
        from rich.cells import cell_len, set_cell_size
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TextColumn

        self.end()
        self._phase, self._began = name, time.monotonic()
        self._left = ""
        console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.fields[name]:<13}"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            console=console,
            refresh_per_second=8,
        )
        room = max(20, console.width - _BESIDE)
        what = what if cell_len(what) <= room else set_cell_size(what, room - 4).rstrip() + " ..."
        self._task = self._bars.add_task(escape(what), name=name, count="", total=None)
        self._bars.start()

    def end(self) -> None:
        """End the phase; its line stays on the screen."""
        if self._bars is not None and self._task is not None:
            task = self._bars.tasks[0]
            self._clock()
            count = "" if self._left else task.fields["count"]
            count = f"{count}  {self._took:.1f} s".strip()
            total = task.total or 1
            self._bars.update(self._task, total=total, completed=total, count=count)
            self._bars.stop()
        self._bars = None
        self._phase = ""

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Move the bar."""
        if self._bars is None or self._task is None or not total:
            return
        if unit == "bytes":
            count = f"{done / 1e6:.1f}/{total / 1e6:.1f} MB"
        else:
            count = f"{done}/{total} {unit}"
        self._left = "" if done >= total else count
        self._bars.update(self._task, completed=done, total=total, count=count)

    def _say(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False)
        else:
            super()._say(text)
