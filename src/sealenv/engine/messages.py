"""The messages between the engine and its parent: one JSON object a line, requests down, events up."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, get_args

import msgspec

from sealenv import errors
from sealenv.locks import Lock, LockedPackage
from sealenv.store.distributions import Distribution

__all__ = [
    "Access",
    "Answer",
    "Complete",
    "Detect",
    "Event",
    "Examine",
    "Failed",
    "Fetch",
    "Fit",
    "Index",
    "Join",
    "Link",
    "LookUp",
    "Obtain",
    "Progress",
    "Request",
    "Solve",
    "answer_type",
    "decode_request",
    "encode",
    "failure",
    "revive",
]

A = TypeVar("A")


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


class Ask(msgspec.Struct, Generic[A], kw_only=True):
    """A request whose answer has the type `A`."""


class Failed(msgspec.Struct, tag="failed", kw_only=True):
    """The fields of a `SealenvError`."""

    code: str
    what: str
    where: str | None = None
    hint: str | None = None
    details: list[str] = []


class Solve(Ask[Lock], tag="solve"):
    """Find the packages that satisfy the specs.

    Packages in `locked` are kept unless the specs require others. `machine` has all virtual packages of
    the target; default: the detected or usual ones. `virtual_packages` replace some of them.
    """

    specs: list[str]
    channels: list[str]
    platform: str
    access: Access
    exclude_newer: str | None = None
    locked: list[LockedPackage] = []
    machine: tuple[str, ...] | None = None
    virtual_packages: tuple[str, ...] = ()


class LookUp(Ask[dict[str, LockedPackage]], tag="look-up"):
    """Find the records of files: channel -> `subdir/file name`; the answer's keys are URLs."""

    files: dict[str, list[str]]
    access: Access


class Complete(Ask[Lock], tag="complete"):
    """Fill in short records from the archives in the store."""

    lock: Lock
    store: str


class Fit(Ask[list[str]], tag="fit"):
    """List the requirements of the packages that this machine does not meet; see `Solve`."""

    lock: Lock
    machine: tuple[str, ...] | None = None
    virtual_packages: tuple[str, ...] = ()


class Detect(Ask[list[str]], tag="detect"):
    """List the virtual packages of this machine."""


class Fetch(Ask[dict[str, Failed]], tag="fetch"):
    """Bring every archive and wheel of the lock into the store, verified.

    With `partly` the answer has the failures by sha256; otherwise the first failure is raised.
    """

    lock: Lock
    access: Access
    partly: bool = False


class Examine(Ask[list[Distribution]], tag="examine"):
    """List the Python distributions in the packages, whose archives are in the store."""

    packages: list[LockedPackage]
    store: str


class Join(Ask[None], tag="join"):
    """Share the lock of the prefix until this process ends."""

    prefix: str


class Link(Ask[None], tag="link"):
    """Link the packages into the prefix, or with `aside` into that folder as if it were the prefix.

    With `verify_all` every package is unpacked again from its hashed archive.
    """

    lock: Lock
    prefix: str
    store: str
    verify_all: bool = False
    aside: str | None = None


class Obtain(Ask[str], tag="obtain"):
    """Take the executable out of a package of micromamba; the answer is its path in the store."""

    platform: str
    store: str
    package: LockedPackage


class Index(Ask[None], tag="index"):
    """Write the compressed and sharded indexes (CEP 16) of a channel folder."""

    channel: str
    subdirs: list[str]


Request = Solve | LookUp | Complete | Fit | Detect | Fetch | Examine | Join | Link | Obtain | Index


class Progress(msgspec.Struct, tag="progress", kw_only=True):
    """The progress of a request; `unit` is `bytes` or `packages`."""

    done: int
    total: int
    unit: str
    item: str = ""


class Answer(msgspec.Struct, tag="answer", kw_only=True):
    """The answer to a request, encoded."""

    value: msgspec.Raw


Event = Progress | Answer | Failed

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_CLASSES = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, errors.SealenvError)
}


def encode(message: Ask[Any] | Event) -> bytes:
    """Encode a message as one line."""
    return msgspec.json.encode(message) + b"\n"


def answer_type(request: Ask[A]) -> type[A]:
    """Return the type of the answer to a request."""
    found: type[A] = get_args(type(request).__orig_bases__[0])[0]  # type: ignore[attr-defined]
    return found


def decode_request(line: bytes) -> Request:
    """Decode a request."""
    return _requests.decode(line)


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
