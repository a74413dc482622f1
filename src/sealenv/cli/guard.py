"""The gate at the door of every command: `--clean`, `--strict`, and a warning to those that spawn.

`run` and `shell` enter an environment and apply the gate themselves; `doctor` shows it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from sealenv.cli.options import CLEAN, STRICT, WARNINGS
from sealenv.cli.paint import paint
from sealenv.cli.words import warnings_of

__all__ = ["guarded"]

_ENTERING = frozenset({"run", "shell"})
_LOOKING = frozenset({"list", "info", "diff", "cache", "doctor", "which", "demo", "report"})
"""They start nothing that could inherit what is dirty: no warning."""
_OURS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "ZDOTDIR")
"""They say where environments, the cache and profiles lie: a clean start looks at the same ones.
Children get none of them."""
_DONE = "_sealenv_guarded"


def guarded(command: click.Command, name: str) -> click.Command:
    """The command, and each of its subcommands, with the gate in front."""
    if name in _ENTERING or getattr(command, _DONE, False):
        return command
    if isinstance(command, click.Group):
        for child in command.commands.values():
            guarded(child, name)
    elif command.callback is not None:
        command.callback = _behind_gate(command.callback, warn=name not in _LOOKING)
        # `click.option` collects on a function; the one that is behind the gate has its own already.
        for option in (CLEAN, STRICT):
            command.params.append(_parameter(option))
    setattr(command, _DONE, True)
    return command


def _parameter(option: Callable[[Any], Any]) -> click.Parameter:
    made: click.Command = click.command()(option(lambda: None))
    return made.params[0]


def _behind_gate(callback: Callable[..., Any], *, warn: bool) -> Callable[..., Any]:
    def behind_gate(*args: Any, clean: bool, strict: bool, **kwargs: Any) -> Any:
        _pass(clean=clean, strict=strict, warn=warn)
        return callback(*args, **kwargs)

    return behind_gate


def _pass(*, clean: bool, strict: bool, warn: bool) -> None:
    """Refuse, or warn of what child processes will not see.

    Raises:
        DirtyShellError: under `strict`, with everything that was found.
    """
    from sealenv.gates.admission import look, refuse

    if clean:
        from sealenv.gates.whitelist import clean_environ

        kept = clean_environ(os.environ)
        ours = {name: os.environ[name] for name in _OURS if name in os.environ}
        os.environ.clear()
        os.environ.update(kept | ours)
        return
    found = look(os.environ) if strict or warn else []
    if strict and found:
        raise refuse(found)
    if not found:
        return
    lines = warnings_of(found)
    click.get_current_context().meta[WARNINGS] = lines
    from sealenv.naming import printable

    for line in lines:
        click.echo(f"{paint('warning', fg='yellow')}: {printable(line)}", err=True)
