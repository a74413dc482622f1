"""The commands of sh, bash, zsh, fish and csh scripts: comments, quotes, here-documents, compounds.

No shell: nothing is expanded, and what cannot be told is not `whole`, so that no fix touches it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sealenv.checkup.shells.command import Command, Comment, Script
from sealenv.checkup.shells.compounds import ANSWERED, ASKS, CLOSE, DEEPEST, GO_ON, OPEN, Frame
from sealenv.checkup.shells.scanning import SPACE, Scanner
from sealenv.checkup.shells.words import scan_word

__all__ = ["Parser", "parse"]

_COMMENT = re.compile(r"[^\n]*")
_OPERATOR = re.compile(r";;&|;;|;&|&&|\|\||\|&|[;&|\n]")
_LONGEST, _MANY = 1000, 100
"""Characters of a word, words of a command, that are looked at."""
_STATUS = re.compile(r"\$\{?(?:\?|status\b|pipestatus\b|PIPESTATUS\b)")


class Parser(Scanner):
    """Reads a script to its end; `zsh.ZshParser` knows more forms."""

    def __init__(self, text: str, dialect: str) -> None:
        super().__init__(text, dialect)
        self.commands: list[Command] = []
        self.comments: list[Comment] = []
        self.frames: list[Frame] = []
        self.defining = False
        """A function's name was read; its body comes next."""
        self.negated = False
        """`!`, `not` or `time` stand before the command."""
        self.lost_at: int | None = None
        """Where something begins that does not fit what closes it."""
        self.header: int | None = None
        """In fish: the line that opens a function is read, in so many compounds."""
        self.closed: int | None = None
        """Of a compound that has just ended: how many commands there were before it."""

    def run(self) -> Script:
        """What the script is made of."""
        while self.at < len(self.text):
            space = SPACE.match(self.text, self.at)
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
        self._end()
        commands = tuple(self.commands)
        if self.lost_at is not None:  # what comes behind it may be part of anything
            lost = self.lost_at
            commands = tuple(c if c.end < lost else replace(c, whole=False) for c in commands)
        return Script(commands, tuple(self.comments), self.open_at, self.lost_at)

    def _end(self) -> None:
        """The end of the file: in sh, bash and zsh what is open does not end."""
        if self.dialect == "posix" and self.frames:
            self._lose(self.frames[0].place)

    def _lose(self, place: int) -> None:
        self.lost_at = place if self.lost_at is None else min(place, self.lost_at)

    def _comment(self) -> None:
        found = _COMMENT.match(self.text, self.at)
        assert found is not None
        self.comments.append(Comment(self.at, found[0].rstrip("\r"), len(self.frames)))
        self.at = found.end()

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

    def _operator(self, operator: str) -> None:
        if (
            self.words
            and self.words[0] == "[["
            and "]]" not in self.words
            and operator in {"&&", "||", "\n"}
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
                if frame.case:
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

    def _word(self) -> None:
        start = self.at
        word = scan_word(self.text, start, self.dialect)
        self.at = max(word.end, start + 1)
        top = self.frames[-1] if self.frames else None
        if top and top.patterns and not self.words:
            if word.text != top.closes or word.quoted:
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
        if self.words[:1] == ["[["] and self.words[-1] == "]]" and word in ANSWERED:
            self._finish()
            self._begin()
        if piped and word in OPEN[self.dialect]:  # a compound reads what comes before
            self._finish()
            self._begin()
            piped = False
        if self.words and not piped:
            if self.dialect == "csh" and word == "then" and self.words[0] == "if":
                self._finish()
                self._open("endif")
                self._begin()
                return True
            return False
        kinds = OPEN[self.dialect]
        if self.dialect == "fish" and word in {"and", "or"} and not piped:
            self._ask()
        if piped and (word in kinds or word in {"case", "[["}):
            self.whole = False
        if word in CLOSE[self.dialect] and not piped:
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
        if word in GO_ON[self.dialect] and not piped:
            self.negated |= word in {"!", "not"}
            if self.frames and self.dialect != "csh":
                if word in ASKS:
                    self.frames[-1].asks = True
                elif word in ANSWERED:
                    self.frames[-1].asks = False
            self._begin()
            return True
        return False

    def _named_function(self) -> None:
        """`function NAME`, in zsh of several names; `function {` runs at once."""
        self.start, names = self.end, []
        while True:
            space = SPACE.match(self.text, self.at)
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
        if len(self.frames) >= DEEPEST:
            return
        function = inside or function or self.defining
        frame = Frame(closes, function, len(self.commands), self.at)
        frame.patterns = frame.case = patterns
        self.frames.append(frame)
        self.defining = False

    def _close(self, word: str) -> None:
        for number in range(len(self.frames) - 1, -1, -1):
            closes = self.frames[number].closes
            if closes == word or (self.dialect == "csh" and {closes, word} <= {"endif", "end"}):
                if self.dialect == "posix" and number < len(self.frames) - 1:
                    self._lose(self.frames[number + 1].place)
                self.closed = self.frames[number].first
                del self.frames[number:]
                return
        if self.dialect == "posix" and word != ")":
            self._lose(self.at)

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
    return Parser(text, dialect).run()
