"""The commands of sh, bash, zsh, fish and csh scripts: comments, quotes, here-documents, compounds.

No shell: nothing is expanded, and what cannot be told is not `whole`, so that no fix touches it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sealenv.checkup.shells.command import Command, Comment, Script
from sealenv.checkup.shells.words import scan_word, skip_balanced

__all__ = ["parse"]

_OPEN = {
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
_CLOSE = {"posix": {"fi", "done", "}", "esac"}, "fish": {"end"}, "csh": {"end", "endif", "endsw"}}
_GO_ON = {
    "posix": {"then", "elif", "else", "do", "!", "time", "if", "while", "until", "{", "coproc"},
    "fish": {"else", "and", "or", "not", "if", "while", "begin", "time", "!"},
    "csh": {"else"},
}
"""Words after which a command begins."""
_SPACE = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_COMMENT = re.compile(r"[^\n]*")
_OPERATOR = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|\n]")
_REDIRECT = re.compile(r"\d*(?:&>>|&>|>&|<&|<<<|<>|>>|>\||>!|>|<)")
_HERE = re.compile(r"\d*<<(-?)[ \t]*")

_LONGEST, _MANY = 1000, 100
"""Characters of a word, words of a command, that are looked at."""
_DEEPEST = 100
"""Compounds in each other; a file with more is not written by people."""


_ASKS = {"if", "elif", "while", "until"}
"""Words after which conditions stand, up to `_ANSWERED`."""
_ANSWERED = {"then", "do"}
_STATUS = re.compile(r"\$\{?(?:\?|status\b|pipestatus\b|PIPESTATUS\b)")


class _Frame:
    __slots__ = ("asks", "closes", "first", "function", "patterns")

    def __init__(self, closes: str, function: bool, first: int) -> None:
        self.closes = closes
        self.function = function
        self.first = first
        """How many commands there were before it."""
        self.asks = False
        """Whether what comes now is its condition."""
        self.patterns = False
        """Of `case`: a pattern comes next."""


class _Parser:
    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        self.commands: list[Command] = []
        self.comments: list[Comment] = []
        self.frames: list[_Frame] = []
        self.here: list[tuple[str, bool]] = []
        self.defining = False
        """A function's name was read; its body comes next."""
        self.negated = False
        """`!`, `not` or `time` stand before the command."""
        self.open_at: int | None = None
        self.header: int | None = None
        """In fish: the line that opens a function is read, in so many compounds."""
        self.closed: int | None = None
        """Of a compound that has just ended: how many commands there were before it."""
        self._begin()

    def _begin(self) -> None:
        self.words: list[str] = []
        self.start = self.end = self.at
        self.whole = True

    def run(self) -> Script:
        while self.at < len(self.text):
            space = _SPACE.match(self.text, self.at)
            if space:
                self.at = space.end()
            elif self.text[self.at] == "#":
                self._comment()
            elif not (self._here_document() or self._redirect() or self._bracket()):
                operator = _OPERATOR.match(self.text, self.at)
                if operator:
                    self._operator(operator[0])
                else:
                    self._word()
        self._finish()
        return Script(tuple(self.commands), tuple(self.comments), self.open_at)

    def _comment(self) -> None:
        found = _COMMENT.match(self.text, self.at)
        assert found is not None
        self.comments.append(Comment(self.at, found[0].rstrip("\r"), len(self.frames)))
        self.at = found.end()

    def _here_document(self) -> bool:
        if self.dialect == "fish" or self.text.startswith("<<<", self.at):
            return False
        found = _HERE.match(self.text, self.at)
        if not found:
            return False
        self.at = found.end()
        if self.at < len(self.text) and self.text[self.at] not in "\n;&|()<>":
            word = scan_word(self.text, self.at, self.dialect)
            self.here.append((word.text, bool(found[1])))
            self.at = word.end
        self.whole = False
        self.end = self.at
        return True

    def _redirect(self) -> bool:
        found = _REDIRECT.match(self.text, self.at)
        if not found:
            return False
        self.at = found.end()
        space = _SPACE.match(self.text, self.at)
        if space:
            self.at = space.end()
        if self.text.startswith("(", self.at):  # a process substitution
            start = self.at
            self.at, ended = skip_balanced(self.text, start)
            self.whole &= ended
            self._read_to_the_end(start, ended)
            if self.words:
                self.words.append(self.text[start : self.at])
        elif self.at < len(self.text) and self.text[self.at] not in "\n;|()<>":
            if self.text[self.at] == "&":
                self.at += 1
            if self.at < len(self.text) and self.text[self.at] not in " \t\n;&|()<>":
                self.at = max(scan_word(self.text, self.at, self.dialect).end, self.at + 1)
        self.end = self.at
        return True

    def _bracket(self) -> bool:
        """`(` and `)` where they are no part of a word."""
        text, c = self.text, self.text[self.at]
        if c == "(" and not self.words and self.frames and self.frames[-1].patterns:
            self.at += 1
            self._pattern()
            return True
        if c == ")":
            self._finish()
            self._close(")")
            self.at += 1
            self._begin()
            return True
        if c != "(" or self.dialect == "fish" or (self.dialect == "csh" and self.words):
            return False
        if self.words and self.words[0] != "case":
            empty = re.compile(r"\(\s*\)").match(text, self.at)
            if empty:  # NAME ()
                self.at = empty.end()
                self._define(self.words)
            else:  # extended patterns and the like
                self._skip_brackets()
                self.whole, self.end = False, self.at
            return True
        if text.startswith("((", self.at):
            self._skip_brackets()
            self._begin()
            return True
        self._open(")")
        self.at += 1
        self._begin()
        return True

    def _skip_brackets(self) -> None:
        start = self.at
        self.at, ended = skip_balanced(self.text, start)
        self._read_to_the_end(start, ended)

    def _read_to_the_end(self, start: int, ended: bool) -> None:
        if not ended and self.open_at is None:
            self.open_at = start

    def _operator(self, operator: str) -> None:
        if (
            self.words
            and self.words[0] == "[["
            and self.words[-1] != "]]"
            and operator in {"&&", "||"}
        ):
            self.at += len(operator)
            return
        if operator in {"|", "|&"} and self.words:
            self.words.append("|")
            self.at += len(operator)
            self.end = self.at
            return
        self._finish()
        self.at += len(operator)
        if operator in {"&&", "||"}:
            self._ask()
        elif self.dialect == "fish" and self.frames and self.frames[-1].closes == "end":
            self.frames[-1].asks = False
        if operator.startswith(";;") or operator == ";&":
            for frame in reversed(self.frames):
                if frame.closes == "esac":
                    frame.patterns = True
                    break
        if operator == "\n":
            self._skip_here_documents()
        self._begin()

    def _ask(self) -> None:
        """Something hangs on how the last command, or what it is the end of, ends."""
        first = len(self.commands) - 1 if self.closed is None else self.closed
        for number in range(max(first, 0), len(self.commands)):
            if not self.commands[number].asked:
                self.commands[number] = replace(self.commands[number], asked=True)
        self.closed = None

    def _skip_here_documents(self) -> None:
        for word, tabs in self.here:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at) + 1 or len(self.text)
                line = self.text[self.at : end].rstrip("\r\n")
                self.at = end
                if (line.lstrip("\t") if tabs else line) == word:
                    break
        self.here = []

    def _word(self) -> None:
        start = self.at
        word = scan_word(self.text, start, self.dialect)
        self.at = max(word.end, start + 1)
        top = self.frames[-1] if self.frames else None
        if top and top.patterns and not self.words:
            if word.text != "esac" or word.quoted:
                self._pattern()
                return
            top.patterns = False
        if not word.quoted and self._reserved(word.text):
            return
        if not self.words:
            self.start = start
        self.words.append(word.text)
        self.end = self.at
        self.whole &= word.ended
        self._read_to_the_end(start, word.ended)
        if self.dialect == "posix" and self.words[0] == "case" and word.text == "in":
            self._open("esac", patterns=True)
            self._begin()

    def _pattern(self) -> None:
        """Skip to the `)` of a pattern of `case`."""
        while self.at < len(self.text) and self.text[self.at] != ")":
            c = self.text[self.at]
            if c in " \t\r\n|(;&<>":
                self.at += 1
            else:
                self.at = max(scan_word(self.text, self.at, self.dialect).end, self.at + 1)
        self.at += 1
        self.frames[-1].patterns = False
        self._begin()

    def _reserved(self, word: str) -> bool:
        """Handle a word that the shell keeps for itself; whether a command begins after it."""
        piped = bool(self.words) and self.words[-1] == "|"
        if self.words and not piped:
            if self.dialect == "csh" and word == "then" and self.words[0] == "if":
                self._finish()
                self._open("endif")
                self._begin()
                return True
            return False
        kinds = _OPEN[self.dialect]
        if self.dialect == "fish" and word in {"and", "or"} and not piped:
            self._ask()
        if piped and (word in kinds or word in {"case", "[["}):
            self.whole = False
        if word in _CLOSE[self.dialect] and not piped:
            self._close(word)
            self._begin()
            self.at_end_of_compound()
            return True
        if word == "function":
            if self.dialect == "fish":
                self.header = len(self.frames)
                self._open("end", function=True)
            else:
                self._named_function()
                return True
            return False
        if word in kinds:
            self._open(kinds[word])
        if word in _GO_ON[self.dialect] and not piped:
            self.negated |= word in {"!", "not"}
            if self.frames and self.dialect != "csh":
                if word in _ASKS:
                    self.frames[-1].asks = True
                elif word in _ANSWERED:
                    self.frames[-1].asks = False
            self._begin()
            return True
        return False

    def _named_function(self) -> None:
        """`function NAME`, in zsh of several names; `function {` runs at once."""
        self.start, names = self.end, []
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.text[self.at : self.at + 1] in {"", *"{(\n;"}:
                break
            name = scan_word(self.text, self.at, self.dialect)
            self.at = max(name.end, self.at + 1)
            names.append(name.text)
        empty = re.compile(r"\(\s*\)").match(self.text, self.at)
        self.at = empty.end() if empty else self.at
        if names:
            self._define(names)
        self._begin()

    def _define(self, names: list[str]) -> None:
        """A command `function NAME ...` for the definition; the body comes next."""
        inside = bool(self.frames) and self.frames[-1].function
        words = ("function", *names)
        depth = len(self.frames)
        self.commands.append(Command(words, self.start, self.at, depth, inside, False))
        self.defining = True
        self._begin()

    def at_end_of_compound(self) -> None:
        """What follows `fi`, `done`, `}` on its line belongs to it: redirections, or a pipe."""
        found = re.compile(r"[ \t]*\|(?!\|)&?").match(self.text, self.at)
        if found:
            self.at = found.end()
            self.whole = False

    def _open(self, closes: str, *, function: bool = False, patterns: bool = False) -> None:
        inside = bool(self.frames) and self.frames[-1].function
        if len(self.frames) >= _DEEPEST:
            return
        frame = _Frame(closes, inside or function or self.defining, len(self.commands))
        frame.patterns = patterns
        self.frames.append(frame)
        self.defining = False

    def _close(self, word: str) -> None:
        for number in range(len(self.frames) - 1, -1, -1):
            closes = self.frames[number].closes
            if closes == word or (self.dialect == "csh" and {closes, word} <= {"endif", "end"}):
                self.closed = self.frames[number].first
                del self.frames[number:]
                return

    def _finish(self) -> None:
        if self.words:
            around = self.frames if self.header is None else self.frames[: self.header]
            inside = bool(around) and around[-1].function
            words, start, depth = self.words, self.start, len(around)
            if self.dialect == "csh" and words[0] == "if" and len(words) > 2:
                depth += 1  # if (...) COMMAND
            whole = self.whole and words[-1] != "|" and self.header is None
            if any(_STATUS.search(word[:_LONGEST]) for word in words[:_MANY]):
                self._ask()
            asked = self.negated or any(frame.asks for frame in self.frames)
            self.commands.append(
                Command(tuple(words), start, self.end, depth, inside, whole, asked)
            )
            self.closed, self.negated = None, False
        self.words, self.header = [], None


def parse(text: str, dialect: str) -> Script:
    """What a script is made of.

    Args:
        text: of the file.
        dialect: `posix` (sh, bash, zsh), `fish` or `csh`.
    """
    return _Parser(text, dialect).run()
