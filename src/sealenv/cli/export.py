"""`sealenv export`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, parse_timeout
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.lock import LockFile

__all__ = ["export_command"]


@click.command(
    "export",
    short_help="Write an environment or a lock as a script, or in another tool's format.",
    epilog="""\b
Examples:
  sealenv export my_env -o my_env.lock                          a lock of what is installed
  sealenv export my_env --format explicit                       for conda create --file
  sealenv export my_env.lock --format conda-lock -o conda-lock.yml
  sealenv export my_env --format environment-yml --from-history what was asked for
  sealenv export my_env --format sh -o my_env.sh                a script that makes it without Python
""",
)
@click.argument("what", metavar="ENV|LOCK")
@click.option("--format", "kind", metavar="FORMAT", default="pixi", show_default=True,
              help="pixi, explicit, conda-lock, environment-yml, sh or bat.")  # fmt: skip
@click.option("--from-history", is_flag=True,
              help="With environment-yml: what was asked for, not what is installed.")  # fmt: skip
@click.option("--platform", metavar="SUBDIR",
              help="Only this one of a lock for several platforms.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="The file to write; without it, stdout.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option(
    "--name", metavar="NAME", help="With sh, bat: how the environment is called by default."
)
@click.option("--micromamba", metavar="VERSION", help="With sh, bat: the release that is used.")
@click.option("--micromamba-sha256", "digests", multiple=True, metavar="[SUBDIR=]HEX",
              help="The digest of its executable, where it is not known here. Repeatable.")  # fmt: skip
@click.option("--offline", is_flag=True,
              help="Use the network for nothing. It is needed only where a lock does not say what pixi "
              "must know, as conda-lock.yml does not, and an archive is not cached.")  # fmt: skip
@JSON
def export_command(
    what: str,
    kind: str,
    from_history: bool,
    platform: str | None,
    environment: str | None,
    output: str | None,
    force: bool,
    name: str | None,
    micromamba: str | None,
    digests: tuple[str, ...],
    offline: bool,
    as_json: bool,
) -> int:
    """Write the environment ENV (a name or a path) or a lock in a format that others read.

    Nothing is solved: it is what the records of the environment, or the lock, say. `sh` and `bat` are
    scripts that need neither Python nor conda where they run.
    """
    from sealenv import locations
    from sealenv.exporting import FORMATS, export
    from sealenv.host.files import check_output, write_output
    from sealenv.store.archives import Store

    if kind not in FORMATS:
        raise UsageError(
            f"{kind!r} is no format",
            details=[f"{name}: {one.describe}" for name, one in FORMATS.items()],
            hint="choose one with --format",
        )
    to_stdout = output in {None, "-"}
    if to_stdout and as_json:
        raise UsageError("both the export and JSON on stdout", hint="name a file with -o")
    if output is not None and not to_stdout:
        check_output(Path(output), force=force)  # now, not after reading it all
    notes: list[str] = []
    text = export(
        what, kind, platform=platform, from_history=from_history, environment=environment, name=name,
        micromamba=micromamba, digests=digests, store=Store(Path(locations.cache_root())),
        warn=notes.append, complete=partial(_complete, offline=offline),
    )  # fmt: skip
    for note in notes:
        click.echo(f"warning: {note}", err=True)
    if output is None or to_stdout:
        click.echo(text.encode(), nl=False)  # UTF-8 and the line ends of the format
        return 0
    path = Path(output)
    write_output(path, text.encode(), force=force, mode=FORMATS[kind].mode)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "output": str(path.absolute()),
                    "format": kind,
                    "bytes": len(text.encode()),
                    "notes": notes,
                },
                indent=2,
            )
        )
    else:
        click.echo(f"wrote          {path}", err=True)
    return 0


def _complete(file: LockFile, *, offline: bool) -> LockFile:
    from sealenv import locations
    from sealenv.cli.engine import choose_engine
    from sealenv.cli.progress import make_reporter
    from sealenv.resolving import complete
    from sealenv.store.archives import Store

    store = Store(Path(locations.cache_root()))
    engine = choose_engine(store, None, None, None, parse_timeout())
    try:
        store.prepare()
        with store.in_use(), make_reporter(quiet=False, verbose=0) as reporter:
            return complete(file, engine, reporter, offline=offline)
    finally:
        engine.close()
