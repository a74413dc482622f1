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
    """A request to export an environment or a lock.

    Attributes:
        subject: the environment or lock.
        platform: one platform of a lock; None if it was not given.
        from_history: export the requested specs instead of the installed packages.
        name: the default name of the environment in a script.
        micromamba: the release of micromamba for a script.
        digests: the sha256 of its executable: HEX, or SUBDIR=HEX.
        store: the cached archives, which show the paths that several packages contain.
        warn: called for everything that the export leaves out.
        complete: adds the fields that the lock lacks, from the archives of its packages.
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
        """Return the lock for the chosen platform, for formats with one platform.

        Raises:
            UsageError: the lock has several platforms, none was chosen, and none is this machine's.
            SpecError: the lock does not have the chosen platform.
        """
        file = self.subject.file
        if self.platform is None and len(file.locks) == 1:
            return file.locks[0]
        here = check_platform(self.platform)
        if self.platform is None and here not in file.platforms:
            raise UsageError(
                f"the lock has several platforms ({', '.join(file.platforms)}), and the format has one",
                hint="choose one with --platform",
            )
        return file.lock_for(here, self.subject.source)

    def several(self) -> LockFile:
        """Return every platform, or the chosen one, for formats with several platforms.

        Raises:
            SpecError: the lock does not have the chosen platform.
        """
        return self.subject.only([check_platform(self.platform)] if self.platform else []).file


@dataclass(frozen=True)
class Format:
    """A format of `export`.

    Attributes:
        describe: one line for `--help`.
        write: returns the text for a request.
        mode: the file's permissions, before the umask.
    """

    describe: str
    write: Callable[[Request], str]
    mode: int = 0o666
