"""YAML with places: what is read knows its line and column, and a hostile document stays small.

Built from libyaml's events rather than by a loader. So every scalar keeps the text that was written
(a version `3.10` is not a number), nothing is constructed, an alias copies nothing, and the depth is
bounded: PyYAML's own composer recurses in C until the stack is gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sealenv.errors import SpecError

__all__ = ["Node", "lines_of", "load", "read_text", "scalar"]


_DEEPEST = 16
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
"""YAML 1.2.2, 10.3.2, the core schema: what a scalar without quotes is. `yes` and `no` are text."""
_NO_CHARACTER = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2.2, 5.1: what no document may hold."""


def read_text(path: Path, *, limit: int) -> str:
    """A file that somebody wrote: UTF-8, with or without a byte order mark.

    Args:
        path: the file; a pipe can be read once, and need not end.
        limit: characters; a longer file is no such file.

    Raises:
        SpecError: it is not there, too large, or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(limit + 1)
    except OSError as error:
        raise SpecError(
            f"the file cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError(
            "the file is not UTF-8", where=str(path), hint="save it as UTF-8"
        ) from error
    if len(text) > limit:
        raise SpecError(f"the file is too large: more than {limit >> 20} MiB", where=str(path))
    return text


def lines_of(text: str) -> list[str]:
    """The lines of what `read_text` gave: only a line feed ends one, as for all who read such files.

    For `str.splitlines` a form feed or U+2028 in a comment does too.
    """
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping, and where it stands."""

    source: str
    line: int
    column: int
    value: str | list[Node] | dict[str, Node]
    plain: bool = False
    """A scalar without quotes."""

    @property
    def where(self) -> str:
        """FILE:LINE:COLUMN."""
        return f"{self.source}:{self.line}:{self.column}"

    def wrong(self, why: str, hint: str | None = None) -> SpecError:
        """The error that points here."""
        return SpecError(why, where=self.where, hint=hint or "mend the file, or make it anew")

    @property
    def is_null(self) -> bool:
        """Whether nothing was written, or `null`."""
        return self.plain and isinstance(self.value, str) and self.value in _NULL

    @property
    def is_number(self) -> bool:
        """Whether it is a number for YAML, like `3.12` without quotes."""
        return self.plain and isinstance(self.value, str) and bool(_NUMBER.fullmatch(self.value))

    @property
    def is_text(self) -> bool:
        """Whether it is text for YAML: quoted, or neither number, `true`, `false` nor null."""
        if not isinstance(self.value, str):
            return False
        return not (self.is_null or self.is_number or (self.plain and self.value in _TRUTH))

    def mapping(self, what: str) -> dict[str, Node]:
        """The mapping that this must be."""
        if not isinstance(self.value, dict):
            raise self.wrong(f"{what} must be a mapping")
        return self.value

    def items(self, what: str) -> list[Node]:
        """The list that this must be; nothing at all is an empty one."""
        if self.is_null:
            return []
        if not isinstance(self.value, list):
            raise self.wrong(f"{what} must be a list")
        return self.value

    def text(self, what: str) -> str:
        """The text that this must be, as it was written: `1.10` stays `1.10`."""
        if not isinstance(self.value, str) or self.is_null:
            raise self.wrong(f"{what} must be a text")
        return self.value

    def texts(self, what: str) -> list[str]:
        """The list of texts that this must be."""
        return [item.text(f"each of {what}") for item in self.items(what)]

    def number(self, what: str) -> int:
        """The whole number, not negative, that this must be."""
        text = self.text(what)
        if not (text.isascii() and text.isdigit() and len(text) < 17):
            raise self.wrong(f"{what} must be a whole number, not {text[:40]!r}")
        return int(text)

    def key(self, name: str) -> Node:
        """What a mapping has below a key that it must have."""
        fields = self.mapping("this")
        if name not in fields:
            raise self.wrong(f"{name!r} is missing")
        return fields[name]

    def get(self, name: str) -> Node | None:
        """What a mapping has below a key; None where it is not there or null."""
        found = self.mapping("this").get(name)
        return None if found is None or found.is_null else found


def load(text: str, source: str, *, aliases: bool = False) -> Node:
    """The one document of a text.

    Args:
        text: the content.
        source: what to call it in messages.
        aliases: allow them; each is the very node that the anchor names, where that stands. Without, as
            in locks, which programs write, they are refused.

    Raises:
        SpecError: it is not YAML, or more than is needed: aliases, tags, a key twice, great depth.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _build(yaml.parse(text, loader), source, {} if aliases else None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        raise SpecError(
            f"the file is not YAML: {error.problem or error.context}",
            where=at,
            hint="mend the file, or make it anew",
        ) from error
    except yaml.reader.ReaderError as error:
        raise _unreadable(text, source) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(
            f"the file is not YAML: {error}", where=source, hint="mend the file, or make it anew"
        ) from error


def _unreadable(text: str, source: str) -> SpecError:
    """The error for the first character that YAML has not; its parsers tell no line of it."""
    found = _NO_CHARACTER.search(text)
    if found is None:
        return SpecError("the file is not YAML", where=source, hint="make it anew")
    before = text[: found.start()]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return SpecError(
        f"the file is not YAML: the character U+{ord(found.group()):04X}",
        where=f"{source}:{line}:{column}",
        hint="take it out, or make the file anew",
    )


def _build(events: Iterator[Any], source: str, anchors: dict[str, Node] | None) -> Node:
    from yaml import events as kinds

    root: Node | None = None
    stack: list[tuple[Node, Node | None]] = []
    key: Node | None = None
    for event in events:
        if isinstance(event, (kinds.SequenceEndEvent, kinds.MappingEndEvent)):
            _, key = stack.pop()
            continue
        if not isinstance(event, kinds.NodeEvent):
            if root is not None and isinstance(event, kinds.DocumentStartEvent):
                raise SpecError(
                    "it holds more than one document", where=source, hint="split it into files"
                )
            continue
        mark: Any = event.start_mark
        node = Node(source, mark.line + 1, mark.column + 1, "")
        if event.anchor is not None:  # an alias has one too
            if anchors is None:
                raise node.wrong("anchors and aliases are not used here")
            if isinstance(event, kinds.AliasEvent):
                if event.anchor not in anchors:
                    raise node.wrong(f"the file is not YAML: nothing is named &{event.anchor}")
                node = anchors[event.anchor]
            else:
                anchors[event.anchor] = node
        if isinstance(event, kinds.AliasEvent):
            pass
        elif isinstance(event, kinds.ScalarEvent):
            node.value = event.value
            node.plain = not event.style  # None of the Python parser, empty of libyaml's
        elif isinstance(event, kinds.SequenceStartEvent):
            node.value = []
        else:
            node.value = {}
        if (tag := getattr(event, "tag", None)) is not None:
            raise node.wrong(f"the tag {tag} is not used here")
        if len(stack) >= _DEEPEST:
            raise node.wrong("it is nested too deeply")
        if not stack:
            root = node
        else:
            parent = stack[-1][0].value
            if isinstance(parent, list):
                parent.append(node)
            elif key is None:
                assert isinstance(parent, dict)
                if not isinstance(node.value, str):
                    raise node.wrong("a key must be a text")
                if node.value in parent:
                    raise node.wrong(f"the file is not YAML: the key {node.value!r} is there twice")
                key = node
                continue
            else:
                assert isinstance(parent, dict)
                assert isinstance(key.value, str)
                parent[key.value] = node
                key = None
        if not isinstance(event, (kinds.ScalarEvent, kinds.AliasEvent)):
            stack.append((node, key))
            key = None
    if root is None:
        raise SpecError("the file is empty", where=source, hint="make it anew")
    return root


_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+=<>!,|*~ ()@%-]*(:[A-Za-z0-9_./+=<>!,|*~ ()@%:-]*)?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar(text: str) -> str:
    """A text as one line of YAML 1.1 and 1.2 that every reader takes for this very text.

    Raises:
        ValueError: it holds half of a surrogate pair, which is no character.
    """
    if (
        _PLAIN.fullmatch(text)
        and text.lower() not in _WORDS
        and ": " not in text
        and not text.endswith((" ", ":"))
    ):
        return text
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError(f"{text!a} holds half of a surrogate pair")
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04X}", quoted)
