"""Start-up; `--version` and a plain `run` pass without the command-line library."""

from __future__ import annotations

import os
import sys

__all__ = ["main", "script"]

_LARGE = {"audit", "clone", "create", "move", "verify"}
"""Commands that hold a row for each file of an environment."""


def main() -> int:
    """The `sealenv` command; returns the exit code."""
    _open_closed_streams()
    _distrust_pythonpath()
    argv = sys.argv[1:]
    if argv == ["--version"]:
        from sealenv._version import __version__

        try:
            sys.stdout.write(f"sealenv {__version__}\n")
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left, or its disk is full
            return 1
        return 0
    if len(argv) > 2 and argv[0] == "run" and not argv[1].startswith("-") and argv[2] == "--":
        from sealenv.cli.direct import run

        return run(argv[1], argv[3:])
    if argv and not {"-h", "--help"} & set(argv):
        _prepare(argv[0])
    from sealenv.cli.main import main as cli

    return cli(argv)


def script() -> int:
    """The same for a process that ends with it."""
    try:
        code = main()
    except KeyboardInterrupt:  # before anybody was there to take it
        code = _interrupted(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # it was said, or nobody reads: nor shall the flush at exit fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or 120
    if sys.argv[1:] and sys.argv[1] in _LARGE - {"create"}:
        from sealenv.system.processes import leave_now

        leave_now(code)  # to take a hundred thousand objects apart would be a twentieth of a verify
    return code


def _interrupted(argv: list[str]) -> int:
    if "--json" in argv and argv[0] not in ("run", "shell"):
        import json

        from sealenv.errors import InterruptedCommandError as Interrupted

        sys.stdout.write(json.dumps(Interrupted("interrupted").to_json(), indent=2) + "\n")
    else:
        sys.stderr.write("Interrupted.\n")
    return 130


def _prepare(command: str) -> None:
    """Start what a command is going to need while the rest is imported."""
    if command in _LARGE:
        import gc

        gc.disable()  # a short life with many small objects, none of them in a cycle
    if command == "create":
        from sealenv.engine.boot import start_early

        start_early()


def _distrust_pythonpath() -> None:
    """PYTHONPATH comes last for what is imported from here on: the gate may be about to refuse it.

    Against what runs before us nothing helps: a `sitecustomize` in there, or a wrong PYTHONHOME.
    """
    listed = os.environ.get("PYTHONPATH")
    if listed and not sys.flags.ignore_environment:
        strange = {os.path.abspath(entry) for entry in listed.split(os.pathsep)}
        sys.path.sort(key=lambda entry: os.path.abspath(entry) in strange)


def _open_closed_streams() -> None:
    """Give a closed stdin, stdout or stderr the null device: no pipe of ours may land there.

    What we open is not inherited, so that a command finds them closed as its user wanted.
    """
    for fd, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(fd, "w" if fd else "r", closefd=False))  # noqa: SIM115


if __name__ == "__main__":
    sys.exit(script())
