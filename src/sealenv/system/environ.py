"""Environments for the processes that sealenv starts for itself."""

from __future__ import annotations

from collections.abc import Mapping

from sealenv.gates.admission import without_dirt

__all__ = ["engine_environ"]

_BESIDES = ("CONDA_", "MAMBA_", "PYTHON", "VIRTUAL_ENV")


def engine_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """What the engine sees: the user's network settings, but no state of any environment.

    Nothing that the gate's table names, and none of the settings of conda, mamba or Python that are
    honoured elsewhere: our own Python starts with its defaults. RATTLER_AUTH_FILE, proxies, TLS
    settings and HOME stay (credentials live there); RATTLER_CACHE_DIR is of no use, since every cache
    folder is named.
    """
    return {k: v for k, v in without_dirt(environ).items() if not k.startswith(_BESIDES)}
