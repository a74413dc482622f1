"""`export`: write an environment or a lock in another format.

A format is a function from a `Request` to a text; `FORMATS` lists them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec

from sealenv import locations
from sealenv.engine.client import started
from sealenv.errors import SpecError, UsageError
from sealenv.exports import (
    SCRIPTS,
    Format,
    Request,
    condalock,
    environment_yml,
    explicit,
    pixi,
    write_script,
)
from sealenv.fields import AbsolutePath, Bytes, Texts
from sealenv.install.resolve import complete as complete_lock
from sealenv.locks import LockFile
from sealenv.progress import QUIET, Reporter
from sealenv.request.arguments import StrPath, named, optional_path
from sealenv.request.subject import Subject, left_out, subject
from sealenv.spec.model import check_platform
from sealenv.store.archives import Store
from sealenv.system.files import check_output, write_output


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `export`.

    Attributes:
        output: the file; None if the export is in `text`.
        text: the export, if `output` is None.
        format: the name of the format.
        bytes: the size in UTF-8.
        notes: what the export does not contain.
    """

    output: AbsolutePath | None
    text: str | None
    format: str
    bytes: Bytes
    notes: Texts


def export(
    what: StrPath,
    *,
    format: str = "pixi",
    from_history: bool = False,
    platform: str | None = None,
    environment: str | None = None,
    output: StrPath | None = None,
    force: bool = False,
    name: str | None = None,
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Exported:
    """Write an environment or a lock in another format. Nothing is solved.

    Args:
        what: an environment, or a lock of any format.
        format: `pixi`, `explicit`, `conda-lock`, `environment-yml`, `sh` or `bat`.
        from_history: with `environment-yml`: the requested packages only.
        platform: only this platform of a lock.
        environment: the environment, if a pixi.lock has several.
        output: the file to write; default: return the text.
        force: replace an existing file.
        name: with `sh`, `bat`: the default name of the environment.
        offline: use only the cache.
        reporter: receives each step.

    Raises:
        UsageError, OutputExistsError: an argument is invalid; nothing was done.
        NotFoundError, SpecError, RecordError, DigestError: the input cannot be read, or lacks what the
            format needs.
    """
    _check_format(format, from_history=from_history, name=name)
    path = optional_path(output)
    if path is not None:
        check_output(path, force=force)  # now, not after reading it all
    found = subject(
        named(what),
        strict=format != "environment-yml",
        environment=environment,
        platforms=[check_platform(platform)] if platform is not None else [],
    )
    notes = list(_losses(found, format, environment))
    request = Request(
        found, platform, from_history, name,
        store=Store(Path(locations.cache_root())), warn=notes.append,
        complete=partial(_complete, reporter=reporter, offline=offline),
    )  # fmt: skip
    text = FORMATS[format].write(request)
    if path is not None:
        write_output(path, text.encode(), force=force, mode=FORMATS[format].mode)
    return Exported(
        output=path,
        text=text if path is None else None,
        format=format,
        bytes=len(text.encode()),
        notes=tuple(notes),
    )


def _check_format(format: str, *, from_history: bool, name: str | None) -> None:
    """Refuse an unknown format, and options that it does not have."""
    if format not in FORMATS:
        raise UsageError(
            f"{format!r} is not a format",
            details=[f"{known}: {one.describe}" for known, one in FORMATS.items()],
            hint="choose one with --format",
        )
    if from_history and format != "environment-yml":
        raise UsageError(
            f"--from-history: {format} holds exact packages", hint="use --format environment-yml"
        )
    if format not in SCRIPTS and name is not None:
        raise UsageError("--default-name is for scripts", hint="use --format sh or --format bat")


def _complete(file: LockFile, *, reporter: Reporter, offline: bool) -> LockFile:
    """Add the fields that the lock lacks, from the archives of its packages."""
    with started() as (store, engine):
        store.prepare()
        with store.in_use():
            return complete_lock(file, engine, reporter, offline=offline)


def _losses(found: Subject, format: str, environment: str | None) -> Iterator[str]:
    """Yield what the export does not contain.

    Raises:
        SpecError: a script needs credentials.
    """
    if environment is None and (others := found.file.other_environments):
        yield f"it holds other environments too, and they are not in it: {', '.join(others)}"
    if names := left_out(found):
        yield f"pip installed these, and they are not in it: {', '.join(names)}"
    if found.private and format in SCRIPTS:
        raise SpecError(
            "addresses in the lock carry credentials, and a script has none",
            where=found.title,
            hint="make a bundle, which needs no network, or mirror the packages",
        )
    if found.private:
        yield "credentials in the addresses of the lock are left out"


FORMATS: Mapping[str, Format] = {
    "pixi": Format("rattler-lock 7, what sealenv lock writes and pixi reads", pixi),
    "explicit": Format("an @EXPLICIT list with sha256, for conda, mamba, micromamba", explicit),
    "conda-lock": Format("conda-lock.yml (CEP 37)", condalock),
    "environment-yml": Format("environment.yml (CEP 24), exact or --from-history", environment_yml),
    "sh": Format("a script for a POSIX shell, without Python", partial(write_script, "sh"), 0o777),
    "bat": Format("the same for cmd.exe", partial(write_script, "bat")),
}
