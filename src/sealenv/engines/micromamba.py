"""The engine of the documents: micromamba links, called once per environment, never initialised.

py-rattler solves and fetches as ever, so that both engines make an environment from the same lock and
the same verified archives; in the same process of ours micromamba is looked after while it links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sealenv.engines import messages
from sealenv.engines.messages import Executable, Fetched, Linked, Solved
from sealenv.engines.protocol import OnProgress
from sealenv.engines.rattler import RattlerEngine
from sealenv.engines.releases import WANTED, MicromambaSource, release_url
from sealenv.errors import CacheDamagedError, EngineError, FetchError, OfflineError, SolveError
from sealenv.locks import Lock, LockedPackage
from sealenv.pending import clear_pending
from sealenv.spec import EnvironmentSpec, current_platform
from sealenv.store.archives import Store

__all__ = ["MicromambaEngine"]


class MicromambaEngine(RattlerEngine):
    """micromamba behind the engine's process.

    Args:
        store: where archives, caches and the executable lie.
        source: where the executable comes from.
        timeout: seconds of silence after which a server is given up.
    """

    name = "micromamba"

    def __init__(self, store: Store, source: MicromambaSource, *, timeout: float = 30.0) -> None:
        super().__init__(store, timeout=timeout)
        self.source = source
        self._package: LockedPackage | None = None

    @property
    def version(self) -> str:
        """What micromamba says, or before it is there what is wanted; empty for a file."""
        if self.executable:
            return self.executable.version
        return self._package.version if self._package else self.source.version or ""

    def solve(
        self, spec: EnvironmentSpec, *, offline: bool, locked: Sequence[LockedPackage] = ()
    ) -> Solved:
        """See Engine. Besides, the channel's micromamba is chosen, where it is to come from there.

        Raises:
            EngineError: the environment is for another platform: micromamba links for its own.
        """
        self._refuse_foreign(spec)
        solved = super().solve(spec, offline=offline, locked=locked)
        self._choose_own(spec, offline=offline)
        return solved

    def accept(self, spec: EnvironmentSpec, lock: Lock, *, offline: bool) -> list[str]:
        """See Engine and `solve`."""
        self._refuse_foreign(spec)
        lacking = super().accept(spec, lock, offline=offline)
        self._choose_own(spec, offline=offline)
        return lacking

    def _choose_own(self, spec: EnvironmentSpec, *, offline: bool) -> None:
        if self.source.path is None and not self.source.is_release:
            self._package = self._choose(spec, offline=offline)

    def _refuse_foreign(self, spec: EnvironmentSpec) -> None:
        here = current_platform()
        if spec.platform != here:
            raise EngineError(
                f"micromamba links for the platform that it runs on, {here}",
                details=[f"asked for {spec.platform}"],
                hint="leave --engine micromamba out: the rattler engine links for any platform",
            )

    def fetch(self, lock: Lock, on_progress: OnProgress, *, offline: bool) -> Fetched:
        """See Engine. And micromamba is there, checked, before anything is written."""
        fetched = super().fetch(lock, on_progress, offline=offline)
        own = self._own_lock(lock)
        if own:
            super().fetch(own, on_progress, offline=offline)
        self.executable = self._obtain(on_progress, offline=offline)
        return fetched

    def link(self, lock: Lock, prefix: Path, on_progress: OnProgress) -> None:
        """See Engine. What is damaged in the cache is fetched anew, once."""
        assert self.executable is not None
        request = messages.Install(
            lock=lock,
            prefix=str(prefix),
            store=str(self.store.root),
            executable=self.executable,
        )
        try:
            event = self._call(request, on_progress)
        except CacheDamagedError:
            clear_pending(prefix)
            self.fetch(lock, on_progress, offline=self._offline)
            event = self._call(request, on_progress)
        assert isinstance(event, Linked)

    def _choose(self, spec: EnvironmentSpec, *, offline: bool) -> LockedPackage:
        version = self.source.version
        wanted = f"micromamba =={version.partition('-')[0]}" if version else WANTED
        try:
            found = super().solve(replace(spec, packages=(wanted,), variables={}), offline=offline)
        except OfflineError:
            raise
        except (SolveError, FetchError) as error:
            raise EngineError(
                f"the channels have no {wanted}",
                where=", ".join(spec.channels),
                details=[error.what],
                hint="name an executable (--micromamba PATH), or a release with its digest "
                "(--micromamba 2.8.1-1 --micromamba-sha256 HEX)",
            ) from error
        package = found.lock.find("micromamba")
        assert package is not None
        return package

    def _own_lock(self, lock: Lock) -> Lock | None:
        if self._package is None:
            return None
        return Lock(platform=lock.platform, channels=lock.channels, packages=(self._package,))

    def _obtain(self, on_progress: OnProgress, *, offline: bool) -> Executable:
        source = self.source
        platform = current_platform()
        url = (
            release_url(source.version, platform) if source.is_release and source.version else None
        )
        return self.obtain(
            platform,
            on_progress,
            package=self._package,
            url=url,
            path=source.path,
            sha256=source.sha256,
            offline=offline,
        )
