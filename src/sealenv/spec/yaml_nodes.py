"""Read YAML with the line and column of each value, and write it.

It reads libyaml's events: `yaml.compose` takes 2.5 times as long, and accepts a key that is there
twice. Every scalar keeps its text (a version `3.10` is not a number). Aliases and tags are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sealenv.errors import SpecError

_T = TypeVar("_T")
_STEP = re.compile(r"\.([^.\[`]+)|\[(\d+)\]")
"""A step of a path in a message of msgspec, such as `.packages[3]`."""
_DEEPEST = 16
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTH = frozenset({"true", "True", "TRUE", "false", "False", "FALSE"})
_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
"""YAML 1.2.2, 10.3.2: numbers of the core schema."""


def read_text(path: Path, *, limit: int) -> str:
    """Read a file in UTF-8, with or without a byte order mark.

    Args:
        path: the file; a pipe can be read once, and may never end.
        limit: the most characters.

    Raises:
        SpecError: it is missing, too large, or not UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(limit + 1)
    except OSError as error:
        raise SpecError(
            f"the file cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from error
    except UnicodeDecodeError as error:
        hint = "save it as UTF-8" if path.is_file() else "save it as UTF-8; a bundle must be a file"
        raise SpecError("the file is not UTF-8", where=str(path), hint=hint) from error
    if len(text) > limit:
        raise SpecError(f"the file is too large: more than {limit >> 20} MiB", where=str(path))
    return text


def lines_of(text: str) -> list[str]:
    """Split a text at line feeds; `str.splitlines` also splits at form feeds and U+2028."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


@dataclass(slots=True)
class Node:
    """A scalar, list or mapping, and its place in the file."""

    source: str
    line: int
    column: int
    value: str | list[Node] | dict[str, Node]
    plain: bool = False
    """Whether it is a scalar without quotes."""

    @property
    def where(self) -> str:
        """FILE:LINE:COLUMN."""
        return f"{self.source}:{self.line}:{self.column}"

    def wrong(self, why: str, hint: str | None = None) -> SpecError:
        """Return the error for this place."""
        return SpecError(why, where=self.where, hint=hint or "fix the file, or create it again")

    @property
    def is_null(self) -> bool:
        """Whether it is empty or `null`."""
        return self.plain and isinstance(self.value, str) and self.value in _NULL

    @property
    def is_number(self) -> bool:
        """Whether it is a number in YAML, such as `3.12` without quotes."""
        return self.plain and isinstance(self.value, str) and bool(_NUMBER.fullmatch(self.value))

    @property
    def is_text(self) -> bool:
        """Whether it is text in YAML: quoted, or not a number, `true`, `false` or null."""
        if not isinstance(self.value, str):
            return False
        return not (self.is_null or self.is_number or (self.plain and self.value in _TRUTH))

    def get(self, name: str) -> Node | None:
        """Return the value of a key; None if it is missing or null."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return None if found is None or found.is_null else found

    def at(self, *path: str | int) -> Node:
        """Follow keys and indexes as far as they exist."""
        node = self
        for step in path:
            try:
                node = node.value[step]  # type: ignore[index,assignment]
            except (KeyError, IndexError, TypeError):
                break
        return node

    def data(self) -> Any:
        """Return the content as Python objects; a scalar is its text, or None for null."""
        if isinstance(self.value, list):
            return [item.data() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.data() for key, item in self.value.items()}
        return None if self.is_null else self.value

    def convert(self, kind: type[_T]) -> _T:
        """Return the content as an object of this type.

        Raises:
            SpecError: a field is missing or has another type; with its place.
        """
        try:
            return msgspec.convert(self.data(), kind, strict=False)
        except msgspec.ValidationError as error:
            why, _, path = str(error).partition(" - at `$")
            steps = [int(n) if n else name for name, n in _STEP.findall(path.partition("[...]")[0])]
            field = path.rpartition(".")[2].rstrip("`")
            raise self.at(*steps).wrong(f"{field}: {why}" if field else why) from None


def load(text: str, source: str) -> Node:
    """Parse a text that holds one document.

    Args:
        text: the content.
        source: the name of the file in messages.

    Raises:
        SpecError: it is not YAML, or it has aliases, tags, a key twice, or great depth.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(yaml.parse(text, loader), source).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{source}:{mark.line + 1}:{mark.column + 1}" if mark else source
        why = error.problem or error.context
        raise SpecError(f"the file is not YAML: {why}", where=at, hint="fix the file") from error
    except yaml.reader.ReaderError as error:
        why = f"the file is not YAML: {error.reason}"
        raise SpecError(why, where=source, hint="remove the invalid character") from error


class _Builder:
    """Builds nodes from the events of a parser."""

    def __init__(self, events: Iterator[Any], source: str) -> None:
        from yaml import events as kinds

        self.kinds = kinds
        self.events = events
        self.source = source

    def document(self) -> Node:
        """Return the root of the only document."""
        roots: list[Node] = []
        for event in self.events:
            if isinstance(event, self.kinds.DocumentStartEvent) and roots:
                raise SpecError(
                    "it holds more than one document", where=self.source, hint="split the file"
                )
            if isinstance(event, self.kinds.NodeEvent):
                roots.append(self._node(event, 0))
        if not roots:
            raise SpecError("the file is empty", where=self.source, hint="create it again")
        return roots[0]

    def _node(self, event: Any, depth: int) -> Node:
        mark = event.start_mark
        node = Node(self.source, mark.line + 1, mark.column + 1, "")
        if event.anchor is not None:
            raise node.wrong(
                "anchors and aliases are not supported", "write the value in each place"
            )
        if event.tag is not None:
            raise node.wrong(f"the tag {event.tag} is not used here")
        if depth >= _DEEPEST:
            raise node.wrong("it is nested too deeply")
        if isinstance(event, self.kinds.ScalarEvent):
            node.value = event.value
            node.plain = not event.style
        elif isinstance(event, self.kinds.SequenceStartEvent):
            node.value = items = []
            while not isinstance(event := next(self.events), self.kinds.SequenceEndEvent):
                items.append(self._node(event, depth + 1))
        else:
            node.value = self._mapping(depth + 1)
        return node

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(self.events), self.kinds.MappingEndEvent):
            key = self._node(event, depth)
            if not isinstance(key.value, str):
                raise key.wrong("a key must be text")
            if key.value in found:
                raise key.wrong(f"the file is not YAML: the key {key.value!r} is there twice")
            found[key.value] = self._node(next(self.events), depth)
        return found


_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./+=<>!,|*~ ()@%-]*(:[A-Za-z0-9_./+=<>!,|*~ ()@%:-]*)?")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar(text: str) -> str:
    """Write a text as a scalar on one line, for readers of YAML 1.1 and 1.2.

    Raises:
        ValueError: it holds half of a surrogate pair.
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


def dump(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield the lines of a mapping; the items of a list begin in the column of its key."""
    for key, value in data.items():
        start = f"{indent}{scalar(key)}:"
        if isinstance(value, Mapping):
            yield start + " {}" * (not value)
            yield from dump(value, f"{indent}  ")
        elif isinstance(value, list | tuple):
            yield start + " []" * (not value)
            for item in value:
                if isinstance(item, Mapping):
                    first, *rest = dump(item, f"{indent}  ")
                    yield f"{indent}- {first.lstrip()}"
                    yield from rest
                else:
                    yield f"{indent}- {scalar(str(item))}"
        elif isinstance(value, int):
            yield f"{start} {str(value).lower()}"
        else:
            yield f"{start} {scalar(str(value))}"
