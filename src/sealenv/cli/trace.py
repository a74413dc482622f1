"""`--trace-report FILE`: checked before the work, written after it, whatever became of it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from sealenv.errors import (
    FilesystemError,
    NotFoundError,
    OutputExistsError,
    SealenvError,
    UsageError,
    from_oserror,
)

__all__ = ["tracing"]


@contextlib.contextmanager
def tracing(
    report: Path | None, prefix: Path, caches: Mapping[str, Path], *, silent: bool
) -> Iterator[None]:
    """Look before and after what is done inside, and write the report.

    Args:
        report: the file; nothing is done without one.
        prefix: of the environment that is worked on.
        caches: name -> folder that may be written too.
        silent: no summary.

    Raises:
        UsageError: the file would lie where the command writes.
        OutputExistsError: there is something at its path.
        NotFoundError: its folder is not there.
    """
    if report is None:
        yield
        return
    report = report.absolute()
    _check(report, (prefix, *caches.values()))
    from sealenv.traces import TraceReport

    trace = TraceReport(prefix, caches, report, ["sealenv", *sys.argv[1:]], os.environ)
    try:
        yield
    except BaseException as failure:
        with contextlib.suppress(SealenvError):  # the failure is what is told
            _write(report, trace.finish(*_outcome(failure)), silent)
        raise
    _write(report, trace.finish("done", None, 0), silent)


def _check(report: Path, written: tuple[Path, ...]) -> None:
    real = Path(os.path.realpath(report))
    for folder in written:
        if real.is_relative_to(os.path.realpath(folder)):
            raise UsageError(
                "the trace report would lie in what is written, and be a trace itself",
                where=str(report),
                hint="name a file outside of the environment and the cache",
            )
    if not report.parent.is_dir():
        raise NotFoundError(
            "the folder of the trace report is not there",
            where=str(report.parent),
            hint="make it first: a folder that create makes would be a trace",
        )
    if report.name == "-":
        raise UsageError(
            "the trace report is a file: stdout has what create itself says",
            hint="name a file, such as --trace-report report.json",
        )
    if os.path.lexists(report):
        raise OutputExistsError(
            "there is something at the path of the trace report",
            where=str(report),
            hint="remove it, or name another file: nothing is overwritten",
        )
    try:
        with tempfile.NamedTemporaryFile(dir=report.parent, prefix=".sealenv-"):
            pass  # it is gone again; in the end it would be too late to hear that it cannot be
    except OSError as error:
        raise FilesystemError(
            f"no file can be written in the folder of the trace report: {error.strerror}",
            where=str(report.parent),
            hint="name a file in another folder",
        ) from error


def _outcome(failure: BaseException) -> tuple[str, str | None, int]:
    if isinstance(failure, SealenvError) and failure.exit_code == _INTERRUPTED:
        return "interrupted", failure.what, _INTERRUPTED
    if isinstance(failure, SealenvError):
        return "failed", failure.what, failure.exit_code
    if isinstance(failure, OSError):
        return "failed", str(failure), from_oserror(failure).exit_code
    if isinstance(failure, KeyboardInterrupt | click.exceptions.Abort):
        return "interrupted", None, _INTERRUPTED
    return "failed", repr(failure), 1


_INTERRUPTED = 130


def _write(report: Path, content: dict[str, Any], silent: bool) -> None:
    """Tell what was found, and write it.

    Raises:
        OutputExistsError: something has come to its path meanwhile, and stays.
        FilesystemError: it cannot be written.
    """
    from sealenv.naming import printable
    from sealenv.system.files import write_atomic

    if not silent:
        _tell(content)
    data = (json.dumps(content, indent=2) + "\n").encode("utf-8", "backslashreplace")
    done = content["outcome"]["state"] == "done"
    what = "the environment is made, but " * done
    try:
        write_atomic(report, data, new=True)
    except FileExistsError as error:
        what += "something has come to the path of the trace report meanwhile, and stays"
        raise OutputExistsError(
            what, where=str(report), hint="name another file the next time"
        ) from error
    except OSError as error:
        what += f"the trace report cannot be written: {error.strerror or error}"
        raise FilesystemError(
            what, where=str(report), hint="name a file in another folder the next time"
        ) from error
    if not silent:
        click.echo(printable(f"trace report   {report}"), err=True)


def _tell(content: dict[str, Any]) -> None:
    from sealenv.naming import printable

    tally = content["tally"]
    other = tally["elsewhere"]
    looked = sum(place["after"]["entries"] for place in content["places"])
    found = [f"{other['paths']} of {looked} entries looked at"] + (
        [f"{other['registry']} in the registry"] if os.name == "nt" else []
    )
    click.echo(
        f"written        {tally['prefix']['files_written']} files to the environment, "
        f"{sum(tally[name]['files_written'] for name in tally if name not in ('prefix', 'elsewhere'))} "
        f"to the caches; elsewhere {' and '.join(found)} changed",
        err=True,
    )
    for path in content["elsewhere"][:10]:
        click.echo(printable(f"               {path}"), err=True)
