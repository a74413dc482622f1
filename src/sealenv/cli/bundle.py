"""`sealenv bundle`."""

from __future__ import annotations

from pathlib import Path

import click

from sealenv.cli.completion import ENV_OR_FILE, SUBDIR
from sealenv.cli.options import JSON, QUIET, VERBOSE, print_json, size_text

__all__ = ["bundle_command"]


@click.command(
    "bundle",
    short_help="Write everything an environment is made of into one file.",
    epilog="""\b
Examples:
  sealenv bundle my_env_3_12                    my_env_3_12.sealenv
  sealenv bundle my_env.lock -o my_env.sealenv  every platform that is locked
  sealenv bundle my_env.lock --micromamba win-64=micromamba.exe
\b
And where there is no network:
  sealenv create -f my_env.sealenv --offline
""",
)
@click.argument("what", type=ENV_OR_FILE, metavar="ENV|LOCK")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
              help="Where to; NAME.sealenv without it.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", shell_complete=SUBDIR,
              help="Only for this platform of a lock. Repeatable.")  # fmt: skip
@click.option("--name", metavar="NAME", help="How the environment is called by default.")
@click.option("--micromamba", multiple=True, metavar="WHICH",
              help="The release whose digests are known, or SUBDIR=FILE. Repeatable. Without it: the "
              "package of the lock's channels.")  # fmt: skip
@click.option("--micromamba-sha256", "digests", multiple=True, metavar="[SUBDIR=]HEX",
              help="The digest of the executable: of a release, or of FILE. Repeatable.")  # fmt: skip
@click.option("--offline", is_flag=True, help="What is in the cache must do.")
@JSON
@QUIET
@VERBOSE
def bundle_command(
    what: str,
    output: Path | None,
    force: bool,
    platforms: tuple[str, ...],
    name: str | None,
    micromamba: tuple[str, ...],
    digests: tuple[str, ...],
    offline: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Write ENV (a name or a path) or LOCK with all of its packages into one file.

    From that file `sealenv create -f` makes the environment with no network; or, where there is no
    Python, the script in it. The same packages give the same bytes.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.bundle import bundle

    release, given = _which(micromamba)
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        made = bundle(
            what, output=output, force=force, platforms=platforms, name=name, micromamba=release,
            micromamba_files=given, micromamba_sha256=digests, offline=offline, reporter=reporter,
        )  # fmt: skip
    if as_json:
        print_json({
            "file": str(made.path.absolute()),
            "sha256": made.sha256,
            "bytes": made.size,
            "name": made.name,
            "platforms": list(made.platforms),
            "members": len(made.manifest.members),
            "micromamba": made.micromamba,
            "notes": list(made.notes),
        })  # fmt: skip
    elif quiet:
        click.echo(made.path)
    else:
        click.echo(f"wrote {made.path} ({size_text(made.size)}), sha256 {made.sha256}", err=True)
    return 0


def _which(words: tuple[str, ...]) -> tuple[str | None, dict[str, Path]]:
    """A release, and files by platform."""
    from sealenv.errors import UsageError

    release: str | None = None
    given: dict[str, Path] = {}
    for word in words:
        platform, equals, file = word.partition("=")
        if equals:
            given[platform] = Path(file)
        elif release is not None:
            raise UsageError("two releases of micromamba", details=[release, word])
        else:
            release = word
    return release, given
