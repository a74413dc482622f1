"""Start-up: `--version` and a plain `run` do without the command-line library."""

from __future__ import annotations

import os
import sys

_LARGE = {"audit", "clone", "create", "move", "verify"}
"""Commands that keep a row for each file of an environment in memory."""


def main() -> int:
    """Run the `sealenv` command; return the exit code."""
    _distrust_pythonpath()
    argv = sys.argv[1:]
    if argv in (["--version"], ["-V"]):
        from sealenv._version import __version__

        try:
            sys.stdout.write(f"sealenv {__version__}\n")
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader left, or its disk is full
            return 1
        return 0
    if len(argv) > 2 and argv[0] == "run" and not argv[1].startswith("-") and argv[2] == "--":
        return _run(argv[1], argv[3:])
    if argv and not {"-h", "--help"} & set(argv):
        _prepare(argv[0])
    from sealenv.cli.main import main as cli

    return cli(argv)


def _run(env: str, command: list[str]) -> int:
    """Replace this process with the command; failures return the exit codes of env(1)."""
    from sealenv.commands.run import REFUSED, enter

    if not command:
        sys.stderr.write("sealenv run: no command after --\n  next: sealenv run ENV -- python\n")
        return REFUSED
    try:
        enter(env, command)
    except OSError as error:
        sys.stderr.write(f"sealenv run: {error}\n")
    except Exception as error:
        from sealenv.errors import SealenvError

        if not isinstance(error, SealenvError):
            raise
        from sealenv.naming import printable

        lines = [printable(line) for line in str(error).split("\n")]
        sys.stderr.write("sealenv run: {}\n".format("\n".join(lines)))
    return REFUSED


def script() -> int:
    """Run the `sealenv` command in a process of its own; return the exit code."""
    try:
        code = main()
    except KeyboardInterrupt:  # before the command line handles it
        code = _interrupted(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # reported already; the flush at exit must not fail too
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or 120
    if sys.argv[1:] and sys.argv[1] in _LARGE - {"create"}:
        from sealenv.system.processes import leave_now

        leave_now(code)  # freeing a hundred thousand objects takes 5 % of a verify
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
    """Start what a command will need while the rest is imported."""
    if command in _LARGE:
        import gc

        gc.disable()  # the process is short-lived and has no cycles
    if command == "create":
        from sealenv.engine.boot import start_early

        start_early()


def _distrust_pythonpath() -> None:
    """Search PYTHONPATH last, because the gate may refuse it later.

    A `sitecustomize` there or a wrong PYTHONHOME acts before this.
    """
    listed = os.environ.get("PYTHONPATH")
    if listed and not sys.flags.ignore_environment:
        strange = {os.path.abspath(entry) for entry in listed.split(os.pathsep)}
        sys.path.sort(key=lambda entry: os.path.abspath(entry) in strange)


if __name__ == "__main__":
    sys.exit(script())
