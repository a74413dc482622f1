"""The formats of exact packages, each for the tool that reads it."""

from __future__ import annotations

from sealenv._version import __version__
from sealenv.errors import SpecError
from sealenv.exports.request import Request
from sealenv.locks import Lock, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi

__all__ = ["condalock", "explicit", "pixi"]


def pixi(request: Request) -> str:
    """rattler-lock 7."""
    file = request.several()
    _warn_of_channels(file, request)
    # What is noarch decides how pixi links it: nothing is guessed.
    return write_pixi(_with("build_number", file, request))


def condalock(request: Request) -> str:
    """conda-lock.yml (CEP 37)."""
    file = request.several()
    for lock in file.locks:
        _refuse_elsewhere(lock)
    _warn_of_channels(file, request)
    # A list says nothing of dependencies, and a lock made from it would not either.
    return write_condalock(_with("depends", file, request))


def explicit(request: Request) -> str:
    """An `@EXPLICIT` list (CEP 23)."""
    lock = request.one()
    if lock.wheels:
        raise SpecError(
            "wheels have no place in an @EXPLICIT list (CEP 23)",
            details=[f"{w.name} {w.version}" for w in lock.wheels[:10]],
            hint="use --format pixi or conda-lock",
        )
    _refuse_elsewhere(lock)
    return write_explicit(lock, [f"made by sealenv {__version__}"])


def _refuse_elsewhere(lock: Lock) -> None:
    """A channel may have archives anywhere (`base_url`, CEP 15); here the address says the subdir."""
    elsewhere = [p for p in lock.packages if folder_name(p.url) != p.subdir]
    if elsewhere:
        raise SpecError(
            "what a package is for is told by the folder of its address here, and not all lie in one "
            "that is called so",
            details=[f"{p.url} is for {p.subdir}" for p in elsewhere[:10]],
            hint="use --format pixi, or mirror the packages and lock from the mirror",
        )


def _warn_of_channels(file: LockFile, request: Request) -> None:
    if file.channels_apart:
        request.warn(
            "the order of channels is not the same for every platform, and the format has one list: "
            f"other tools take {', '.join(file.channels)} for all"
        )


def _with(key: str, file: LockFile, request: Request) -> LockFile:
    """The locks, with what their packages' archives say where a record lacks that."""
    if any(key not in p.record for lock in file.locks for p in lock.packages):
        return request.complete(file)
    return file
