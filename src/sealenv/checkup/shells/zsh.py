"""The forms of compound commands that zsh alone has (zshmisc, "Alternate Forms For Complex Commands").

`if [[ x ]] { ... }`, `if (( x )) COMMAND`, `for x (a b) COMMAND`, `repeat 3 { ... }`, `f() COMMAND` and
their like; a lone `}` ends a command wherever it stands.
"""

from __future__ import annotations

import re

from sealenv.checkup.shells.compounds import OPEN
from sealenv.checkup.shells.posix import Parser
from sealenv.checkup.shells.scanning import SPACE

__all__ = ["ZshParser"]

_LOOPS = frozenset({"for", "foreach", "select", "repeat"})
_BRACE = re.compile(r"\{(?=[\s;]|\Z)")
_USUAL = re.compile(r"[;&|\n)]|(?:then|do)\b|\Z")
"""What stands behind a condition or a list in the usual form."""
_FLAGS = re.compile(r"\(#[a-zA-Z0-9,]{1,9}\)")
_MORE = re.compile(r"[ \t]*(elif|else)\b")


class ZshParser(Parser):
    """As `posix.Parser`, with zsh's forms."""

    def _bracket(self) -> bool:
        c, before = self.text[self.at], len(self.frames)
        words, loop = list(self.words), bool(self.words) and self.words[0] in _LOOPS
        if loop and c == "(" and self.frames and self.frames[-1].waits:
            start = self.at
            self._skip_brackets()
            self.whole, self.end = False, self.at
            if not self.text.startswith("((", start):
                self.words = [*words[:2], "in", *self.text[start + 1 : self.at - 1].split()]
            self._body()
            return True
        condition = c == "(" and not words and self.text.startswith("((", self.at)
        if c == ")":
            self._end_single()
        if not super()._bracket():
            return False
        ended = condition or (c == ")" and len(self.frames) < before)
        if ended and self.frames and self.frames[-1].asks:
            self._body()
        return True

    def _skip_brackets(self) -> None:
        """`(#b)` and its like in a pattern: no comment begins there."""
        flags = _FLAGS.match(self.text, self.at)
        if flags and self.words:
            self.at = flags.end()
        else:
            super()._skip_brackets()

    def _define(self, names: list[str]) -> None:
        super()._define(names)
        behind = re.compile(r"\s*").match(self.text, self.at)
        at = behind.end() if behind else self.at
        if self.text[at : at + 1] not in {"{", "(", ""}:  # NAME () COMMAND
            self.at = at
            self._open("", function=True)
            self._begin()

    def _operator(self, operator: str) -> None:
        super()._operator(operator)
        if operator in {";", "\n", "&", ";;"}:
            self._end_single()

    def _word(self) -> None:
        super()._word()
        top = self.frames[-1] if self.frames else None
        if len(self.words) == 3 and self.words[0] == "case" and self.words[2] == "{":
            self._open("}", patterns=True)
            self._begin()
        if top is None or not self.words:
            return
        counted = self.words[0] == "repeat" and top.waits and len(self.words) == 2
        if counted or (self.words[0] == "[[" and self.words[-1] == "]]" and top.asks):
            self._body()

    def _reserved(self, word: str) -> bool:
        if word == "}" and self.words and self.words[-1] != "|":
            self._finish()
        if word == "}":
            self._end_single()
        elif self.words[-1:] == ["|"] and (word in _LOOPS or word in OPEN["posix"]):
            self._finish()
            self._begin()
        elif self.words:
            return super()._reserved(word)
        if word == "always" and self._next(_BRACE):
            self._begin()
            return True
        if word == "{" and self.frames and self.frames[-1].waits:
            top = self.frames[-1]
            top.closes, top.waits = "}", False
            self._begin()
            return True
        if word in {"foreach", "repeat"}:
            self._open("end" if word == "foreach" else "done")
        if word == "end":
            self._close("end")
            self._begin()
            return True
        found = super()._reserved(word)
        if word in _LOOPS and self.frames:
            self.frames[-1].waits = True
        elif word == "do" and self.frames:
            self.frames[-1].waits = False
        return found

    def _body(self) -> None:
        """Behind a condition or a list: begin a body in braces, or of one command."""
        top = self.frames[-1]
        brace = self._next(_BRACE)
        if not brace and self._next(_USUAL):
            return
        self._finish()
        top.asks = top.waits = False
        top.closes = "}" if brace else ""
        if brace:
            self.at = brace.end()
        self._begin()

    def _close(self, word: str) -> None:
        top = self.frames[-1] if self.frames else None
        more = (
            _MORE.match(self.text, self.at) if word == "}" and top and top.closes == "}" else None
        )
        if more and top:
            self.at = more.end()
            if more[1] == "elif":  # the same `if` goes on
                top.closes, top.asks = "fi", True
                return
        super()._close(word)

    def _end_single(self) -> None:
        """Where a command ends, the compounds end whose body it was."""
        while self.frames and not self.frames[-1].closes:
            self.closed = self.frames.pop().first

    def _end(self) -> None:
        self._end_single()
        super()._end()

    def _next(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What comes behind the next blanks, if it is that."""
        space = SPACE.match(self.text, self.at)
        return pattern.match(self.text, space.end() if space else self.at)
