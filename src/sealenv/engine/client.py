"""The engine as its parent uses it: py-rattler in a child process that never outlives us."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from sealenv import locations
from sealenv.engine import boot, messages
from sealenv.engine.messages import Access, Event
from sealenv.errors import (
    CacheDamagedError,
    EngineError,
    FetchError,
    SealenvError,
    SolveError,
    UsageError,
)
from sealenv.locks import Lock, LockedPackage
from sealenv.progress import QUIET, Reporter
from sealenv.pypi.machine import Distribution
from sealenv.spec.matchspec import package_name
from sealenv.spec.model import EnvironmentSpec, current_platform
from sealenv.store.archives import Store
from sealenv.urls import redact, split_credentials

A = TypeVar("A")
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_MICROMAMBA = "micromamba >=2.1.0,!=2.6.*"
"""2.1 checks the sha256 in an explicit list; 2.6 does not find archives in its own cache when it is
offline (mamba #4250), and its paths are too long for Windows (#4275)."""


class Engine:
    """The engine: it solves, fetches and links, and gives up a server that is silent for `timeout` s."""

    name = "rattler"

    def __init__(self, store: Store, *, timeout: float = 30.0) -> None:
        self.store = store
        self.timeout = timeout
        self._secrets: dict[str, str] = {}
        self._offline = False
        self._process = _Process()

    @property
    def version(self) -> str:
        """The version of py-rattler."""
        from importlib.metadata import version

        return version("py-rattler")

    def solve(
        self, spec: EnvironmentSpec, *, offline: bool, locked: Sequence[LockedPackage] = ()
    ) -> Lock:
        """Solve a spec to a lock; keep `locked` packages where the spec allows it."""
        self._secrets = _secrets_of(spec)
        return self._call(
            "solve",
            Lock,
            specs=spec.packages,
            channels=spec.channels,
            platform=spec.platform,
            access=self._access(spec.secrets, offline=offline),
            exclude_newer=spec.exclude_newer,
            locked=locked,
            machine=spec.machine,
            virtual_packages=spec.virtual_packages,
        )

    def look_up(
        self, files: Mapping[str, Sequence[str]], secrets: Mapping[str, str], *, offline: bool
    ) -> dict[str, LockedPackage]:
        """Find the records of files (channel -> `subdir/file name`) in indexes; return them by URL."""
        access = self._access(secrets, offline=offline)
        return self._call("look_up", dict[str, LockedPackage], files=files, access=access)

    def complete(self, lock: Lock) -> Lock:
        """Fill in short records from the archives, which are in the store."""
        if all("build_number" in p.record for p in lock.packages):
            return lock
        return self._call("complete", Lock, lock=lock, store_root=str(self.store.root))

    def accept(self, spec: EnvironmentSpec, lock: Lock) -> list[str]:
        """Use an existing lock; return the requirements that this machine does not meet."""
        self._secrets = _secrets_of(spec)
        if lock.platform != current_platform():
            return []
        return self._call(
            "fit",
            list[str],
            lock=lock,
            machine=spec.machine,
            virtual_packages=spec.virtual_packages,
        )

    def virtual_packages(self) -> list[str]:
        """Return the virtual packages of this machine, as `NAME=VERSION=BUILD`."""
        return self._call("detect", list[str])

    def fetch(
        self, lock: Lock, reporter: Reporter = QUIET, *, offline: bool, partly: bool = False
    ) -> dict[str, SealenvError]:
        """Fetch every archive and wheel of the lock into the store, verified.

        Returns:
            With `partly`, sha256 -> the error for those that failed; otherwise nothing.
        """
        self._offline = offline
        access = self._access(self._secrets, offline=offline)
        form = dict[str, messages.Failed]
        failed = self._call("fetch", form, reporter, lock=lock, access=access, partly=partly)
        return {sha256: messages.revive(why) for sha256, why in failed.items()}

    def fetch_again(self, locks: Sequence[Lock], reporter: Reporter, *, offline: bool) -> None:
        """Hash every archive of the locks, and fetch those that are damaged or missing."""
        for lock in locks:
            for archive in lock.archives:
                self.store.verify(archive)
            self.fetch(lock, reporter, offline=offline)

    def distributions(self, lock: Lock, reporter: Reporter, *, offline: bool) -> list[Distribution]:
        """List the Python distributions in the packages; their archives are fetched."""
        packages = _of_python(lock.packages)
        self.fetch(structs.replace(lock, packages=packages, wheels=()), reporter, offline=offline)
        root = str(self.store.root)
        return self._call("distributions", list[Distribution], packages=packages, store_root=root)

    def micromamba_of(self, package: LockedPackage, platform: str) -> Path:
        """Take the executable out of a package in the store, and return its path there."""
        root = str(self.store.root)
        return Path(
            self._call("micromamba", str, package=package, platform=platform, store_root=root)
        )

    def index(self, channel: Path, subdirs: Sequence[str]) -> None:
        """Write the compressed and sharded indexes of a channel folder with a repodata.json."""
        self._call("index", None, channel=str(channel), subdirs=subdirs)

    def link(
        self,
        lock: Lock,
        prefix: Path,
        reporter: Reporter = QUIET,
        *,
        empty: Callable[[], object],
        aside: Path | None = None,
    ) -> None:
        """Link the packages into the prefix; repair damaged cache entries once.

        The engine shares the lock of the prefix from then on, while it lives.

        Args:
            lock: the packages. Noarch python packages need the python of the lock.
            prefix: a pending prefix.
            reporter: is shown the progress.
            empty: removes what was linked, before it is linked again.
            aside: a folder that gets the files instead, with the bytes they have in the prefix.
        """

        def attempt(*, verify_all: bool) -> None:
            self._call(
                "link",
                None,
                reporter,
                lock=lock,
                prefix=str(prefix),
                store_root=str(self.store.root),
                aside=str(aside) if aside else None,
                verify_all=verify_all,
            )

        try:
            attempt(verify_all=False)
        except CacheDamagedError:
            # py-rattler's tasks continue to write for a while after an error: use a new process.
            self.close()
            empty()
            self._process = _Process()
            self.fetch(lock, reporter, offline=self._offline)
            attempt(verify_all=True)

    def alive(self) -> bool:
        """Return whether the process still runs, and holds its locks."""
        return self._process.alive()

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _access(self, secrets: Mapping[str, str], *, offline: bool) -> Access:
        return Access(
            store=str(self.store.root),
            secrets=dict(secrets),
            offline=offline,
            timeout=self.timeout,
        )

    def _call(
        self, name: str, form: type[A] | None, reporter: Reporter = QUIET, **arguments: Any
    ) -> A:
        return self._process.call(messages.Request(name, arguments), form, reporter)


class _Process:
    """One child process; it ends when its stdin closes."""

    def __init__(self) -> None:
        self._process = boot.start()
        self._complaints: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, daemon=True, name="engine-stderr")
        self._listener.start()

    def call(self, request: messages.Request, form: type[A] | None, reporter: Reporter) -> A:
        """Send a request, report its progress, and return the answer, which has that form.

        Raises:
            SealenvError: the engine's error.
            EngineError: the engine died.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(messages.encode(request))
            process.stdin.flush()
        except OSError:
            raise self._died() from None
        while line := process.stdout.readline():
            event = _events.decode(line)
            if isinstance(event, messages.Progress):
                reporter.advance(event.done, event.total, event.unit, event.item)
            elif isinstance(event, messages.Failed):
                raise messages.revive(event)
            else:
                return cast("A", msgspec.json.decode(event.value, type=form))
        raise self._died()

    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        process = self._process
        with contextlib.suppress(OSError):
            if process.stdin:
                process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listener.join(1)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints = [*self._complaints[-20:], line]

    def _died(self) -> EngineError:
        code: Any = self._process.wait()
        if code < 0:
            with contextlib.suppress(ValueError):
                code = f"signal {signal.Signals(-code).name}"
        self._listener.join(1)
        said = redact(b"".join(self._complaints).decode(errors="replace")).strip()
        return EngineError(
            f"the engine ended unexpectedly ({code})",
            details=said.splitlines()[-5:],
            hint="run the same command again; nothing was lost",
        )


@contextlib.contextmanager
def started() -> Iterator[tuple[Store, Engine]]:
    """Yield this machine's store, not yet in use, and an engine that is closed at the end.

    Raises:
        UsageError: SEALENV_TIMEOUT is not a number.
    """
    store = Store(Path(locations.cache_root()))
    engine = Engine(store, timeout=_parse_timeout())
    try:
        yield store, engine
    finally:
        engine.close()


def _parse_timeout() -> float:
    """Read SEALENV_TIMEOUT: seconds of silence after which a request fails (default 30)."""
    text = os.environ.get("SEALENV_TIMEOUT", "30")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise UsageError(f"SEALENV_TIMEOUT={text!r} is not a number of seconds", hint="write 30")
    return seconds


def _secrets_of(spec: EnvironmentSpec) -> dict[str, str]:
    """Return the credentials of channels and indexes by clean URL.

    An index's credentials apply to its whole host, as in pip: files can be in other folders.
    """
    roots = {}
    for secret in spec.index_secrets.values():
        parts = urlsplit(secret)
        token = re.match(r"/t/[^/]+", parts.path)
        root = f"{parts.scheme}://{parts.netloc}{token[0] if token else ''}"
        roots[split_credentials(root).clean.rstrip("/")] = root
    return {**spec.secrets, **{k: v for k, v in roots.items() if k not in spec.secrets}}


def _of_python(packages: Sequence[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Return the packages that need python, also through others: only their archives are read."""
    needs = {
        p.name: {package_name(str(d)) for d in p.record.get("depends", ()) if d} for p in packages
    }
    found = {"python", "python_abi"}
    while more := {name for name, of in needs.items() if of & found} - found:
        found |= more
    return tuple(
        p for p in packages if p.name != "python" and (p.is_noarch_python or p.name in found)
    )


def micromamba_for(
    engine: Engine, lock: Lock, reporter: Reporter, *, offline: bool
) -> tuple[LockedPackage, Path] | None:
    """Fetch the newest micromamba from the channels of a lock; None if they have none.

    Returns:
        The package, and the executable in the store.

    Raises:
        EngineError: the package contains no executable.
        FetchError: the package cannot be downloaded.
    """
    spec = EnvironmentSpec(packages=(_MICROMAMBA,), channels=lock.channels, platform=lock.platform)
    try:
        package = engine.solve(spec, offline=offline).find("micromamba")
    except (SolveError, FetchError):
        return None
    assert package is not None
    own = Lock(platform=lock.platform, channels=lock.channels, packages=(package,))
    engine.fetch(own, reporter, offline=offline)
    return package, engine.micromamba_of(package, lock.platform)
