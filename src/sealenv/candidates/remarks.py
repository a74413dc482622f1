"""What is said about an answer: what cannot be seen from outside a shell, and what is dangerous."""

from __future__ import annotations

import os
import shlex

from sealenv.candidates.candidate import Kind, State
from sealenv.candidates.resolution import Resolution

__all__ = ["notes_on", "warnings_on"]


def _typed(command: str) -> str:
    """As cmd.exe wants it."""
    return f'"{command}"' if set(command) & set(" &()^=;,!'+`~[]{}") else command


def notes_on(answer: Resolution) -> list[str]:
    """What cannot be seen from outside a shell."""
    winner = answer.winner
    if answer.shell == "cmd":
        notes = ["a DOSKEY macro comes first at a prompt, and is not seen here: doskey /macros"]
        if winner and winner.kind is Kind.BATCH:
            notes.append(
                f"in a batch file write `call {_typed(answer.command)}`: without it nothing "
                "after it runs"
            )
        return notes
    if answer.shell == "powershell":
        ask = f"Get-Command -All {answer.command}"
        return [f"aliases, functions and cmdlets come first, and are not seen here: {ask}"]
    ask = "command -V" if answer.shell in ("posix", "dash") else "type -a"
    notes = [
        f"functions and aliases come first, and are not seen here: {ask} {shlex.quote(answer.command)}",
        "a shell remembers where it found a command, until PATH changes or `hash -r`",
    ]
    if winner is None and any(row.kind is not Kind.OTHER for row in answer.candidates):
        notes.append("the shell finds what it cannot start, and says that permission is denied")
    return notes


def warnings_on(answer: Resolution, cwd: str | None) -> list[str]:
    """What is likely not meant: another environment's file, the current folder's, a dead script.

    Args:
        answer: what was found.
        cwd: the current folder, where the shell looks into it.
    """
    found = []
    winner = answer.winner
    own = answer.prefix
    if winner and cwd and winner.folder == cwd and answer.shell == "cmd":
        found.append(
            "what runs lies in the current folder, and hides every other; sealenv run never takes it"
        )
    for row in answer.candidates:
        state, path = row.state, row.path
        if state is State.PASSED_OVER or path is None:
            continue
        if row.environment and not (own and _same(row.environment.prefix, own)):
            which = f"{path} is of another environment ({row.environment.prefix})"
            if state is State.RUNS:
                found.append(f"{which}, and it is what runs")
            else:
                found.append(f"{which}; only the order of PATH keeps it from running")
        if state is State.RUNS and row.starts and not row.starts.exists:
            found.append(f"{path} does not start: there is no {row.starts.path}")
    return found


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
