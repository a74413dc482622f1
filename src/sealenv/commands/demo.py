"""`demo`: channel, create, run, verify and remove in one temporary folder, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.commands.create import Created, make
from sealenv.commands.environments import inspect, measure
from sealenv.commands.run import prepare
from sealenv.commands.verify import verify
from sealenv.engine.client import Engine
from sealenv.errors import PrefixExistsError, SealenvError
from sealenv.install.job import Job
from sealenv.prefix.removal import check_removable, remove
from sealenv.progress import Reporter
from sealenv.request.target import choose_target
from sealenv.store.archives import Store
from sealenv.tour.channel import DemoChannel, build_demo_channel

Say = Callable[[str, str], None]
"""Called with a heading and a text."""

_ASK = "import sys; print(f'python {sys.version.split()[0]} in {sys.prefix}')"


@dataclass(frozen=True)
class Toured:
    """What the tour leaves.

    Attributes:
        channel: the folder of the channel.
        create: a command that creates an environment from it.
    """

    channel: Path
    create: str


def tour(keep: Path | None, say: Say, reporter: Reporter) -> Toured:
    """Show the whole life of an environment in one folder, and leave only its channel.

    Args:
        keep: a new folder; None: a temporary one.
        say: called after each step.
        reporter: shows the progress of create.

    Raises:
        PrefixExistsError: the folder exists.
        SealenvError: a step failed.
    """
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="sealenv-demo-")).resolve()
    else:
        folder = keep.absolute()
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            raise PrefixExistsError(
                "the folder exists already", where=str(folder), hint="choose a new one"
            ) from None
    try:
        channel = _show(folder, say, reporter)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for gone in ("cache", "envs"):
        shutil.rmtree(folder / gone)
    line = f"sealenv create my_env {channel.python_minor} -c {channel.url}"
    return Toured(channel.path, line)


def _show(folder: Path, say: Say, reporter: Reporter) -> DemoChannel:
    channel = build_demo_channel(folder / "channel")
    say(
        "a channel",
        f"Python {channel.python_version}, repackaged from the interpreter that runs sealenv, with pip "
        f"and a few small packages: {len(channel.archives)} archives in {channel.path}. Its conda "
        "and mamba only answer --version.",
    )
    made = _create(folder, channel, reporter)
    files, size = measure(made.prefix)
    say(
        "create",
        f"{made.packages} packages became {files} files ({size / 1e6:.0f} MB) in {made.prefix}. Each "
        "archive was checked by sha256. The new Python was run through its activation script, and "
        "then the environment was sealed.",
    )
    say("run", f"sealenv run {made.prefix.name} -- python -c ...\n{_run(made.prefix)}")
    _show_verify(made.prefix, say)
    check_removable(made.prefix, os.environ)
    remove(made.prefix)
    say("remove", f"{made.prefix} is gone.")
    say(
        "zero trace",
        "All of this happened in one folder. No profile, registry entry, PATH or other file changed.",
    )
    return channel


def _create(folder: Path, channel: DemoChannel, reporter: Reporter) -> Created:
    name = f"demo_{channel.python_minor.replace('.', '_')}"
    target = choose_target(
        name=None,
        python=channel.python_minor,
        prefix=str(folder / "envs" / name),
        file=None,
        with_packages=["demo-hello"],
        channels=[channel.url],
    )
    store = Store(folder / "cache")
    engine = Engine(store)
    try:
        with store.in_use():
            return make(
                Job(
                    target=target, engine=engine, store=store, view=store.root / "pkgs",
                    reporter=reporter, command="sealenv demo",
                )
            )  # fmt: skip
    finally:
        engine.close()


def _run(prefix: Path) -> str:
    found = prepare(str(prefix), ["python", "-c", _ASK], os.environ, clean=True)
    assert found is not None  # the check has run it
    command, program, env = found
    done = subprocess.run(
        command, executable=program, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SealenvError("the demo environment did not run", details=done.stderr.splitlines())
    return done.stdout.strip()


def _show_verify(prefix: Path, say: Say) -> None:
    report = verify(prefix)
    state = inspect(prefix).state
    say(
        "verify",
        f"All {report.files} files of {report.packages} packages are unchanged. "
        f"The environment is {state}.",
    )
    pattern = "[lL]ib/**/site-packages/demo_hello/cli.py"  # Lib/site-packages on Windows
    victim = next(prefix.glob(pattern))
    text = victim.read_bytes()
    # A new file in its place: the old one is hard-linked into the demo's cache.
    changed = victim.with_name("changed")
    changed.write_bytes(text + b"# changed\n")
    os.replace(changed, victim)
    found = verify(prefix)
    lines = [f"{f.kind} {f.path} ({f.package})" for f in found.findings]
    say(
        "a change is found",
        f"After one line was added to a file of demo-hello, verify reports: {'; '.join(lines)}",
    )
