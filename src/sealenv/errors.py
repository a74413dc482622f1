"""One tree of errors. Each says what happened, where, and what to do next.

The exit codes are part of the interface: docs/reference/exit-codes.md lists them, and a test keeps
the two in step. `run` and `shell` keep 125 to 127 for our own failures, as env(1) does, so that
every other code belongs to the user's command.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import ClassVar, TypedDict

__all__ = [
    "BundleError",
    "CacheBusyError",
    "CacheDamagedError",
    "ChangedSinceError",
    "ChannelError",
    "CheckFailedError",
    "DigestError",
    "DirtyShellError",
    "EngineError",
    "FetchError",
    "FilesystemError",
    "InterruptedCommandError",
    "InterruptedCreateError",
    "InterruptedMoveError",
    "LinkError",
    "LinkScriptError",
    "NotFoundError",
    "OfflineError",
    "OutputExistsError",
    "PostScriptError",
    "PrefixChangedError",
    "PrefixError",
    "PrefixExistsError",
    "PrefixLockedError",
    "PrefixPendingError",
    "RecordError",
    "SealenvError",
    "SolveError",
    "SpecError",
    "UsageError",
]


class ErrorJson(TypedDict):
    """What `--json` prints if a command fails: exit code 2 or more."""

    error: str
    what: str
    where: str | None
    hint: str | None
    details: list[str]
    exit_code: int


class SealenvError(Exception):
    """Anything that sealenv itself reports.

    Args:
        what: one sentence: what happened.
        where: the file, folder, URL or package it happened at.
        hint: what the user can do next.
        details: further lines, one finding each.
    """

    code: ClassVar[str] = "error"
    """Stable machine-readable name, the same in `--json`."""
    exit_code: ClassVar[int] = 9
    advice: ClassVar[str | None] = None
    """The hint of an error that brings none of its own."""

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        details: Sequence[str] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint or self.advice
        self.details = tuple(details)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  at: {self.where}")
        lines.extend(f"  - {detail}" for detail in self.details)
        if self.hint:
            lines.append(f"  next: {self.hint}")
        return "\n".join(lines)

    def to_json(self) -> ErrorJson:
        """Return the same content as a mapping (docs/reference/json.md)."""
        return {
            "error": self.code,
            "what": self.what,
            "where": self.where,
            "hint": self.hint,
            "details": list(self.details),
            "exit_code": self.exit_code,
        }


class UsageError(SealenvError):
    """The command line or an argument is invalid."""

    code = "usage"
    exit_code = 2
    advice = "see the command's --help"


class OutputExistsError(UsageError):
    """The output file exists and was not written by this command."""

    code = "output-exists"


class DirtyShellError(SealenvError):
    """The gate found an activated environment or a variable that redirects Python."""

    code = "dirty-shell"
    exit_code = 3


class SpecError(SealenvError):
    """The request is invalid: a MatchSpec, a name, a lock, environment.yml."""

    code = "spec"
    exit_code = 2
    advice = "correct it, then run the same command again"


class BundleError(SpecError):
    """A bundle does not match its format or its manifest."""

    code = "bundle"
    advice = "copy or download the file again"


class SolveError(SealenvError):
    """No set of packages satisfies the spec; the reason is in the details."""

    code = "solve"
    exit_code = 4
    advice = "loosen the specs, or add a channel with -c"


class FetchError(SealenvError):
    """A channel or an archive could not be read."""

    code = "fetch"
    exit_code = 5
    advice = "check the address and the network, then run the same command again"


class ChannelError(FetchError):
    """A channel does not exist, does not answer, or has no usable repodata."""

    code = "channel"


class OfflineError(FetchError):
    """`--offline` was given and something is not in the cache."""

    code = "offline"


class DigestError(FetchError):
    """Bytes do not match the sha256 or size in the record, or the record has none."""

    code = "digest"
    advice = "do not use it; report it to its publisher, or give the correct digest"


class EngineError(SealenvError):
    """The engine failed or died."""

    code = "engine"
    exit_code = 6
    advice = "run the same command again; if it persists, report it with the output of -v"


class LinkError(EngineError):
    """Packages could not be linked into the prefix."""

    code = "link"


class CacheDamagedError(EngineError):
    """An unpacked package in the cache does not match its paths.json."""

    code = "cache-damaged"
    advice = "run the same command again: it is downloaded again"


class LinkScriptError(EngineError):
    """A package's post-link script failed (CEP 34: it MUST run)."""

    code = "link-script"


class PrefixError(SealenvError):
    """The state of the prefix does not allow this."""

    code = "prefix"
    exit_code = 7
    advice = "sealenv info ENV shows its state"


class PrefixExistsError(PrefixError):
    """The target contains something that this command did not create."""

    code = "prefix-exists"


class PrefixLockedError(PrefixError):
    """Another process works on this prefix."""

    code = "prefix-locked"


class PrefixPendingError(PrefixError):
    """The prefix is unfinished: it has a marker."""

    code = "prefix-pending"


class PrefixChangedError(PrefixError):
    """The old environment changed after it was copied: both exist."""

    code = "prefix-changed"


class NotFoundError(PrefixError):
    """No environment has that name or path."""

    code = "not-found"


class RecordError(PrefixError):
    """A conda-meta record cannot be read."""

    code = "record"
    advice = "sealenv verify ENV shows more; sealenv repair ENV restores what it can"


class CheckFailedError(SealenvError):
    """The environment was created or moved, and does not work."""

    code = "check"
    exit_code = 8


class FilesystemError(SealenvError):
    """The file system is full, read-only, or refused access."""

    code = "filesystem"
    advice = "fix the permissions or free space, then run the same command again"


class ChangedSinceError(FilesystemError):
    """A file or a registry value is not what `doctor` saw or wrote; it is left alone."""

    code = "changed-since"
    advice = "look at its current content; nothing was changed"


class CacheBusyError(FilesystemError):
    """Another sealenv uses the package cache."""

    code = "cache-busy"


class PostScriptError(SealenvError):
    """The user's `--post` script failed; the environment is kept and sealed."""

    code = "post-script"
    exit_code = 10


class InterruptedCreateError(SealenvError):
    """Ctrl-C or SIGTERM during create; the prefix is pending."""

    code = "interrupted"
    exit_code = 130
    advice = "run the same command again"


class InterruptedCommandError(SealenvError):
    """Ctrl-C or SIGTERM during any other command; its output is complete or missing."""

    code = "interrupted-command"
    exit_code = 130
    advice = "run the same command again"


class InterruptedMoveError(SealenvError):
    """Ctrl-C or SIGTERM during move or clone; the message says where the environment is."""

    code = "interrupted-move"
    exit_code = 130


_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def from_oserror(error: OSError) -> FilesystemError:
    """Convert an error of the operating system."""
    if isinstance(error, IsADirectoryError):
        return FilesystemError(
            "a folder exists where a file must be written",
            where=_plain(error.filename2 or error.filename),  # a rename names what is replaced last
            hint="move it away, then run the same command again",
        )
    if isinstance(error, FileNotFoundError) and error.filename is None and os.name != "nt":
        return FilesystemError(
            "the current folder no longer exists",
            hint="change to another folder, or use an absolute path",
        )
    full = error.errno in _FULL
    return FilesystemError(
        "the disk is full" if full else f"{error.strerror or error}",
        where=_plain(error.filename),
        hint="free space, then run the same command again"
        if full
        else "check the folder and its permissions, then run the same command again",
    )


def unreadable(error: OSError, prefix: str | os.PathLike[str]) -> FilesystemError:
    """Convert an error of the operating system that prevents reading a prefix."""
    return FilesystemError(
        f"the environment cannot be read: {error.strerror or error}",
        where=_plain(error.filename) or os.fspath(prefix),
    )


def _plain(name: object) -> str | None:
    if isinstance(name, bytes):
        return os.fsdecode(name)
    return str(name) if name else None
