"""What engine and parent say to each other: one JSON object a line, requests down, events up.

The engine is a child process (../docs/explanation/architecture.md): the parent survives any crash
of it, and it ends as soon as the pipe from the parent closes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sealenv import errors
from sealenv.locks import Lock, LockedPackage
from sealenv.store.distributions import Distribution

__all__ = [
    "Complete",
    "Completed",
    "Done",
    "End",
    "Event",
    "Examine",
    "Examined",
    "Executable",
    "Failed",
    "Fetch",
    "Fetched",
    "Fit",
    "Fitted",
    "Index",
    "Join",
    "Link",
    "Linked",
    "LookUp",
    "LookedUp",
    "Obtain",
    "Obtained",
    "OnProgress",
    "Progress",
    "Request",
    "Solve",
    "Solved",
    "decode_event",
    "decode_request",
    "encode",
    "failure",
    "revive",
]


class Solve(msgspec.Struct, tag="solve", kw_only=True):
    """Find the packages that satisfy the specs."""

    specs: list[str]
    channels: list[str]
    secrets: dict[str, str]
    platform: str
    repodata_dir: str
    exclude_newer: str | None = None
    offline: bool = False
    timeout: float = 30.0
    locked: list[LockedPackage] = []
    """What is kept as it is, unless something asked for cannot be had with it."""


class LookUp(msgspec.Struct, tag="look-up", kw_only=True):
    """Find the records of files: channel -> `subdir/file name`."""

    files: dict[str, list[str]]
    secrets: dict[str, str]
    platform: str
    repodata_dir: str
    offline: bool = False
    timeout: float = 30.0


class Complete(msgspec.Struct, tag="complete", kw_only=True):
    """Complete the records that say little with what the archives in the store say."""

    lock: Lock
    store: str


class Fit(msgspec.Struct, tag="fit", kw_only=True):
    """Compare what the packages ask of the machine with this machine."""

    lock: Lock


class Fetch(msgspec.Struct, tag="fetch", kw_only=True):
    """Bring every archive and wheel of the lock into the store, verified.

    With `partly` the answer tells what could not be had, and the rest is there.
    """

    lock: Lock
    store: str
    secrets: dict[str, str]
    offline: bool = False
    partly: bool = False
    timeout: float = 30.0


class Examine(msgspec.Struct, tag="examine", kw_only=True):
    """Say which Python distributions the packages bring; their archives are in the store."""

    packages: list[LockedPackage]
    store: str


class Join(msgspec.Struct, tag="join", kw_only=True):
    """Hold the prefix's lock together with the parent, until this process ends."""

    prefix: str


class Link(msgspec.Struct, tag="link", kw_only=True):
    """Link the packages into the prefix.

    `verify_all` hashes every archive first, so that damaged cache entries can be made anew. With
    `folder` the files are written there, as they would be in the prefix.
    """

    lock: Lock
    prefix: str
    store: str
    verify_all: bool = False
    folder: str | None = None


class Executable(msgspec.Struct, frozen=True, kw_only=True):
    """A micromamba in the store: checked, and known to run here."""

    path: str
    sha256: str
    version: str
    origin: str
    """The URL of its package or release, or the path of the file."""


class Obtain(msgspec.Struct, tag="obtain", kw_only=True):
    """Bring a micromamba into the store, checked: from one of package, url or path."""

    store: str
    platform: str
    package: LockedPackage | None = None
    """A package whose archive is in the store and verified."""
    url: str | None = None
    path: str | None = None
    sha256: str | None = None
    """The digest that it must have."""
    offline: bool = False
    timeout: float = 30.0


class Index(msgspec.Struct, tag="index", kw_only=True):
    """Write what goes with repodata.json in a channel folder: compressed, and sharded (CEP 16)."""

    channel: str
    subdirs: list[str]


class End(msgspec.Struct, tag="end"):
    """Leave in good order."""


Request = Solve | LookUp | Complete | Fit | Fetch | Examine | Join | Link | Obtain | Index | End


class Progress(msgspec.Struct, tag="progress", kw_only=True):
    """How far a phase is, in bytes or packages."""

    phase: str
    done: int
    total: int
    item: str = ""


class Solved(msgspec.Struct, tag="solved", kw_only=True):
    """The answer to Solve; `warnings` are for the user."""

    lock: Lock
    warnings: list[str] = []


class LookedUp(msgspec.Struct, tag="looked-up", kw_only=True):
    """The answer to LookUp: what was found, by channel and `subdir/file name` as one text."""

    packages: dict[str, LockedPackage]


class Completed(msgspec.Struct, tag="completed", kw_only=True):
    """The answer to Complete."""

    lock: Lock


class Fitted(msgspec.Struct, tag="fitted", kw_only=True):
    """The answer to Fit: what this machine lacks, in words."""

    lacking: list[str]


class Examined(msgspec.Struct, tag="examined", kw_only=True):
    """The answer to Examine."""

    distributions: list[Distribution]


class Linked(msgspec.Struct, tag="linked", kw_only=True):
    """The answer to Link."""

    packages: int


class Obtained(msgspec.Struct, tag="obtained", kw_only=True):
    """The answer to Obtain."""

    executable: Executable


class Done(msgspec.Struct, tag="done"):
    """The answer to Join and End."""


class Failed(msgspec.Struct, tag="failed", kw_only=True):
    """An error of ours, taken apart."""

    code: str
    what: str
    where: str | None = None
    hint: str | None = None
    details: list[str] = []


class Fetched(msgspec.Struct, tag="fetched", kw_only=True):
    """The answer to Fetch, in bytes and archives."""

    downloaded: int
    packages: int
    failed: dict[str, Failed] = {}
    """sha256 -> why it could not be had; nothing unless asked for `partly`."""


Event = (
    Progress
    | Solved
    | LookedUp
    | Completed
    | Fitted
    | Fetched
    | Examined
    | Linked
    | Obtained
    | Done
    | Failed
)

OnProgress = Callable[[Progress], None]

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Request)
_events: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)
_CLASSES = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, errors.SealenvError)
}


def encode(message: Request | Event) -> bytes:
    """One line."""
    return _encoder.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """A request from a line; raises msgspec.DecodeError."""
    request: Request = _requests.decode(line)
    return request


def decode_event(line: bytes) -> Event:
    """An event from a line; raises msgspec.DecodeError."""
    event: Event = _events.decode(line)
    return event


def failure(error: errors.SealenvError) -> Failed:
    """The message for an error."""
    return Failed(
        code=error.code,
        what=error.what,
        where=error.where,
        hint=error.hint,
        details=list(error.details),
    )


def revive(message: Failed) -> errors.SealenvError:
    """The error of a message; an unknown code becomes an EngineError."""
    cls = _CLASSES.get(message.code, errors.EngineError)
    return cls(message.what, where=message.where, hint=message.hint, details=message.details)
