"""`sealenv export`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sealenv.cli.options import JSON
from sealenv.errors import UsageError

__all__ = ["export_command"]


@click.command(
    "export",
    short_help="Write an environment or a lock in another tool's format.",
    epilog="""\b
Examples:
  sealenv export my_env -o my_env.lock                          a lock of what is installed
  sealenv export my_env --format explicit                       for conda create --file
  sealenv export my_env.lock --format conda-lock -o conda-lock.yml
  sealenv export my_env --format environment-yml --from-history what was asked for
""",
)
@click.argument("what", metavar="ENV|LOCK")
@click.option("--format", "kind", metavar="FORMAT", default="pixi", show_default=True,
              help="pixi, explicit, conda-lock or environment-yml.")  # fmt: skip
@click.option("--from-history", is_flag=True,
              help="With environment-yml: what was asked for, not what is installed.")  # fmt: skip
@click.option("--platform", metavar="SUBDIR",
              help="Which one of a lock, for a format that holds one platform.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="The file to write; without it, stdout.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@JSON
def export_command(
    what: str,
    kind: str,
    from_history: bool,
    platform: str | None,
    environment: str | None,
    output: str | None,
    force: bool,
    as_json: bool,
) -> int:
    """Write the environment ENV (a name or a path) or a lock in a format that others read.

    Nothing is solved: it is what the records of the environment, or the lock, say.
    """
    from sealenv.exporting import FORMATS, export
    from sealenv.host.files import write_output

    if kind not in FORMATS:
        raise UsageError(
            f"{kind!r} is no format",
            details=[f"{name}: {one.describe}" for name, one in FORMATS.items()],
            hint="choose one with --format",
        )
    to_stdout = output in {None, "-"}
    if to_stdout and as_json:
        raise UsageError("both the export and JSON on stdout", hint="name a file with -o")
    text = export(what, kind, platform=platform, from_history=from_history, environment=environment)
    if output is None or to_stdout:
        click.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal has
        return 0
    path = Path(output)
    write_output(path, text.encode(), force=force)
    if as_json:
        click.echo(
            json.dumps(
                {"output": str(path.absolute()), "format": kind, "bytes": len(text.encode())}
            )
        )
    else:
        click.echo(f"wrote          {path}", err=True)
    return 0
