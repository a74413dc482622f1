"""Run one command, or a shell, in an environment.

`run` replaces its process with the command (exec), so the exit code and signals are the command's.
Windows has no exec: there it waits for the command, which handles Ctrl-C. To start fast, this module
imports only `os` and `sys` until an error occurs.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn, TypeVar

    from sealenv.request import StrPath

    T = TypeVar("T")

REFUSED = 125
CANNOT_EXECUTE = 126
NOT_FOUND = 127
_WORDS_OF_CMD = frozenset({"call", "cd", "copy", "del", "dir", "echo", "set", "start", "type"})


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
        command: the program and its arguments, not read by a shell.
        clean: start from a clean environment instead of refusing a dirty one.
        environ: the variables to start from; by default those of this process.
        cwd, input, capture_output, check, timeout: as for `subprocess.run`.

    Returns:
        as `subprocess.run` does; `returncode` is the command's, or 127 if it was not found
        (with a line on stderr).

    Raises:
        NotFoundError, PrefixError, PrefixPendingError, DirtyShellError: see `admit`.
        UsageError: the command is empty or one string; on Windows: an argument cannot be passed to
            a batch file.
        subprocess.CalledProcessError, subprocess.TimeoutExpired: as `subprocess.run` does.
    """
    import subprocess

    from sealenv.errors import UsageError
    from sealenv.request import prefix_of

    if not command or isinstance(command, str):
        hint = 'pass a list, because no shell splits it: run(env, ["python", "-V"])'
        raise UsageError("the command is not a list of words", hint=hint)
    argv = tuple(command)
    start = os.environ if environ is None else environ
    found = prepare(str(prefix_of(env)), argv, start, clean=clean)
    if found is None:
        done = subprocess.CompletedProcess[str](argv, NOT_FOUND, "", "")
    else:
        line, program, variables = found
        done = subprocess.run(
            line, executable=program, env=variables, cwd=cwd, input=input, timeout=timeout,
            capture_output=capture_output, text=True, errors="backslashreplace", check=False,
        )  # fmt: skip
    done.args = list(argv)  # without the shell that activates the environment
    if check:
        done.check_returncode()
    return done


def enter(env: str, argv: Sequence[str], *, clean: bool = False) -> NoReturn:
    """Replace this process with `argv`, run in the environment.

    Args:
        env: a name or a path.
        argv: the command.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        SealenvError: nothing was run.
    """
    with_clean = ["sealenv", "run", "--clean", env, "--", *argv]
    found = refusing(lambda: prepare(env, argv, os.environ, clean=clean), with_clean)
    if found is None:
        word = argv[0].lower() in _WORDS_OF_CMD
        hint = f" (a command of cmd.exe: cmd /c {argv[0]} ...)" if word else ""
        sys.stderr.write(f"sealenv run: {argv[0]}: not found{hint}\n")
        sys.exit(NOT_FOUND)
    command, program, environ = found
    if os.name == "nt" or isinstance(command, str):
        sys.exit(wait_for(command, program, environ))
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execve(program, command, environ)


def prepare(
    env: str,
    argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    clean: bool = False,
) -> tuple[list[str] | str, str, dict[str, str]] | None:
    """Return the command line, program and variables that run `argv` in the environment.

    On POSIX, a shell activates the environment and then executes the command; it reports an unknown
    program. On Windows no shell is needed, and the result is None for an unknown program.

    Raises:
        SealenvError: as `admit`.
        UsageError: on Windows: an argument cannot be passed to a batch file.
    """
    prefix, variables = admit(env, environ, clean=clean)
    if os.name == "nt":
        from sealenv.activation import windows

        return windows.command(prefix, argv, variables)
    from sealenv.activation import launch

    if os.path.isfile(os.path.join(prefix, "activate.sh")) and _is_sealed(prefix):
        command = launch.command(prefix, argv)
    else:
        command = launch.foreign_command(prefix, argv)
    return command, command[0], variables


def refusing(call: Callable[[], T], with_clean: Sequence[str]) -> T:
    """Call, and let the refusal of a dirty shell end with the one command to copy.

    Args:
        call: enters an environment.
        with_clean: the same command line, with `--clean`.
    """
    try:
        return call()
    except Exception as error:
        from sealenv.errors import DirtyShellError
        from sealenv.naming import shown

        if isinstance(error, DirtyShellError):
            error.hint = " ".join(map(shown, with_clean))
        raise


def admit(
    env: str, environ: Mapping[str, str], *, clean: bool = False
) -> tuple[str, dict[str, str]]:
    """Return the prefix and the variables to enter it, if this shell may enter it.

    Raises:
        NotFoundError: the environment does not exist.
        PrefixError: it is for another platform, or (on Windows) was moved by hand.
        PrefixPendingError: it was never finished.
        DirtyShellError: another environment is active, or Python is redirected.
    """
    from sealenv.gates import admission
    from sealenv.locations import resolve_env

    prefix, _ = resolve_env(env, environ)
    if prefix is None or not os.path.isdir(os.path.join(prefix, "conda-meta")):
        from sealenv.locations import find

        prefix = str(find(env, environ))
    for state in ("pending", "moving"):
        if os.path.lexists(os.path.join(prefix, "conda-meta", f"sealenv.{state}")):
            raise _refusal(prefix, state)
    variables = admission.enter(environ, prefix, clean=clean)
    if not variables.get("PATH"):  # otherwise a shell adds the current folder
        variables["PATH"] = admission.default_path(variables)
    if _is_for_windows(prefix) if os.name != "nt" else _is_for_posix(prefix):
        raise _refusal(prefix, "platform")
    if os.name == "nt" and _is_sealed(prefix):
        from sealenv.activation.windows import made_at

        prefix = made_at(prefix)
    return prefix, variables


def wait_for(command: str | list[str], program: str, environ: dict[str, str]) -> int:
    """Start a Windows program that handles Ctrl-C and Ctrl-Break, and return its exit code.

    Args:
        command: its command line.
        program: the file.
        environ: all its variables.
    """
    import signal
    import subprocess

    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        if sys.platform == "win32":
            from sealenv.system import processes

            processes.prepare_job()
        child = subprocess.Popen(command, executable=program, env=environ)
        if sys.platform == "win32":
            # If this process is killed, Windows ends the command too.
            processes.tie_to_job(int(child._handle))  # type: ignore[attr-defined]
        code = child.wait()
    except OSError as error:
        sys.stderr.write(f"sealenv run: {program}: {error.strerror or error}\n")
        return CANNOT_EXECUTE
    # `sys.exit` takes signed numbers only; Ctrl-C for example is 0xC000013A.
    return code - 2**32 if code > 2**31 - 1 else code


def _is_sealed(prefix: str) -> bool:
    return os.path.isfile(os.path.join(prefix, "conda-meta", "sealenv"))


def _is_for_posix(prefix: str) -> bool:
    """Return whether it has a Python for POSIX, and none for Windows."""
    return os.path.lexists(os.path.join(prefix, "bin", "python")) and not _is_for_windows(prefix)


def _is_for_windows(prefix: str) -> bool:
    """Return whether it has folders of Windows only. An environment with data only has none of them."""
    if os.path.isdir(os.path.join(prefix, "bin")) and os.name != "nt":
        return False
    return any(
        os.path.exists(os.path.join(prefix, name)) for name in ("Scripts", "Library", "python.exe")
    )


def _refusal(prefix: str, why: str) -> Exception:
    """Return the error for an environment that is `pending`, `moving`, or for another `platform`."""
    from sealenv.errors import PrefixError, PrefixPendingError
    from sealenv.naming import shown

    if why == "pending":
        what = "this environment was never finished"
        hint = f"run the same sealenv create again, or: sealenv remove {shown(prefix)}"
        return PrefixPendingError(what, where=prefix, hint=hint)
    if why == "moving":
        what = "a move of this environment was interrupted: its files contain two paths"
        return PrefixError(
            what, where=prefix, hint=f"finish it: sealenv move --here {shown(prefix)}"
        )
    what = "this environment is for another platform, and cannot run on this machine"
    return PrefixError(what, where=prefix, hint="sealenv info shows its platform")
