"""A format of `export`: a function from a `Request` to the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sealenv.errors import UsageError
from sealenv.locks import Lock, LockFile
from sealenv.request.subject import Subject
from sealenv.spec.model import check_platform
from sealenv.store.archives import Store

__all__ = ["Format", "Request"]


@dataclass(frozen=True)
class Request:
    """What to export.

    Attributes:
        subject: the environment or lock.
        platform: one platform of a lock, if given.
        from_history: write the requested specs instead of the installed packages.
        name: the default name of the environment in a script.
        micromamba: the release that a script uses.
        digests: of its executable: HEX, or SUBDIR=HEX.
        store: the archives in which a script looks for paths that several packages ship.
        warn: receives a sentence about each thing that the export lacks.
        complete: adds missing fields of a lock from the archives of its packages.
    """

    subject: Subject
    platform: str | None = None
    from_history: bool = False
    name: str | None = None
    micromamba: str | None = None
    digests: Sequence[str] = ()
    store: Store | None = None
    warn: Callable[[str], None] = lambda note: None
    complete: Callable[[LockFile], LockFile] = lambda file: file

    def one(self) -> Lock:
        """Return the lock of the chosen platform, for formats that hold one.

        Raises:
            UsageError: the lock has several platforms, and the choice is not clear.
            SpecError: the chosen platform is not in the lock.
        """
        file = self.subject.file
        if self.platform is None and len(file.locks) == 1:
            return file.locks[0]
        here = check_platform(self.platform)
        if self.platform is None and here not in file.platforms:
            raise UsageError(
                f"it is locked for {', '.join(file.platforms)}, and the format holds one platform",
                hint="choose one with --platform",
            )
        return file.lock_for(here, self.subject.source)

    def several(self) -> LockFile:
        """Return every platform or the chosen one, for formats that hold several.

        Raises:
            SpecError: the chosen platform is not in the lock.
        """
        return self.subject.only([check_platform(self.platform)] if self.platform else []).file


@dataclass(frozen=True)
class Format:
    """A format that can be written.

    Attributes:
        describe: one line for `--help`.
        write: the text for a request.
        mode: the file's permissions, before the umask.
    """

    describe: str
    write: Callable[[Request], str]
    mode: int = 0o666
