"""The embedded engine: py-rattler in a child process of ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import structs

from sealenv.engine import messages
from sealenv.engine.messages import (
    Completed,
    Event,
    Examined,
    Executable,
    Fetched,
    Fitted,
    Linked,
    LookedUp,
    Obtained,
    OnProgress,
    Request,
    Solved,
)
from sealenv.engine.process import EngineProcess
from sealenv.errors import CacheDamagedError, SealenvError
from sealenv.locks import Lock, LockedPackage
from sealenv.prefix.pending import clear_pending
from sealenv.spec.model import EnvironmentSpec, current_platform
from sealenv.store.archives import Store
from sealenv.store.distributions import Distribution, of_python
from sealenv.system.deleting import delete
from sealenv.urls import split_credentials

__all__ = ["Engine", "secrets_of"]


class Engine:
    """One engine process, started at once so that it loads while the parent reads its arguments.

    Args:
        store: where archives and caches lie.
        timeout: seconds of silence after which a server is given up.
    """

    name = "rattler"

    def __init__(self, store: Store, *, timeout: float = 30.0) -> None:
        self.store = store
        self.timeout = timeout
        self._secrets: dict[str, str] = {}
        self._offline = False
        self._process = EngineProcess()

    @property
    def version(self) -> str:
        """The version of py-rattler."""
        from importlib.metadata import version

        return version("py-rattler")

    def solve(
        self, spec: EnvironmentSpec, *, offline: bool, locked: Sequence[LockedPackage] = ()
    ) -> Solved:
        """Solve a spec to a lock; keep `locked` packages where the spec allows it."""
        self._secrets = secrets_of(spec)
        event = self._call(
            messages.Solve(
                specs=list(spec.packages),
                channels=list(spec.channels),
                secrets=dict(spec.secrets),
                platform=spec.platform,
                repodata_dir=str(self.store.repodata),
                exclude_newer=spec.exclude_newer,
                offline=offline,
                timeout=self.timeout,
                locked=list(locked),
            )
        )
        assert isinstance(event, Solved)
        return event

    def look_up(
        self, files: Mapping[str, Sequence[str]], secrets: Mapping[str, str], *, offline: bool
    ) -> dict[str, LockedPackage]:
        """Find what channels say of files.

        Args:
            files: channel -> `subdir/file name`.
            secrets: clean base URL -> the same URL with credentials.
            offline: read the cached index only.
        """
        event = self._call(
            messages.LookUp(
                files={channel: list(names) for channel, names in files.items()},
                secrets=dict(secrets),
                platform=current_platform(),
                repodata_dir=str(self.store.repodata),
                offline=offline,
                timeout=self.timeout,
            )
        )
        assert isinstance(event, LookedUp)
        return event.packages

    def complete(self, lock: Lock) -> Lock:
        """Fill in the records of a lock whose format keeps less, from archives in the store."""
        if all("build_number" in p.record for p in lock.packages):
            return lock
        event = self._call(messages.Complete(lock=lock, store=str(self.store.root)))
        assert isinstance(event, Completed)
        return event.lock

    def accept(self, spec: EnvironmentSpec, lock: Lock, *, offline: bool) -> list[str]:
        """Take a lock that was not solved just now; return what this machine lacks for it."""
        self._secrets = secrets_of(spec)
        if lock.platform != current_platform():
            return []
        event = self._call(messages.Fit(lock=lock))
        assert isinstance(event, Fitted)
        return event.lacking

    def fetch(self, lock: Lock, on_progress: OnProgress, *, offline: bool) -> Fetched:
        """Fetch every archive and wheel of the lock into the store, verified."""
        return self._bring(lock, on_progress, offline=offline)

    def fetch_some(
        self, lock: Lock, on_progress: OnProgress, *, offline: bool
    ) -> dict[str, SealenvError]:
        """Fetch what can be had; return sha256 -> error for the rest."""
        fetched = self._bring(lock, on_progress, offline=offline, partly=True)
        return {sha256: messages.revive(why) for sha256, why in fetched.failed.items()}

    def distributions(
        self, lock: Lock, on_progress: OnProgress, *, offline: bool
    ) -> list[Distribution]:
        """List the Python distributions that the packages bring; fetches their archives."""
        packages = of_python(lock.packages)
        self._bring(
            structs.replace(lock, packages=packages, wheels=()), on_progress, offline=offline
        )
        event = self._call(messages.Examine(packages=list(packages), store=str(self.store.root)))
        assert isinstance(event, Examined)
        return event.distributions

    def read_archives(self, lock: Lock) -> None:
        """Read what archives in the store hold, as after a fetch.

        Raises:
            LinkError: one is damaged, hostile, or another package than the lock says.
        """
        self._bring(lock, lambda event: None, offline=True)

    def _bring(
        self, lock: Lock, on_progress: OnProgress, *, offline: bool, partly: bool = False
    ) -> Fetched:
        self._offline = offline
        event = self._call(
            messages.Fetch(
                lock=lock,
                store=str(self.store.root),
                secrets=self._secrets,
                offline=offline,
                partly=partly,
                timeout=self.timeout,
            ),
            on_progress,
        )
        assert isinstance(event, Fetched)
        return event

    def obtain(
        self,
        platform: str,
        on_progress: OnProgress,
        *,
        package: LockedPackage | None = None,
        url: str | None = None,
        path: str | None = None,
        sha256: str | None = None,
        offline: bool,
    ) -> Executable:
        """A micromamba for a platform in the store, checked: from one of package, url or path.

        Raises:
            DigestError, EngineError, FetchError: see `engines.executable.obtain`.
        """
        event = self._call(
            messages.Obtain(
                store=str(self.store.root),
                platform=platform,
                package=package,
                url=url,
                path=path,
                sha256=sha256,
                offline=offline,
                timeout=self.timeout,
            ),
            on_progress,
        )
        assert isinstance(event, Obtained)
        return event.executable

    def index(self, channel: Path, subdirs: Sequence[str]) -> None:
        """The compressed and sharded repodata of a channel folder whose repodata.json is written.

        Raises:
            EngineError: an archive in the folder cannot be read.
        """
        self._call(messages.Index(channel=str(channel), subdirs=list(subdirs)))

    def join(self, prefix: Path) -> None:
        """Hold the lock of a pending prefix while this engine lives."""
        self._call(messages.Join(prefix=str(prefix)))

    def link(self, lock: Lock, prefix: Path, on_progress: OnProgress) -> None:
        """Link the packages into the prefix. A damaged cache entry is made again, once."""
        request = messages.Link(lock=lock, prefix=str(prefix), store=str(self.store.root))

        def undo() -> None:
            clear_pending(prefix)

        self._link(request, undo, on_progress, join=prefix)

    def link_aside(self, lock: Lock, prefix: Path, folder: Path) -> None:
        """Link the packages into another folder, with the bytes that they would have in the prefix.

        Noarch python packages are linked for the python of the lock: it has to be in it.
        """
        request = messages.Link(
            lock=lock, prefix=str(prefix), store=str(self.store.root), folder=str(folder)
        )

        def undo() -> None:
            if folder.exists():
                delete(folder)

        self._link(request, undo, lambda event: None)

    def _link(
        self,
        request: messages.Link,
        undo: Callable[[], None],
        on_progress: OnProgress,
        *,
        join: Path | None = None,
    ) -> None:
        try:
            event = self._call(request, on_progress)
        except CacheDamagedError:
            # py-rattler's tasks go on writing for a while after an error: only a new process is sure.
            self.close()
            undo()
            self._process = EngineProcess()
            if join is not None:
                self.join(join)
            self.fetch(request.lock, on_progress, offline=self._offline)
            request.verify_all = True
            event = self._call(request, on_progress)
        assert isinstance(event, Linked)

    def alive(self) -> bool:
        """Return whether the process still runs, and holds its locks."""
        return self._process.alive()

    def close(self) -> None:
        """End the process: it leaves as soon as its stdin closes."""
        self._process.close()

    def _call(self, request: Request, on_progress: OnProgress | None = None) -> Event:
        return self._process.call(request, on_progress)


def secrets_of(spec: EnvironmentSpec) -> dict[str, str]:
    """Of channels and indexes; of an index for its whole host, in other folders of which files may lie.

    pip gives them to the whole host as well.
    """
    roots = {}
    for secret in spec.index_secrets.values():
        parts = urlsplit(secret)
        token = re.match(r"/t/[^/]+", parts.path)
        root = f"{parts.scheme}://{parts.netloc}{token[0] if token else ''}"
        roots[split_credentials(root).clean.rstrip("/")] = root
    return {**spec.secrets, **{k: v for k, v in roots.items() if k not in spec.secrets}}
