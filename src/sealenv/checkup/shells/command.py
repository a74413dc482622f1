"""One command of a start-up file."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Command", "Comment", "Script"]


@dataclass(frozen=True)
class Command:
    """A command, or several with pipes between.

    Attributes:
        words: without their quotes; substitutions and expansions as they stand; pipes are `|`.
        start: where it begins in the text.
        end: where it ends: behind its last word or redirection.
        depth: how many compound commands it stands in.
        function: whether it is part of a function, which runs only when it is called.
        whole: whether something else can stand in its place: no here-document, no compound.
        asked: whether something hangs on how it ends: an operator, a condition, `$?`.
    """

    words: tuple[str, ...]
    start: int
    end: int
    depth: int
    function: bool
    whole: bool
    asked: bool = False

    @property
    def text(self) -> str:
        """Its words on one line."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Comment:
    """A comment: where it begins, its line from there, in how many compounds it stands."""

    start: int
    text: str
    depth: int = 0


@dataclass(frozen=True)
class Script:
    """What a file is made of, in its order.

    Attributes:
        commands: all of them.
        comments: likewise.
        open_at: where the first quote or substitution begins that does not end; what comes behind it
            was not told apart.
        lost_at: where the first compound command begins that does not end, or ends with another's
            word; which commands behind it run, and when, is not certain.
    """

    commands: tuple[Command, ...]
    comments: tuple[Comment, ...]
    open_at: int | None = None
    lost_at: int | None = None
