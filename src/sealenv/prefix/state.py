"""conda-meta/state: the variables that `conda env config vars` keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sealenv.layout import META
from sealenv.system.files import read_regular, write_atomic

__all__ = ["read_state", "write_state"]


def write_state(prefix: Path, variables: Mapping[str, str]) -> None:
    """Write environment.yml's `variables` where conda and the activation look for them (CEP 32)."""
    if variables:
        data = json.dumps({"version": 1, "env_vars": dict(variables)}, indent=2, sort_keys=True)
        write_atomic(prefix / META / "state", data.encode() + b"\n")


def read_state(prefix: Path) -> dict[str, str]:
    """The variables; none where there is no such file, or none that can be read."""
    try:
        data = json.loads(read_regular(prefix / META / "state"))
        return {str(k): str(v) for k, v in data["env_vars"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
