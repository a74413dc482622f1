"""Compound commands: the words that open and close them, and one that has not ended."""

from __future__ import annotations

__all__ = ["ANSWERED", "ASKS", "CLOSE", "DEEPEST", "GO_ON", "OPEN", "Frame"]

OPEN = {
    "posix": {
        "if": "fi",
        "while": "done",
        "until": "done",
        "for": "done",
        "select": "done",
        "{": "}",
    },
    "fish": dict.fromkeys(("if", "while", "for", "switch", "begin", "function"), "end"),
    "csh": {"while": "end", "foreach": "end", "switch": "endsw"},
}
CLOSE = {"posix": {"fi", "done", "}", "esac"}, "fish": {"end"}, "csh": {"end", "endif", "endsw"}}
GO_ON = {
    "posix": {"then", "elif", "else", "do", "!", "time", "if", "while", "until", "{", "coproc"},
    "fish": {"else", "and", "or", "not", "if", "while", "begin", "time", "!"},
    "csh": {"else"},
}
"""Words after which a command begins."""
DEEPEST = 100
"""Compounds in each other; a file with more is not written by people."""
ASKS = {"if", "elif", "while", "until"}
"""Words after which conditions stand, up to `ANSWERED`."""
ANSWERED = {"then", "do"}


class Frame:
    """A compound command that has not ended.

    Attributes:
        closes: the word that ends it; nothing: its one command does (in zsh).
        place: where it begins.
        waits: of a loop of zsh: its body has not begun.
    """

    __slots__ = ("asks", "case", "closes", "first", "function", "patterns", "place", "waits")

    def __init__(self, closes: str, function: bool, first: int, place: int) -> None:
        self.closes = closes
        self.place = place
        self.waits = self.case = False
        self.function = function
        self.first = first
        """How many commands there were before it."""
        self.asks = False
        """Whether what comes now is its condition."""
        self.patterns = False
        """Of `case`: a pattern comes next."""
