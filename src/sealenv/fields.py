"""Types of fields that results share.

A command returns one object, and `--json` prints its fields: docs/reference/json.schema.json is
generated from the same classes. Properties and methods are not printed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Bytes = Annotated[int, Meta(ge=0, description="in bytes")]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="sha256 in hexadecimal")]
MaybeSha256 = Annotated[
    str, Meta(pattern="^([0-9a-f]{64})?$", description="sha256, or empty: unknown")
]
AbsolutePath = Annotated[
    Path, Meta(description="an absolute path", extra_json_schema={"minLength": 1})
]
InPrefix = Annotated[str, Meta(description="a path relative to the environment, with `/`")]
Moment = Annotated[dt.datetime, Meta(description="UTC, ISO 8601")]
Seconds = Annotated[dict[str, float], Meta(description="step -> seconds, in order")]
Texts = Annotated[tuple[str, ...], Meta(description="sentences for people")]


def one_of(words: Iterable[str]) -> Any:
    """Return the metadata of a text that is one of these."""
    return Meta(extra_json_schema={"enum": sorted(words)})


def to_json(result: object) -> Any:
    """Convert a result to dicts, lists and strings; times stay `datetime`."""
    return msgspec.to_builtins(result, builtin_types=(dt.datetime,), enc_hook=_absolute)


def _absolute(path: Path) -> str:
    return str(path.absolute())
