"""`gate`: what of this shell could make a process use another Python. Nothing is written."""

from __future__ import annotations

import os

from sealenv.gates.admission import look
from sealenv.gates.findings import Finding

__all__ = ["gate"]


def gate() -> tuple[Finding, ...]:
    """Return what makes this process dirty: its variables and its PATH. `run` and `shell` refuse it."""
    return tuple(look(os.environ))
