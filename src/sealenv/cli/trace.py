"""`--trace-report FILE`: checked before the work, written after it, also if the work fails."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from sealenv.cli.output import DeclinedError
from sealenv.errors import (
    FilesystemError,
    NotFoundError,
    OutputExistsError,
    SealenvError,
    UsageError,
    from_oserror,
)
from sealenv.naming import printable

_INTERRUPTED = 130


@contextlib.contextmanager
def tracing(report: Path, prefix: Path, *, silent: bool) -> Iterator[None]:
    """Take snapshots before and after the block, and write the report.

    Args:
        report: the file.
        prefix: the environment, which may be written, as may the caches.
        silent: print no summary.

    Raises:
        UsageError: the file is in a folder that the command writes.
        OutputExistsError: its path exists.
        NotFoundError: its folder does not exist.
    """
    from sealenv.locations import cache_root, conda_view

    report = report.absolute()
    own = (prefix, Path(cache_root()), Path(conda_view()))
    _check(report, own)
    from sealenv.system.trace import TraceReport

    trace = TraceReport(own, report, ["sealenv", *sys.argv[1:]], os.environ)
    try:
        yield
    except BaseException as failure:
        with contextlib.suppress(SealenvError):  # the failure itself is reported
            _write(report, trace.finish(*_outcome(failure)), silent)
        raise
    _write(report, trace.finish("done", None, 0), silent)


def _check(report: Path, written: Sequence[Path]) -> None:
    """Refuse a file that cannot be written at the end."""
    real = Path(os.path.realpath(report))
    if report.name == "-" or any(real.is_relative_to(os.path.realpath(f)) for f in written):
        raise UsageError(
            "the trace report cannot go to stdout, the environment or the cache",
            where=str(report),
            hint="name a file outside both, such as --trace-report report.json",
        )
    if not report.parent.is_dir():
        raise NotFoundError(
            "the folder of the trace report does not exist",
            where=str(report.parent),
            hint="make the folder first",
        )
    if os.path.lexists(report):
        raise OutputExistsError(
            "the path of the trace report exists",
            where=str(report),
            hint="remove it, or name another file: nothing is overwritten",
        )


def _outcome(failure: BaseException) -> tuple[str, str | None, int]:
    """Return the state, what failed, and the exit code."""
    if isinstance(failure, OSError):
        failure = from_oserror(failure)
    if isinstance(failure, SealenvError):
        state = "interrupted" if failure.exit_code == _INTERRUPTED else "failed"
        return state, failure.what, failure.exit_code
    if isinstance(failure, KeyboardInterrupt | click.exceptions.Abort):
        return "interrupted", None, _INTERRUPTED
    if isinstance(failure, DeclinedError):
        return "interrupted", None, 1
    return "failed", repr(failure), 1


def _write(report: Path, content: dict[str, Any], silent: bool) -> None:
    """Print a summary and write the report.

    Raises:
        OutputExistsError: its path exists now, and is left alone.
        FilesystemError: it cannot be written.
    """
    if not silent:
        _sum_up(content)
    data = (json.dumps(content, indent=2) + "\n").encode("utf-8", "backslashreplace")
    what = "the environment is made, but " if content["outcome"]["state"] == "done" else ""
    where = str(report)
    try:
        with report.open("xb") as file:
            file.write(data)
    except FileExistsError as error:
        what += "another program has written to the path of the trace report"
        raise OutputExistsError(what, where=where, hint="name another file next time") from error
    except OSError as error:
        what += f"the trace report cannot be written: {error.strerror or error}"
        raise FilesystemError(what, where=where, hint="name a file in another folder") from error
    if not silent:
        click.echo(printable(f"trace report   {report}"), err=True)


def _sum_up(content: dict[str, Any]) -> None:
    looked = sum(place["after"]["entries"] for place in content["places"])
    found = f"{len(content['elsewhere'])} of {looked} entries looked at"
    if os.name == "nt":
        kinds = ("added", "removed", "changed")
        keys = sum(len(row[kind]) for row in content["registry"] for kind in kinds)
        found += f" and {keys} in the registry"
    click.echo(f"elsewhere      {found} changed", err=True)
    for path in content["elsewhere"][:10]:
        click.echo(printable(f"               {path}"), err=True)
