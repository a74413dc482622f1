"""The statements of PowerShell, nushell and xonsh scripts: comments, quotes, functions; no more."""

from __future__ import annotations

import re
from dataclasses import replace

from sealenv.checkup.shells.command import Command, Comment, Script

__all__ = ["parse"]

_QUOTED = {
    "ps1": r"@\"\r?\n.*?\n\"@|@'\r?\n.*?\n'@|<#.*?#>|\"(?:[^\"`]|`.|\"\")*\"|'(?:[^']|'')*'",
    "nu": r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|`[^`]*`",
    "xsh": r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'",
}
_FUNCTION = {
    "ps1": re.compile(r"(?:function|filter)\s", re.IGNORECASE),
    "nu": re.compile(r"(?:export\s+)?(?:def|module|extern)\s"),
    "xsh": re.compile(r"(?:async\s+)?(?:def|class)\s"),
}
_WORD = re.compile(r"\"((?:[^\"\\`]|[\\`].)*)\"|'([^']*)'|(\|)|([^\s'\"|]+)", re.DOTALL)
_LONGEST = 1000
"""Characters of a statement that are looked at."""
_GO_ON = {
    "ps1": re.compile(r"(?:if|elseif|while|foreach)\s*\("),
    "nu": re.compile(r"(?!)"),
    "xsh": re.compile(r"(?:if|elif|with|while|for|try|else|except|finally)\b[^:\n]*:[ \t]*(?=\S)"),
}


_ASKED = re.compile(r"&&|\|\||\s(?:and|or)\s|^(?:if|elif|elseif|while|until|try|not|!)\b")

_STATUS = re.compile(r"\$\?|\$LASTEXITCODE\b|LAST_EXIT_CODE\b", re.IGNORECASE)


class _Parser:
    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.quoted = re.compile(_QUOTED[dialect], re.DOTALL)
        self.commands: list[Command] = []
        self.comments: list[Comment] = []
        self.braces: list[bool] = []
        """Of each open brace: whether it is a function's."""
        self.indents: list[int] = []
        """Of each Python function around: how far it is indented."""
        self.start = 0
        self.round = 0
        self.whole = True
        self.open_at: int | None = None

    def run(self) -> Script:
        text, at = self.text, 0
        while at < len(text):
            c = text[at]
            block = self.dialect == "ps1" and text.startswith("<#", at)
            if block or c in "\"'`@":
                found = self.quoted.match(text, at)
                if self.dialect == "ps1" and c == "`":
                    at += 3 if text.startswith("`\r\n", at) else 2
                elif found and block:
                    self._finish(at)
                    at = self.start = found.end()
                elif found:
                    at = found.end()
                elif self._goes_on(at):
                    at += 1
                else:  # it never ends
                    self.whole, self.open_at, at = False, at, len(text)
            elif c == "#" and (at == 0 or text[at - 1] in " \t\r\n;{}(\ufeff"):
                end = text.find("\n", at)
                end = len(text) if end < 0 else end
                self._finish(at)
                indented = self.dialect == "xsh" and at > 0 and text[at - 1] in " \t"
                self.comments.append(Comment(at, text[at:end].rstrip("\r"), int(indented)))
                at = self.start = end
            elif c == "\\" and text[at + 1 : at + 2] == "\n" and self.dialect == "xsh":
                at += 2
            elif c in "([":
                self.round += 1
                at += 1
            elif c in ")]":
                self.round = max(0, self.round - 1)
                at += 1
            elif c == "{" and self.dialect == "nu" and self._is_record(at):
                at = self.text.find("}", at) + 1 or len(text)
            elif c == "{" and self.dialect != "xsh" and not self._in_brackets():
                function = bool(_FUNCTION[self.dialect].match(text[self.start : at].lstrip()))
                self._finish(at)
                self.braces.append(function or bool(self.braces and self.braces[-1]))
                at = self.start = at + 1
            elif c == "}" and self.dialect != "xsh" and not self._in_brackets():
                self._finish(at)
                if self.braces:
                    self.braces.pop()
                at = self.start = at + 1
            elif (c == "\n" and not (self.round and self.dialect == "xsh")) or c == ";":
                self._finish(at)
                self.round = 0
                at = self.start = at + 1
            else:
                at += 1
        self._finish(len(text))
        return Script(tuple(self.commands), tuple(self.comments), self.open_at)

    def _goes_on(self, at: int) -> bool:
        """Whether an open quote ends with its line, or is none."""
        if self.dialect == "xsh":
            return not self.text.startswith(('"""', "'''"), at)
        return self.text[at] == "@" and self.text[at + 1 : at + 2] not in ("'", '"')

    def _is_record(self, at: int) -> bool:
        """Whether a brace opens what `load-env` sets."""
        return self.text[max(self.start, at - 50) : at].strip() == "load-env"

    def _in_brackets(self) -> bool:
        return self.round > 0

    def _finish(self, end: int) -> None:
        raw = self.text[self.start : end]
        body = raw.lstrip(" \t\r\n\f\v\ufeff")
        start = self.start + len(raw) - len(body)
        body = body.rstrip()
        if not body:
            return
        depth, inside = len(self.braces), bool(self.braces and self.braces[-1])
        if self.dialect == "xsh":
            depth, inside = self._indented(start, body)
        go_on = _GO_ON[self.dialect].match(body)
        if go_on and self.dialect == "xsh":
            start, body, depth = start + go_on.end(), body[go_on.end() :], depth + 1
        words = tuple("".join(found.groups("")) for found in _WORD.finditer(body[:_LONGEST]))
        if not words:
            return  # a lone quote
        if self.commands and _STATUS.search(body[:_LONGEST]):
            self.commands[-1] = replace(self.commands[-1], asked=True)
        # An operator is part of the statement here: what stands behind it would go too.
        asked = bool(_ASKED.search(self.quoted.sub("", body[:_LONGEST]))) or self.round > 0
        whole = self.whole
        self.commands.append(Command(words, start, start + len(body), depth, inside, whole, asked))

    def _indented(self, start: int, body: str) -> tuple[int, bool]:
        begin = self.text.rfind("\n", 0, start) + 1
        indent = len(self.text[begin:start]) if not self.text[begin:start].strip() else 0
        while self.indents and indent <= self.indents[-1]:
            self.indents.pop()
        inside = bool(self.indents)
        if _FUNCTION["xsh"].match(body):
            self.indents.append(indent)
        return int(indent > 0), inside


def parse(text: str, dialect: str) -> Script:
    """What a script is made of.

    Args:
        text: of the file.
        dialect: `ps1`, `nu` or `xsh`.
    """
    return _Parser(text, dialect).run()
