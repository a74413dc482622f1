"""`sealenv bundle`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import click

from sealenv.cli.options import JSON, QUIET, VERBOSE, parse_timeout, size_text

__all__ = ["bundle_command"]


@click.command(
    "bundle",
    short_help="Write everything an environment is made of into one file.",
    epilog="""\b
Examples:
  sealenv bundle my_env_3_12                         my_env_3_12.sealenv
  sealenv bundle my_env.lock -o my_env.sealenv       for every platform that is locked
  sealenv bundle my_env.lock --platform win-64 --micromamba win-64=micromamba.exe
\b
And where there is no network:
  sealenv create -f my_env.sealenv --offline
""",
)
@click.argument("what", metavar="ENV|LOCK")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
              help="Where to; NAME.sealenv without it.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR",
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
    from sealenv import locations
    from sealenv.bootstrap.pinning import digests_of_files, pin_release
    from sealenv.bundling import make_bundle
    from sealenv.cli.progress import make_reporter
    from sealenv.engines.rattler import RattlerEngine
    from sealenv.errors import UsageError
    from sealenv.naming import check_name
    from sealenv.store.archives import Store
    from sealenv.store.bundle import is_bundle
    from sealenv.subject import subject
    from sealenv.unbundling import verified

    if str(output) == "-":
        raise UsageError(
            "a bundle is written into a file, not to the standard output",
            hint="name the file with -o",
        )
    found = subject(what).only(platforms)
    called = found.name if name is None else name
    if output is None:
        check_name(called)  # it becomes a path below
    release, given = _which(micromamba)
    usable = [p for p in found.file.platforms if p not in given]
    checked, of_release = digests_of_files(digests, list(given), len(found.file.platforms))
    pinned = pin_release(release, of_release, usable, all_known=release is not None)
    path = output or Path(f"{called}.sealenv")
    store = Store(Path(locations.cache_root()))
    engine = RattlerEngine(store, timeout=parse_timeout())
    try:
        with contextlib.ExitStack() as stack:
            reporter = stack.enter_context(make_reporter(quiet=quiet or as_json, verbose=verbose))
            carried = None
            if is_bundle(Path(what)):
                carried = stack.enter_context(verified(Path(what), reporter))
            stack.enter_context(store.in_use())
            made = make_bundle(
                found, called, engine, store, path, reporter, pinned=pinned, given=given,
                checked=checked,
                offline=offline, force=force, carried=carried,
            )  # fmt: skip
            for note in made.notes:
                reporter.warn(note)
    finally:
        engine.close()
    if as_json:
        click.echo(json.dumps({
            "file": str(made.path.absolute()),
            "sha256": made.sha256,
            "bytes": made.size,
            "name": called,
            "platforms": list(found.file.platforms),
            "members": len(made.manifest.members),
            "micromamba": made.micromamba,
            "notes": list(made.notes),
        }, indent=2))  # fmt: skip
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
