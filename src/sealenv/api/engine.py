"""The engine and the store that a call needs, for as long as it needs them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.engines.rattler import RattlerEngine
    from sealenv.store.archives import Store

__all__ = ["EngineChoice", "choose_engine", "parse_timeout", "started"]


@dataclass(frozen=True)
class EngineChoice:
    """Which engine: the options `--engine`, `--micromamba` and `--micromamba-sha256`."""

    engine: str | None = None
    micromamba: str | None = None
    micromamba_sha256: str | None = None


def parse_timeout() -> float:
    """SEALENV_TIMEOUT: seconds of silence after which a server is given up, 30 without it.

    Raises:
        UsageError: it is no positive number.
    """
    text = os.environ.get("SEALENV_TIMEOUT", "30")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise UsageError(f"SEALENV_TIMEOUT={text!r} is no number of seconds", hint="write 30")
    return seconds


def choose_engine(store: Store, choice: EngineChoice, timeout: float) -> RattlerEngine:
    """Start the engine; whoever names a micromamba wants it used.

    Raises:
        UsageError: the options contradict each other.
        EngineError: a version that cannot be used.
    """
    named = choice.micromamba is not None or choice.micromamba_sha256 is not None
    if choice.engine not in {None, "rattler", "micromamba"}:
        raise UsageError(f"{choice.engine!r} is no engine", hint="rattler, or micromamba")
    if choice.engine == "rattler" and named:
        raise UsageError(
            "--engine rattler and a micromamba",
            hint="leave --engine out, or give --engine micromamba",
        )
    if choice.engine == "micromamba" or named:
        from sealenv.engines.micromamba import MicromambaEngine
        from sealenv.engines.releases import choose_source

        source = choose_source(choice.micromamba, choice.micromamba_sha256)
        return MicromambaEngine(store, source, timeout=timeout)
    from sealenv.engines.rattler import RattlerEngine

    return RattlerEngine(store, timeout=timeout)


@contextlib.contextmanager
def started(choice: EngineChoice | None = None) -> Iterator[tuple[Store, RattlerEngine]]:
    """This machine's store, and an engine that is closed in the end. The store is not in use yet.

    Raises:
        UsageError, EngineError: see `choose_engine`.
    """
    from sealenv import locations
    from sealenv.store.archives import Store

    store = Store(Path(locations.cache_root()))
    engine = choose_engine(store, choice or EngineChoice(), parse_timeout())
    try:
        yield store, engine
    finally:
        engine.close()
