"""What create asks of an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sealenv.engines.messages import Executable, Fetched, Progress, Solved
from sealenv.errors import SealenvError
from sealenv.locks import Lock, LockedPackage
from sealenv.spec import EnvironmentSpec
from sealenv.store.archives import Store
from sealenv.store.distributions import Distribution

__all__ = ["Engine", "OnProgress"]

OnProgress = Callable[[Progress], None]


class Engine(Protocol):
    """Solves, fetches and links. It holds the prefix's lock while it lives."""

    store: Store
    """Where archives lie."""
    timeout: float
    """Seconds of silence after which a server is given up."""

    @property
    def name(self) -> str:
        """`rattler` or `micromamba`."""

    @property
    def version(self) -> str:
        """The version of what links."""

    @property
    def executable(self) -> Executable | None:
        """The program that links, where it is none of ours."""

    def solve(
        self, spec: EnvironmentSpec, *, offline: bool, locked: Sequence[LockedPackage] = ()
    ) -> Solved:
        """The lock for a spec; `locked` is kept where what is asked for can be had with it."""

    def look_up(
        self, files: Mapping[str, Sequence[str]], secrets: Mapping[str, str], *, offline: bool
    ) -> dict[str, LockedPackage]:
        """What channels say of files: channel -> `subdir/file name`; the keys of both as one text."""

    def complete(self, lock: Lock) -> Lock:
        """The lock with full records, where its format keeps less: from archives in the store."""

    def accept(self, spec: EnvironmentSpec, lock: Lock, *, offline: bool) -> list[str]:
        """Take a lock that was not solved just now: what it asks of a machine and this one has not."""

    def fetch(self, lock: Lock, on_progress: OnProgress, *, offline: bool) -> Fetched:
        """Every archive and wheel of the lock in the store, verified."""

    def fetch_some(
        self, lock: Lock, on_progress: OnProgress, *, offline: bool
    ) -> dict[str, SealenvError]:
        """The same of what can be had: by sha256, why the rest cannot."""

    def distributions(
        self, lock: Lock, on_progress: OnProgress, *, offline: bool
    ) -> list[Distribution]:
        """What pip would find installed; the archives that say it are fetched."""

    def join(self, prefix: Path) -> None:
        """Hold the lock of a pending prefix."""

    def link(self, lock: Lock, prefix: Path, on_progress: OnProgress) -> None:
        """The packages as files of the prefix."""

    def link_aside(self, lock: Lock, prefix: Path, folder: Path) -> None:
        """The packages as files of another folder, with the bytes that they would have in the prefix."""

    def alive(self) -> bool:
        """Whether the engine still holds what it holds."""

    def close(self) -> None:
        """Let go of everything."""
