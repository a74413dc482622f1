"""What a format of `export` is: a function from a `Request` to the text."""

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
        platform: which one of a lock; None where it was not said.
        from_history: what was asked for instead of what is installed.
        name: how a script calls the environment by default.
        micromamba: the release that a script uses.
        digests: of its executable: HEX, or SUBDIR=HEX.
        store: what is in it tells a script which paths several packages of a lock ship.
        warn: is told what is not in the export.
        complete: fills in what a lock does not say of its packages, from their archives.
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
        """The lock of the platform that was chosen: for formats that hold one.

        Raises:
            UsageError: there are several, none was named, and none is this machine's.
            SpecError: the one that was named is not there.
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
        """Every platform, or the one that was named: for formats that hold many.

        Raises:
            SpecError: the one that was named is not there.
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
