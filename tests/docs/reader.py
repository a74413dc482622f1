"""Find the examples of a Markdown page: its fenced blocks, with what a comment before one says.

A comment `<!-- example: ... -->` stands directly before a block (an empty line may be between) and holds
one or several of these, with `;` between:

| | |
|---|---|
| `skip: WHY` | it is not run; WHY is the reason. It comes last: it may hold `;`. |
| `exit N` | the last command ends with N; otherwise every command ends with 0 |
| `before: COMMAND` | what the reader has done meanwhile, run in bash without being shown; comes last |
| `file NAME` | the block is the content of this file in the reader's folder |
| `wine` | `tests/windows/test_docs.py` runs it |
| `test: FILE::NAME` | this test runs it, or the same with other names |

`<!-- examples: WHY -->` anywhere in a page says that none of its blocks is run, and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHELLS = ("sh", "bash", "console", "bat", "cmd", "powershell")

_FENCE = re.compile(r"^( *)(```+|~~~+)(\S*)\s*$")
_COMMENT = re.compile(r"^ *<!-- example: (.*) -->$")
_PAGE = re.compile(r"^<!-- examples: (.*) -->$", re.M)
_LAST = re.compile(r"(?:^|; ?)(skip|before|test): (.*)$")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        page: the page, relative to the checkout.
        line: the line of its fence, from 1.
        language: the word after the fence.
        text: what is in it, without indentation of the fence.
        says: what the comment before it says.
    """

    page: str
    line: int
    language: str
    text: str
    says: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`PAGE:LINE`, as editors take it."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Of a `console` block each command with the output that is shown; of others the whole text."""
        if self.language != "console":
            return [(self.text, "")]
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            else:
                command, output = found.pop()
                found.append((command, f"{output}{line}\n"))
        return found


def pages() -> list[str]:
    """Every page of the documentation, README first."""
    found = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), ROOT / "CONTRIBUTING.md"]
    found.append(ROOT / "bootstrap" / "README.md")
    return [path.relative_to(ROOT).as_posix() for path in found]


ELSEWHERE = {
    "docs/field-guide.md": "what it shows is in docs/notes",
    "docs/article.md": "what it shows is in docs/notes",
    "docs/notes/": "written by python -m docs.notes.observe, which runs each command",
}
"""Pages, or folders of pages, whose examples are run by something else than these tests."""


def not_run(page: str) -> str | None:
    """Why no block of the page is run; None where they are."""
    for start, why in ELSEWHERE.items():
        if page.startswith(start):
            return why
    found = _PAGE.search((ROOT / page).read_text(encoding="utf-8"))
    return found[1] if found else None


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page."""
    return list(_blocks(page, (ROOT / page).read_text(encoding="utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    said: dict[str, str] = {}
    number = 0
    while number < len(lines):
        fence = _FENCE.match(lines[number])
        comment = _COMMENT.match(lines[number])
        start = number
        number += 1
        if comment:
            said = _said(comment[1])
        elif fence:
            inner = []
            while lines[number].strip() != fence[2]:
                inner.append(lines[number].removeprefix(fence[1]))
                number += 1
            number += 1
            yield Block(page, start + 1, fence[3], "".join(f"{line}\n" for line in inner), said)
            said = {}
        elif lines[start].strip():
            assert not said, f"{page}:{start + 1}: no block follows the comment before this line"


def _said(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    last = _LAST.search(text)
    if last:
        found[last[1]] = last[2]
        text = text[: last.start()]
    for part in filter(None, (part.strip() for part in text.split(";"))):
        word, _, rest = part.partition(" ")
        assert word in ("exit", "file", "wine"), f"what is {part!r}?"
        found[word] = rest
    return found
