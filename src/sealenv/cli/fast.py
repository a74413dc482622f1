"""What passes without the command-line library, whose start-up would be most of the time."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run", "verify_untouched"]


def run(env: str, command: Sequence[str]) -> int:
    """`sealenv run ENV -- CMD`: become the command; failures return, with env(1)'s exit codes."""
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


def verify_untouched(env: str) -> int | None:
    """`sealenv verify --fast ENV`, if nothing has changed and nothing is to be told besides.

    Returns:
        None in any other case: then nothing was said, and the command itself goes on from here.
    """
    from sealenv.errors import SealenvError
    from sealenv.gates.admission import look
    from sealenv.naming import printable
    from sealenv.prefix.lookup import find
    from sealenv.seals.reading import begin

    if sys.stderr.isatty():
        return None  # in colours, and with the time that it takes
    found = look(os.environ)
    try:
        prefix = find(env)
        reading = begin(prefix, fast=True, again=True)
    except (SealenvError, OSError, ValueError):
        return None
    from sealenv.commands.verify import result_of
    from sealenv.seals.verify import untouched
    from sealenv.system.streams import outlive_readers

    report = untouched(reading)
    if report is None:
        return None
    outlive_readers()
    for line in found:
        sys.stderr.write(f"warning: not passed on: {printable(str(line))}\n")
    sys.stderr.write(f"{result_of(prefix, report, fast=True).summary}\n")
    return 0
