"""What the answers have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypedDict

from msgspec import Meta

__all__ = [
    "AbsolutePath",
    "Bytes",
    "Count",
    "Error",
    "InPrefix",
    "MaybeSha256",
    "Moment",
    "Seconds",
    "Sha256",
    "Texts",
    "Warned",
    "one_of",
]

Bytes = Annotated[int, Meta(ge=0, description="in bytes")]
Count = Annotated[int, Meta(ge=0)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="sha256 in hexadecimal")]
MaybeSha256 = Annotated[
    str, Meta(pattern="^([0-9a-f]{64})?$", description="sha256, or empty: unknown")
]
AbsolutePath = Annotated[str, Meta(min_length=1, description="an absolute path")]
InPrefix = Annotated[str, Meta(description="a path relative to the environment, with `/`")]
Moment = Annotated[str, Meta(description="UTC, ISO 8601")]
Seconds = Annotated[dict[str, float], Meta(description="step -> seconds, in order")]
Texts = Annotated[list[str], Meta(description="sentences for people")]


def one_of(words: Iterable[str]) -> Any:
    """A text that is one of these."""
    return Annotated[str, Meta(extra_json_schema={"enum": sorted(words)})]


class Warned(TypedDict, total=False):
    """What every answer may have besides."""

    warnings: Annotated[list[str], Meta(description="what of this shell was not passed on")]


class Error(TypedDict):
    """Every command, when it fails: exit code 2 or more."""

    error: str
    what: str
    where: str | None
    hint: str | None
    details: list[str]
    exit_code: Annotated[int, Meta(ge=2)]
