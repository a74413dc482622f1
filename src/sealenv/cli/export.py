"""`sealenv export`."""

from __future__ import annotations

import click

from sealenv.cli.completion import ENV_OR_FILE, SUBDIR, one_of
from sealenv.cli.options import JSON, QUIET, VERBOSE, print_json
from sealenv.errors import UsageError

__all__ = ["export_command"]


@click.command(
    "export",
    short_help="Write an environment or a lock as a script, or in another tool's format.",
    epilog="""\b
Examples:
  sealenv export my_env -o my_env.lock            a lock of what is installed
  sealenv export my_env --format explicit         for conda create --file
  sealenv export my_env --format environment-yml --from-history
                                                  what was asked for
  sealenv export my_env.lock --format conda-lock -o conda-lock.yml
  sealenv export my_env --format sh -o my_env.sh  makes it without Python
""",
)
@click.argument("what", type=ENV_OR_FILE, metavar="ENV|LOCK")
@click.option("--format", "kind", metavar="FORMAT", default="pixi", show_default=True,
              shell_complete=one_of("pixi", "explicit", "conda-lock", "environment-yml", "sh",
                                    "bat"),
              help="pixi, explicit, conda-lock, environment-yml, sh or bat.")  # fmt: skip
@click.option("--from-history", is_flag=True,
              help="With environment-yml: what was asked for, not what is installed.")  # fmt: skip
@click.option("--platform", metavar="SUBDIR", shell_complete=SUBDIR,
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
@QUIET
@VERBOSE
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
    quiet: bool,
    verbose: int,
) -> int:
    """Write the environment ENV (a name or a path) or a lock in a format that others read.

    Nothing is solved: it is what the records of the environment, or the lock, say. `sh` and `bat` are
    scripts that need neither Python nor conda where they run.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.export import export

    to_stdout = output in {None, "-"}
    if to_stdout and as_json:
        raise UsageError("both the export and JSON on stdout", hint="name a file with -o")
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        done = export(
            what, format=kind, output=None if to_stdout else output, force=force,
            from_history=from_history, platform=platform, environment=environment, name=name,
            micromamba=micromamba, micromamba_sha256=digests, offline=offline, reporter=reporter,
        )  # fmt: skip
        for note in done.notes:
            reporter.warn(note)
    text = done.text
    if done.output is None:
        click.echo(text.encode(), nl=False)  # UTF-8 and the line ends of the format
        return 0
    path = done.output
    if as_json:
        print_json(
            {
                "output": str(path.absolute()),
                "format": kind,
                "bytes": len(text.encode()),
                "notes": list(done.notes),
            }
        )
    elif quiet:
        click.echo(str(path))
    else:
        click.echo(f"wrote          {path}", err=True)
    return 0
