"""Environments for the processes that sealenv starts for itself."""

from __future__ import annotations

from collections.abc import Mapping

from sealenv.gates.admission import without_dirt

__all__ = ["engine_environ"]

_BESIDES = ("CONDA_", "MAMBA_", "PYTHON", "VIRTUAL_ENV")


def engine_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the engine: the user's network settings, but no state of any environment.

    The variables in the gate's table and all settings of conda, mamba and Python are removed.
    RATTLER_AUTH_FILE, proxies, TLS settings and HOME (for credentials) stay.
    """
    return {k: v for k, v in without_dirt(environ).items() if not k.startswith(_BESIDES)}
