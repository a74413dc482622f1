"""Run one command, or a shell, in an environment.

`run` becomes the command (exec): its exit code and its signals are its own. It is on the fast path,
so only what `os` and `sys` give is imported until something is wrong.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

__all__ = ["REFUSED", "enter", "prepare"]

REFUSED = 125
_MARKER = ("conda-meta", "sealenv.pending")


def enter(env: str, argv: Sequence[str], *, clean: bool = False) -> NoReturn:
    """Replace this process by `argv`, run in the environment.

    Args:
        env: a name or a path.
        argv: the command; without one there is nothing to do.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        SealenvError: before anything is run.
    """
    command, environ = prepare(env, argv, os.environ, clean=clean)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if sys.platform == "win32":
        import subprocess

        sys.exit(subprocess.run(command, env=environ, check=False).returncode)
    os.execve(command[0], command, environ)


def prepare(
    env: str, argv: Sequence[str], environ: Mapping[str, str], *, clean: bool = False
) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment variables with which `argv` runs in the environment.

    Raises:
        NotFoundError: there is no such environment.
        PrefixError: it was made for another platform.
        PrefixPendingError: it was never finished.
        DirtyShellError: another one is active here.
    """
    from sealenv.activation import gate, launch
    from sealenv.locations import resolve_env

    prefix, _ = resolve_env(env, environ)
    if prefix is None or not os.path.isdir(os.path.join(prefix, "conda-meta")):
        from sealenv.environments import find

        prefix = str(find(env, environ))
    if os.path.lexists(os.path.join(prefix, *_MARKER)):
        raise _pending(prefix)
    if clean:
        from sealenv.activation.environ import clean_environ

        variables = clean_environ(environ)
    else:
        variables = gate.scrub(environ)
        found = gate.find_active(variables)
        if found:
            from sealenv.errors import DirtyShellError

            raise DirtyShellError(
                "this shell is not clean",
                details=[str(f) for f in found],
                hint="open a clean shell, or start from a clean environment with --clean",
            )
    if not variables.get("PATH"):  # a shell would put the current folder on it
        from sealenv.activation.environ import default_path

        variables["PATH"] = default_path(variables)
    if sys.platform != "win32" and _is_for_windows(prefix):
        raise _another_platform(prefix)
    if os.path.isfile(os.path.join(prefix, "activate.sh")) and os.path.isfile(
        os.path.join(prefix, "conda-meta", "sealenv")
    ):
        return launch.command(prefix, argv), variables
    return launch.foreign_command(prefix, argv), variables


def _is_for_windows(prefix: str) -> bool:
    """Without `bin`, and with what only Windows has; an environment of data alone has neither."""
    if os.path.isdir(os.path.join(prefix, "bin")):
        return False
    return any(
        os.path.exists(os.path.join(prefix, name)) for name in ("Scripts", "Library", "python.exe")
    )


def _another_platform(prefix: str) -> Exception:
    from sealenv.errors import PrefixError

    return PrefixError(
        "this environment was made for another platform: nothing in it runs here",
        where=prefix,
        hint="sealenv info says for which one",
    )


def _pending(prefix: str) -> Exception:
    from sealenv.errors import PrefixPendingError

    return PrefixPendingError(
        "this environment was never finished",
        where=prefix,
        hint="make it anew with sealenv create, or take it away with sealenv remove",
    )
