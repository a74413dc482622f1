"""`sealenv list` and `sealenv info`: nothing is written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.completion import ENV
from sealenv.cli.options import JSON, activation_line, print_json, size_text
from sealenv.cli.table import print_table

if TYPE_CHECKING:
    from sealenv.commands.environments import Environment

__all__ = ["info_command", "list_command"]


@click.command(
    "list",
    epilog="\b\nExamples:\n  sealenv list\n  sealenv list --in /srv/envs --json\n",
)
@click.option("--in", "folders", multiple=True, metavar="DIR", type=click.Path(path_type=Path),
              help="Look in this folder instead. Repeatable.")  # fmt: skip
@click.option("--no-size", is_flag=True, help="Do not measure; quicker with many environments.")
@JSON
def list_command(folders: tuple[Path, ...], no_size: bool, as_json: bool) -> int:
    """Show the environments in SEALENV_ENVS, PY_ENVS and the user's own folder.

    sealed: made to the end. pending: being made, or begun and not finished. foreign: made by another
    tool. moved: it is not where it was made. unreadable: its seal, or its folder, cannot be read.
    """
    from sealenv.commands.environments import list_environments, measure
    from sealenv.errors import NotFoundError
    from sealenv.locations import envs_dirs
    from sealenv.naming import printable

    for folder in folders:
        if not folder.is_dir():
            raise NotFoundError("this is no folder", where=str(folder), hint="check its path")
    found = list_environments([f.absolute() for f in folders] or None)
    sizes = {} if no_size else {e.prefix: measure(e.prefix) for e in found}
    if as_json:
        rows = [
            e.to_json()
            | ({"files": sizes[e.prefix][0], "bytes": sizes[e.prefix][1]} if sizes else {})
            for e in found
        ]
        print_json({"environments": rows})
        return 0
    if not found:
        where = [str(f) for f in folders] or envs_dirs()
        click.echo(f"No environments in {', '.join(where)}.", err=True)
        return 0
    headings = ["NAME", "STATE", "PYTHON", *([] if no_size else ["SIZE"]), "AGE", "FOLDER"]
    print_table(
        headings,
        [
            [
                e.name,
                _state(e),
                e.python or "-",
                *([] if no_size else [size_text(sizes[e.prefix][1])]),
                _age(e.created),
                str(e.prefix.parent),
            ]
            for e in found
        ],
    )
    for e in found:
        if e.problem:
            click.echo(printable(f"{e.name}: {e.problem}"), err=True)
    return 0


@click.command(
    "info", epilog="\b\nExamples:\n  sealenv info my_env_3_12\n  sealenv info ./env --json\n"
)
@click.option("--packages", is_flag=True, help="List every package too.")
@JSON
@click.argument("env", type=ENV)
def info_command(packages: bool, as_json: bool, env: str) -> int:
    """Show what the environment ENV (a name or a path) is and how it was made."""
    import msgspec

    from sealenv.commands.environments import inspect, measure
    from sealenv.naming import printable
    from sealenv.prefix.lookup import find

    e = inspect(find(env))
    files, size = measure(e.prefix)
    if as_json:
        content = e.to_json() | {
            "files": files,
            "bytes": size,
            "seal": msgspec.to_builtins(e.seal) if e.seal else None,
            "package_list": [
                {"name": r.name, "version": r.version, "build": r.build, "channel": r.channel,
                 "requested": r.requested_specs}
                for r in e.records
            ],
        }  # fmt: skip
        print_json(content)
        return 0
    for label, value in _facts(e, files, size):
        click.echo(f"{label:<14} {printable(value)}")
    if packages:
        click.echo()
        print_table(
            ["PACKAGE", "VERSION", "BUILD", "ASKED FOR"],
            [[r.name, r.version, r.build, ", ".join(r.requested_specs)] for r in e.records],
        )
    return 0


def _facts(e: Environment, files: int, size: int) -> list[tuple[str, str]]:
    facts = [
        ("environment", str(e.prefix)),
        ("state", e.state + (" (a process works on it)" if e.busy else "")),
        ("python", e.python or "-"),
        ("packages", str(len(e.records))),
        ("content", f"{files} files, {size_text(size)}"),
        ("made", f"{e.created:%Y-%m-%d %H:%M} UTC ({_age(e.created)} ago)" if e.created else "-"),
    ]
    if e.problem:
        facts.insert(2, ("problem", e.problem))
    if e.seal:
        seal = e.seal
        facts += [
            ("platform", seal.platform + ("" if seal.checked else " (unchecked)")),
            ("asked for", ", ".join(seal.spec.get("packages", []))),
            ("channels", ", ".join(seal.spec.get("channels", []))),
            ("engine", f"{seal.engine.name} {seal.engine.version}, sealenv {seal.sealenv}"),
            ("lock", seal.lock.digest),
            *([("fingerprint", seal.fingerprints.packages)] if seal.fingerprints else []),
            ("byte code", seal.pyc or "not compiled"),
        ]
        if seal.activation:
            facts.append(("activate", activation_line(e.prefix, seal.platform)))
    return facts


def _state(e: Environment) -> str:
    if e.busy:
        return f"{e.state} (busy)"
    return f"{e.state} (unchecked)" if e.checked is False else e.state


def _age(moment: dt.datetime | None) -> str:
    if moment is None:
        return "-"
    seconds = (dt.datetime.now(dt.timezone.utc) - moment).total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (unit == "min" and seconds >= 60):
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
