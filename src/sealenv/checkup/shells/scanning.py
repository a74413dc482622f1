"""What is alike in all of these shells: words so far, redirections, here-documents, brackets."""

from __future__ import annotations

import re

from sealenv.checkup.shells.words import scan_word, skip_balanced

__all__ = ["SPACE", "Scanner"]

SPACE = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_REDIRECT = re.compile(r"\d*(?:&>>|&>|>&|<&|<<<|<>|>>|>\||>!|>|<)")
_HERE = re.compile(r"\d*<<(-?)[ \t]*")


class Scanner:
    """A place in a text, and the words of the command that is being read.

    Attributes:
        here: the here-documents that begin with this line: their last lines, whether tabs are left out.
        open_at: where the first quote or substitution begins that does not end.
    """

    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        self.here: list[tuple[str, bool]] = []
        self.open_at: int | None = None
        self._begin()

    def _begin(self) -> None:
        self.words: list[str] = []
        self.start = self.end = self.at
        self.whole = True

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
        space = SPACE.match(self.text, self.at)
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

    def _skip_here_documents(self) -> None:
        for word, tabs in self.here:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at) + 1 or len(self.text)
                line = self.text[self.at : end].rstrip("\r\n")
                self.at = end
                if (line.lstrip("\t") if tabs else line) == word:
                    break
        self.here = []

    def _skip_brackets(self) -> None:
        start = self.at
        self.at, ended = skip_balanced(self.text, start)
        self._read_to_the_end(start, ended)

    def _read_to_the_end(self, start: int, ended: bool) -> None:
        if not ended and self.open_at is None:
            self.open_at = start
