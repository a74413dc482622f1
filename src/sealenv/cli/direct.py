"""`sealenv run ENV -- CMD` without the command-line library, which would take most of the time."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["run"]


def run(env: str, command: Sequence[str]) -> int:
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
