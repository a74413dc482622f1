"""`which` and `doctor`: what of a shell or a machine could make a process use another Python.

Nothing is started and nothing is written; fixes (`doctor --fix`) are left to people.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sealenv.api.paths import StrPath, words

if TYPE_CHECKING:
    from sealenv.candidates import Resolution
    from sealenv.commands.doctor import Examination

__all__ = ["doctor", "which"]


def which(env: StrPath | None, command: str, *, shell: str | None = None) -> Resolution:
    """What a command would run in an environment, and why: every candidate in the shell's order.

    Args:
        env: a name or a path; None: in the current shell (`--here`).
        command: the command word.
        shell: `cmd`, `powershell` or `posix`; by default as the environment's platform has it.

    Raises:
        NotFoundError: there is no such environment.
        UsageError: the platform has no such shell; the command is empty.
    """
    from sealenv.commands.which import find_command, find_command_here

    if env is None:
        return find_command_here(command, shell)
    return find_command(os.fspath(env), command, shell)


def doctor(only: str | Sequence[str] = (), *, target: StrPath | None = None) -> Examination:
    """Return what in this process and on this machine can contaminate a shell or an environment.

    `shell` holds what `run` and `shell` refuse: variables, and folders on PATH.

    Args:
        only: the ids of checks; all without.
        target: where environments shall be (`--in`); else where `create` makes them.

    Raises:
        UsageError: there is no check of that name, or it is another system's.
    """
    from sealenv.commands.doctor import examine, this_computer

    return examine(this_computer(None if target is None else os.fspath(target)), words(only))
