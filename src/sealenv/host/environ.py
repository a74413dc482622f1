"""Environments for the processes that sealenv starts for itself."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["engine_environ"]

_DROPPED_PREFIXES = ("CONDA_", "MAMBA_", "_CE_", "PYTHON", "PIXI_", "VIRTUAL_ENV")


def engine_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """What the engine sees: the user's network settings, but no state of any environment.

    RATTLER_AUTH_FILE, proxies, TLS settings and HOME stay (credentials live there); RATTLER_CACHE_DIR
    is of no use, since every cache folder is named.
    """
    return {k: v for k, v in environ.items() if not k.startswith(_DROPPED_PREFIXES)}
