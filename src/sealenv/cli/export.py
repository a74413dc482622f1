"""`sealenv export`, `sealenv bundle` and `sealenv mirror`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sealenv.cli.options import (
    ENV_OR_FILE,
    JSON,
    QUIET,
    SUBDIR,
    VERBOSE,
    Advanced,
    Command,
    environment,
    one_of,
)
from sealenv.cli.output import counted, print_json, size_text
from sealenv.errors import UsageError


@click.command(
    "export",
    cls=Command,
    epilog="""\b
Examples:
  sealenv export my_env -o my_env.lock            a lock of its packages
  sealenv export my_env --format explicit         for conda create --file
  sealenv export my_env --format environment-yml --from-history
                                                  the request
  sealenv export my_env.lock --format conda-lock -o conda-lock.yml
  sealenv export my_env --format sh -o my_env.sh  a script, without Python
""",
)
@environment("what", metavar="ENV|LOCK", or_file=True)
@click.option("--format", metavar="FORMAT", default="pixi", show_default=True,
              shell_complete=one_of("pixi", "explicit", "conda-lock", "environment-yml", "sh",
                                    "bat"),
              help="pixi, explicit, conda-lock, environment-yml, sh or bat.")  # fmt: skip
@click.option("--from-history", is_flag=True,
              help="With environment-yml: the requested specs, not the installed packages.")  # fmt: skip
@click.option("--platform", metavar="SUBDIR", shell_complete=SUBDIR,
              help="Only this platform of a lock with several.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="The environment of a pixi.lock with several.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", help="The file to write; stdout by default.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--default-name", "name", metavar="NAME",
              help="With sh, bat: the name that the script gives to its environment.")  # fmt: skip
@click.option("--offline", is_flag=True,
              help="Do not use the network, even if the lock lacks something.")  # fmt: skip
@JSON
@QUIET
@VERBOSE
def export_command(
    what: str, output: str | None, as_json: bool, quiet: bool, verbose: int, **wanted: Any
) -> int:
    """Write the environment ENV (a name or a path) or a lock in the format of another tool.

    Nothing is solved: the export contains what the environment or the lock records. `sh` and `bat` are
    scripts that need neither Python nor conda.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.export import export

    to_stdout = output in {None, "-"}
    if to_stdout and as_json:
        raise UsageError("both the export and JSON would go to stdout", hint="name a file with -o")
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        output = None if to_stdout else output
        done = export(what, output=output, reporter=reporter, **wanted)
        for note in done.notes:
            reporter.warn(note)
    if done.text is not None:
        click.echo(done.text.encode(), nl=False)  # UTF-8 and the line ends of the format
    elif as_json:
        print_json(done)
    elif quiet:
        click.echo(str(done.output))
    else:
        click.echo(f"wrote          {done.output}", err=True)
    return 0


@click.command(
    "bundle",
    cls=Command,
    epilog="""\b
Examples:
  sealenv bundle my_env_3_12                    my_env_3_12.sealenv
  sealenv bundle my_env.lock -o my_env.sealenv  every locked platform
  sealenv bundle my_env.lock --micromamba win-64=micromamba.exe
\b
Then, on a machine without a network:
  sealenv create -f my_env.sealenv --offline
""",
)
@environment("what", metavar="ENV|LOCK", or_file=True)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
              help="The file to write; by default NAME.sealenv.")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite an existing FILE.")
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", shell_complete=SUBDIR,
              help="Only for this platform of a lock. Repeatable.")  # fmt: skip
@click.option("--default-name", "name", metavar="NAME",
              help="The name that the script in the file gives to its environment.")  # fmt: skip
@click.option("--micromamba", cls=Advanced, multiple=True, metavar="SUBDIR=FILE",
              help="Your own executable for a platform, instead of the package from the lock's "
              "channels. Repeatable.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not use the network; use only cached files.")
@JSON
@QUIET
@VERBOSE
def bundle_command(
    what: str, micromamba: tuple[str, ...], as_json: bool, quiet: bool, verbose: int, **wanted: Any
) -> int:
    """Write ENV (a name or a path) or LOCK with all of its packages to one file.

    `sealenv create -f` creates the environment from that file without a network. Without Python, the
    script in the file does. The same packages give the same bytes.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.bundle import bundle

    given = {}
    for word in micromamba:
        platform, _, file = word.partition("=")
        given[platform] = file
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        made = bundle(what, micromamba=given, reporter=reporter, **wanted)
    if as_json:
        print_json(made)
    elif quiet:
        click.echo(made.file)
    else:
        click.echo(f"wrote {made.file} ({size_text(made.bytes)}), sha256 {made.sha256}", err=True)
    return 0


@click.command(
    "mirror",
    cls=Command,
    epilog="""\b
Examples:
  sealenv mirror my_env.lock /srv/channel      a folder to serve
  sealenv mirror one.lock my_env /srv/channel  several; existing packages stay
\b
Then, once a server serves the folder:
  sealenv create my_env 3.12 -c https://conda.example.org/channel
""",
)
@click.argument("subjects", type=ENV_OR_FILE, metavar="ENV|LOCK...", nargs=-1, required=True)
@click.argument("folder", metavar="DEST", type=click.Path())
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", shell_complete=SUBDIR,
              help="Only for this platform of the locks. Repeatable.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not use the network; use only cached files.")
@JSON
@QUIET
@VERBOSE
def mirror_command(
    subjects: tuple[str, ...],
    folder: str,
    as_json: bool,
    quiet: bool,
    verbose: int,
    **wanted: Any,
) -> int:
    """Add every package of ENV or LOCK to the channel folder DEST, and index it.

    DEST is a folder that does not exist, an empty one, or a channel. conda, mamba and pixi read it
    like any channel. Nothing in it is overwritten or removed.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.mirror import mirror
    from sealenv.naming import printable

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        done = mirror(subjects, folder, reporter=reporter, **wanted)
    if as_json:
        print_json(done)
    elif quiet:
        click.echo(printable(str(done.folder), path=True))
    else:
        click.echo(
            f"added {done.added} of {counted(done.packages, 'package')} "
            f"({size_text(done.bytes)}) to {printable(str(done.folder), path=True)}",
            err=True,
        )
    return 0
