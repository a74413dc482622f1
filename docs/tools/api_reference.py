"""Generate the lists in docs/reference/api.md: `python -m docs.tools.api_reference [--write]`.

The text before the marker line is written by hand. Without --write the page is compared with the code:
exit code 1 if they differ, as in `tests/docs`.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from docs.tools.generated import write_or_compare
from sealenv import _HOMES as HOMES
from sealenv.errors import SealenvError

PAGE = Path(__file__).resolve().parents[1] / "reference" / "api.md"
MARKER = (
    "<!-- From here on: `python -m docs.tools.api_reference --write`. Change the docstrings. -->\n"
)
_WIDTH = 96
_RESULTS = """\
All are read-only. Sizes are bytes, times are in UTC. `AbsolutePath` is a `Path` and `Moment` a
`datetime`; `Count` and `Bytes` are `int`; `InPrefix`, `Sha256` and `MaybeSha256` are `str`; `Seconds` is
a `dict[str, float]`, and `Texts` a `tuple[str, ...]`. `--json` prints the
fields, and not the properties, which are listed last.
"""
_ERRORS = """\
Each has `what` (a sentence), `where`, `hint` (what to do next), `details`, `code` (the stable name of
`--json`) and `exit_code`; `to_json()` returns them all. [What each error means](errors.md).
"""


def page() -> str:
    """Return the whole page: the existing text up to the marker, and the lists."""
    head = PAGE.read_text(encoding="utf-8").split(MARKER)[0]
    others = {name: _get(name) for name in HOMES if not name.islower()}
    results = {n: v for n, v in others.items() if not issubclass(v, SealenvError)}
    errors = [v for v in others.values() if issubclass(v, SealenvError)]
    parts = [
        head + MARKER,
        "## Functions\n",
        "`StrPath` is `str | os.PathLike[str]`; `QUIET` is a `Reporter()`, which discards everything.\n",
        *(_function(name) for name in HOMES if name.islower()),
        "## Results\n",
        _RESULTS,
        *(_result(name, results[name]) for name in sorted(results)),
        "## Errors\n",
        _ERRORS,
        "```text\n" + "\n".join(_tree(SealenvError, errors)) + "\n```\n",
    ]
    return "\n".join(parts)


def _get(name: str) -> Any:
    return getattr(importlib.import_module(HOMES[name]), name)


def _function(name: str) -> str:
    function = _get(name)
    return f"### {name}\n\n```python\n{_signature(name, function)}\n```\n\n{_text(function)}"


def _signature(name: str, function: Any) -> str:
    """One line where it fits, else a parameter a line."""
    signature = inspect.signature(function)
    line = _named_default(f"def {name}{signature}".replace("'", ""))
    line = re.sub(r"= ,", '= "",', line)
    if len(line) <= _WIDTH:
        return line
    rows, starred = [], False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            rows.append("    *,")
            starred = True
        text = str(parameter.replace(annotation=_Plain(parameter.annotation)))
        rows.append(f"    {_named_default(text)},")
    returns = f" -> {signature.return_annotation}"
    return "\n".join([f"def {name}(", *rows, f"){returns}"])


def _named_default(text: str) -> str:
    """The reporter by its name."""
    return re.sub(r"<sealenv\.progress\.Reporter object at \w+>", "QUIET", text)


class _Plain(str):
    """An annotation that is shown without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _text(function: Any) -> str:
    """A docstring as Markdown; its sections become lists."""
    doc = inspect.getdoc(function) or ""
    body, *sections = re.split(r"^(Args|Returns|Raises|Attributes):\n", doc, flags=re.M)
    out = [_paragraphs(body)]
    for title, content in zip(sections[::2], sections[1::2], strict=True):
        content, _, rest = inspect.cleandoc("\n" + content).partition("\n\n")
        out.append(f"{title}:\n")
        if title == "Returns":
            out[-1] = f"Returns {' '.join(content.split())}\n"
        else:
            out.append("\n".join(f"- {line}" for line in _items(content)) + "\n")
        if rest.strip():
            out.append(_paragraphs(rest))
    return "\n".join(out)


def _paragraphs(text: str) -> str:
    """Lines of a paragraph together."""
    return "\n".join(" ".join(part.split()) + "\n" for part in text.split("\n\n") if part.strip())


def _items(content: str) -> Iterator[str]:
    """`name: text` over several lines, as `name`: text."""
    for item in re.split(r"\n(?=\S)", content):
        name, _, text = " ".join(item.split()).partition(": ")
        words = ", ".join(f"`{word}`" for word in name.split(", "))
        yield f"{words}: {text}".replace("<", "\\<")


def _result(name: str, cls: Any) -> str:
    lines = [f"### {name}\n", _summary(cls)]
    fields = list(_fields(cls))
    if fields:
        lines.append("| Attribute | Type |\n|---|---|")
        lines += [f"| `{field}` | `{kind}` |" for field, kind in fields]
        lines.append("")
    return "\n".join(lines)


def _summary(cls: Any) -> str:
    return _paragraphs((inspect.getdoc(cls) or "").split("Attributes:\n")[0]) + _attributes(cls)


def _attributes(cls: Any) -> str:
    doc = inspect.getdoc(cls) or ""
    if "Attributes:\n" not in doc:
        return ""
    content = inspect.cleandoc("\n" + doc.split("Attributes:\n")[1])
    return "\n" + "\n".join(f"- {line}" for line in _items(content)) + "\n"


def _fields(cls: Any) -> Iterator[tuple[str, str]]:
    """The fields, then the properties, each with its type as the source writes it."""
    for base in reversed(cls.__mro__):
        for field_name, kind in inspect.get_annotations(base).items():
            if dataclasses.is_dataclass(base) or issubclass(base, msgspec.Struct | tuple):
                yield field_name, _type(kind)
    for field_name, value in vars(cls).items():
        if isinstance(value, property) and not field_name.startswith("_"):
            yield field_name, _type(typing.cast("Any", value.fget).__annotations__["return"])


def _type(kind: Any) -> str:
    """A type as Markdown, without what only the schema needs."""
    text = " ".join(str(getattr(kind, "__forward_arg__", kind)).split())
    text = re.sub(r"^Annotated\[(.*?), (?:Meta|one_of)\(.*\)\]$", r"\1", text)
    return text.replace("|", "\\|")


def _tree(cls: type[SealenvError], known: list[type[SealenvError]], depth: int = 0) -> list[str]:
    lines = [f"{'  ' * depth}{cls.__name__}"]
    for sub in sorted(cls.__subclasses__(), key=lambda each: each.__name__):
        if sub in known:
            lines += _tree(sub, known, depth + 1)
    return lines


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.api_reference"))
