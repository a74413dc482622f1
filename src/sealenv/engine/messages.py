"""The messages between the engine and its parent: one JSON object a line, requests down, events up."""

from __future__ import annotations

from typing import Any

import msgspec

from sealenv import errors


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The store, and how to use the network.

    Attributes:
        store: the root of the store.
        secrets: clean base URL -> the same URL with credentials.
        offline: whether the network must not be used.
        timeout: seconds of silence after which a server is given up.
    """

    store: str
    secrets: dict[str, str] = {}
    offline: bool = False
    timeout: float = 30.0


class Request(msgspec.Struct):
    """A call of one of the functions in `worker.py`, by name."""

    name: str
    arguments: dict[str, Any]


class Progress(msgspec.Struct, tag="progress", kw_only=True):
    """The progress of a request; `unit` is `bytes` or `packages`."""

    done: int
    total: int
    unit: str
    item: str = ""


class Answer(msgspec.Struct, tag="answer", kw_only=True):
    """What the function returned, encoded."""

    value: msgspec.Raw


class Failed(msgspec.Struct, tag="failed", kw_only=True):
    """The fields of a `SealenvError`."""

    code: str
    what: str
    where: str | None = None
    hint: str | None = None
    details: list[str] = []


Event = Progress | Answer | Failed

_CLASSES = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, errors.SealenvError)
}


def encode(message: Request | Event) -> bytes:
    """Encode a message as one line."""
    return msgspec.json.encode(message) + b"\n"


def failure(error: errors.SealenvError) -> Failed:
    """Return the message for an error."""
    return Failed(
        code=error.code,
        what=error.what,
        where=error.where,
        hint=error.hint,
        details=list(error.details),
    )


def revive(message: Failed) -> errors.SealenvError:
    """Return the error of a message; an unknown code becomes an EngineError."""
    cls = _CLASSES.get(message.code, errors.EngineError)
    return cls(message.what, where=message.where, hint=message.hint, details=message.details)
