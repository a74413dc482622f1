"""Which engine `create` shall use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.engines.rattler import RattlerEngine
    from sealenv.store.archives import Store

__all__ = ["choose_engine"]


def choose_engine(
    store: Store, engine: str | None, micromamba: str | None, sha256: str | None, timeout: float
) -> RattlerEngine:
    """Start the engine; whoever names a micromamba wants it used.

    Raises:
        UsageError: the options contradict each other.
        EngineError: a version that cannot be used.
    """
    named = micromamba is not None or sha256 is not None
    if engine == "rattler" and named:
        raise UsageError(
            "--engine rattler and a micromamba",
            hint="leave --engine out, or give --engine micromamba",
        )
    if engine == "micromamba" or named:
        from sealenv.engines.micromamba import MicromambaEngine
        from sealenv.engines.releases import choose_source

        return MicromambaEngine(store, choose_source(micromamba, sha256), timeout=timeout)
    from sealenv.engines.rattler import RattlerEngine

    return RattlerEngine(store, timeout=timeout)
