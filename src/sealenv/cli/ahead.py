"""What a command is going to read, begun before the command line is looked at in earnest.

That takes a tenth of a second of imports, and most of verify is done by other processes meanwhile.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sealenv.errors import SealenvError

__all__ = ["read_ahead", "search_ahead"]


def read_ahead(arguments: Sequence[str]) -> None:
    """Begin to read the environment of a `verify`, if it is plain which one it is.

    Nothing is said and nothing is written: whatever is wrong is found again, and told then.

    Args:
        arguments: what follows the command's name.
    """
    if env := _env(arguments, 1):
        from sealenv.prefix.lookup import find
        from sealenv.seals.reading import begin_early

        with contextlib.suppress(SealenvError, OSError, ValueError):
            begin_early(find(env), fast="--fast" in arguments)


def search_ahead(arguments: Sequence[str]) -> None:
    """Begin to search the environment of a `move`, likewise.

    Args:
        arguments: what follows the command's name.
    """
    if (env := _env(arguments, 2)) and "--here" not in arguments:
        from sealenv.prefix.lookup import find
        from sealenv.relocation.ahead import begin_early

        with contextlib.suppress(SealenvError, OSError, ValueError):
            begin_early(find(env))


def _env(arguments: Sequence[str], count: int) -> str:
    """ENV, if it is the first of so many; nothing where that is not plain."""
    plain = [argument for argument in arguments if not argument.startswith("-")]
    return plain[0] if len(plain) == count and "--" not in arguments else ""
