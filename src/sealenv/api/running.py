"""`run`: one command in an environment, as a child of this process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from sealenv.api.paths import StrPath, prefix_of
from sealenv.errors import UsageError

__all__ = ["run"]


def run(
    env: StrPath,
    command: Sequence[str],
    *,
    clean: bool = False,
    environ: Mapping[str, str] | None = None,
    cwd: StrPath | None = None,
    input: str | None = None,
    capture_output: bool = False,
    check: bool = False,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment, as if it were activated, and wait for it.

    Args:
        env: a name or a path.
        command: the program and its arguments; no shell reads them.
        clean: start from a clean environment instead of refusing a dirty one.
        environ: the variables to start from; without them those of this process.
        cwd: where it starts; without it the current folder.
        input: text for its standard input; without it this process's own is inherited.
        capture_output: collect what it writes, instead of letting it write to this process's streams.
        check: raise when it fails.
        timeout: seconds after which it is killed.

    Returns:
        as `subprocess.run` does; `returncode` is the command's own, 127 where it was not found
        (a line on its stderr says so).

    Raises:
        NotFoundError, PrefixError: there is no such environment, or it cannot be entered.
        PrefixPendingError: it was never finished.
        DirtyShellError: another environment is active in this process.
        UsageError: there is no command, or one text with arguments in it; on Windows: an argument cannot
            be given to a batch file.
        subprocess.CalledProcessError: with `check`: the exit code is not 0.
        subprocess.TimeoutExpired: it took longer than `timeout`.
    """
    from sealenv.commands.run import NOT_FOUND, prepare

    argv = (command,) if isinstance(command, str) else tuple(command)
    if isinstance(command, str) and len(command.split()) > 1 and not os.path.exists(command):
        raise UsageError(
            f"{command!r} is one text, and no shell reads it",
            hint=f"run(env, {command.split()!r})",
        )
    if not argv:
        raise UsageError("there is no command", hint='run(env, ["python", "-V"])')
    prefix = str(prefix_of(env))
    found = prepare(prefix, argv, os.environ if environ is None else environ, clean=clean)
    if found is None:
        done = subprocess.CompletedProcess[str](argv, NOT_FOUND, "", "")
        if check:
            done.check_returncode()
        return done
    line, program, variables = found
    done = subprocess.run(
        line, executable=program, env=variables, cwd=cwd, input=input, timeout=timeout,
        capture_output=capture_output, text=True, errors="backslashreplace", check=False,
    )  # fmt: skip
    done.args = list(argv)  # not the shell that activates before it
    if check:
        done.check_returncode()
    return done
