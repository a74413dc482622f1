"""`sealenv export`: the standalone scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON

if TYPE_CHECKING:
    from sealenv.lock import Lock

__all__ = ["export_command"]


@click.command(
    "export",
    short_help="Write an environment or a lock as a file of another kind.",
    epilog="""\b
Examples:
  sealenv export my_env_3_12 --format sh -o my_env.sh
  sealenv export my_env.lock --format bat -o my_env.bat
  sealenv export my_env_3_12 --format sh --micromamba 2.8.1-1 --micromamba-sha256 HEX
""",
)
@click.argument("subject", metavar="ENV|LOCK")
@click.option("--format", "kind", required=True, type=click.Choice(["bat", "sh"]),
              help="bat: for cmd.exe; sh: for a POSIX shell.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path),
              help="Where to; without it, or with -, standard output.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR",
              help="Only for this platform of a lock. Repeatable.")  # fmt: skip
@click.option("--name", metavar="NAME", help="How the environment is called by default.")
@click.option("--micromamba", metavar="VERSION", help="The release that the script uses.")
@click.option("--micromamba-sha256", "digests", multiple=True, metavar="[SUBDIR=]HEX",
              help="The digest of its executable, where it is not known here.")  # fmt: skip
@JSON
def export_command(
    subject: str,
    kind: str,
    output: Path | None,
    force: bool,
    platforms: tuple[str, ...],
    name: str | None,
    micromamba: str | None,
    digests: tuple[str, ...],
    as_json: bool,
) -> int:
    """Write ENV (a name or a path) or LOCK as one script that rebuilds it.

    The script needs neither Python nor conda: only cmd.exe and curl.exe, or a POSIX shell and curl or
    wget. Every package is in it by URL and sha256.
    """
    from sealenv.bootstrap.pinning import pin_release
    from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
    from sealenv.engines.releases import check_version
    from sealenv.errors import UsageError
    from sealenv.host.files import write_output
    from sealenv.subject import subject_of

    if as_json and (output is None or str(output) == "-"):
        raise UsageError("--json and the script itself on standard output", hint="name a file: -o")
    found = subject_of(subject, platforms)
    usable = platforms_for(kind, found.locks.platforms)
    if not usable:
        raise UsageError(
            f"no .{kind} script can be for {', '.join(found.locks.platforms)}",
            hint="choose the other --format, or lock for another platform",
        )
    pinned = pin_release(micromamba, digests, usable)
    check_version(pinned.version)
    locks = [found.locks.lock_for(platform) for platform in usable]
    data = render_rebuild(kind, locks, name or found.name, pinned)
    notes = [*found.notes, *_local(locks)]
    for note in notes:
        click.echo(f"warning: {note}", err=True)
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(data)
        return 0
    write_output(output, data, force=force, mode=0o777 if kind == "sh" else 0o666)
    if as_json:
        click.echo(json.dumps({
            "file": str(output.absolute()),
            "format": kind,
            "platforms": list(usable),
            "packages": sum(len(lock.packages) for lock in locks),
            "wheels": sum(len(lock.wheels) for lock in locks),
            "micromamba": {"version": pinned.version, "sha256": dict(pinned.sha256)},
            "notes": notes,
        }, indent=2))  # fmt: skip
    else:
        click.echo(f"wrote {output}", err=True)
    return 0


def _local(locks: Sequence[Lock]) -> list[str]:
    files = [p.fn for lock in locks for p in lock.packages if p.url.startswith("file:")]
    if not files:
        return []
    return [f"{len(files)} packages are taken from folders of this machine, such as {files[0]}"]
