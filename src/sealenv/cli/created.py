"""What `sealenv create` shows: the plan, and what was made."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.checked import show_checked
from sealenv.cli.options import activation_line, print_json, size_text
from sealenv.cli.packages import packages_json
from sealenv.cli.words import counted

if TYPE_CHECKING:
    from sealenv.commands.create import Created, Plan

__all__ = ["show_created", "show_plan"]


def show_plan(planned: Plan, as_json: bool, *, err: bool = False) -> None:
    """The packages, what is to be fetched, and every place that is written."""
    from sealenv.naming import printable

    lock = planned.lock
    if as_json:
        print_json({
            "prefix": str(planned.prefix),
            "platform": lock.platform,
            "channels": list(lock.channels),
            "engine": dict(zip(("name", "version"), planned.engine, strict=True)),
            "lock_digest": lock.digest(),
            **packages_json(lock),
            "to_fetch": planned.to_fetch,
            "fetch_bytes": planned.fetch_size,
            "writes": {"prefix": str(planned.prefix), "cache": str(planned.cache),
                       "conda_cache": str(planned.view)},
        })  # fmt: skip
        return
    width = max((len(a.name) for a in lock.archives), default=0)
    wide = max((len(a.version) for a in lock.archives), default=0)
    channels = short_names(package.channel for package in lock.packages)
    for package in sorted(lock.packages, key=lambda p: p.name):
        size = size_text(package.size) if package.size is not None else "?"
        click.echo(
            f"  {package.name:<{width}}  {package.version:<{wide}}  {size:>9}  "
            f"{channels[package.channel]}/{package.subdir}",
            err=err,
        )
    for wheel in sorted(lock.wheels, key=lambda w: w.name):
        size = size_text(wheel.size) if wheel.size is not None else "?"
        click.echo(
            f"  {wheel.name:<{width}}  {wheel.version:<{wide}}  {size:>9}  {wheel.fn}", err=err
        )
    wheels = f" and {counted(len(lock.wheels), 'wheel')}" if lock.wheels else ""
    untold = sum(archive.size is None for archive in lock.archives)
    more = f" and {untold} of a size that the index does not tell" if untold else ""
    click.echo(
        f"{counted(len(lock.packages), 'package')}{wheels}, {size_text(lock.download_size)}; to fetch: "
        f"{planned.to_fetch} ({size_text(planned.fetch_size)}{more})",
        err=err,
    )
    for channel in channels:
        click.echo(f"channel        {printable(channel)}", err=err)
    click.echo(f"environment    {planned.prefix}", err=err)
    click.echo(f"package cache  {planned.cache}", err=err)
    click.echo(f"conda's cache  {planned.view}", err=err)
    click.echo("Nothing else is written anywhere.", err=err)


def short_names(channels: Iterable[str]) -> dict[str, str]:
    """Channel -> what a line has room for: the last part of its address, where that is of one alone."""
    short = {channel: channel.rstrip("/").rpartition("/")[2] for channel in sorted({*channels})}
    alone = len({*short.values()}) == len(short) and all(short.values())
    return short if alone else {channel: channel.rstrip("/") or channel for channel in short}


def show_created(made: Created, as_json: bool, quiet: bool, seconds: dict[str, float]) -> None:
    """Where it is, what it answered, and how to use it."""
    from sealenv.cli.verify import prints_json
    from sealenv.naming import shown
    from sealenv.spec.model import current_platform

    if as_json:
        print_json({
            "prefix": str(made.prefix),
            "state": "sealed",
            "checked": made.seal.checked,
            "python": made.seal.python,
            "tools": made.seal.check.get("tools", {}),
            "packages": len(made.seal.lock.packages),
            "wheels": len(made.seal.lock.wheels),
            "files": made.contents.files,
            "lock_digest": made.seal.lock.digest,
            "fingerprints": prints_json(made.seal.fingerprints),
            "clobbers": made.contents.clobbers,
            "link_scripts": made.seal.link_scripts,
            "skipped_link_scripts": made.seal.skipped_link_scripts,
            "activation": made.seal.activation,
            "engine": {"name": made.seal.engine.name, "version": made.seal.engine.version},
            "post_ran": made.post_ran,
            "seconds": seconds,
        })  # fmt: skip
        return
    if quiet:
        click.echo(made.prefix)
        return
    if made.messages:
        click.echo(made.messages.rstrip())
    # conda's and mamba's own `activate` are always at one path, and ours lies elsewhere: no news.
    clobbers = [c for c in made.contents.clobbers.items() if not set(c[1]) <= {"conda", "mamba"}]
    for path, owners in sorted(clobbers)[:10]:
        click.echo(f"note: {path} is in {', '.join(owners)}; one is in place", err=True)
    if made.seal.checked:
        show_checked(made.seal.python, made.seal.check.get("tools", {}))
    if made.seal.skipped_link_scripts:
        click.echo(
            f"not run        post-link scripts of {', '.join(made.seal.skipped_link_scripts)}",
            err=True,
        )
    click.echo(f"sealed         {made.prefix}", err=True)
    if not made.seal.activation:
        return
    line = activation_line(made.prefix, made.seal.platform)
    if made.seal.platform != current_platform():
        click.echo(f"unchecked      {made.seal.platform} does not run here", err=True)
        click.echo(f"use it         {line}", err=True)
        return
    short = made.prefix.name if _has_short_name(made.prefix) else str(made.prefix)
    click.echo(f"\nuse it         sealenv run {shown(short)} -- python", err=True)
    click.echo(f"or activate    {line}", err=True)
    other = "PowerShell: activate.ps1" if os.name == "nt" else "fish, csh, xonsh, nu: activate.*"
    click.echo(f"               (beside it for {other})", err=True)


def _has_short_name(prefix: Path) -> bool:
    from sealenv.locations import resolve_env

    return resolve_env(prefix.name)[0] == str(prefix)
