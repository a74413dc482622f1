"""`gate`: what of this shell could make a process use another Python. Nothing is written."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

from sealenv.gates.admission import look
from sealenv.gates.whitelist import clean_environ

__all__ = ["Dirt", "Gated", "gate"]


class Dirt(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of a shell that could make a process use another Python."""

    name: str
    value: str
    what: str
    why: str
    clear: str


class Gated(msgspec.Struct, frozen=True, kw_only=True):
    """Whether activation, `run` and `shell` refuse this shell, and why."""

    state: Literal["active", "clean"]
    findings: tuple[Dirt, ...]


def gate(*, clean: bool = False) -> Gated:
    """Return what makes this process dirty: its variables and its PATH.

    Args:
        clean: what is left of it in a clean environment.
    """
    found = look(clean_environ(os.environ) if clean else os.environ)
    return Gated(
        state="active" if found else "clean",
        findings=tuple(
            Dirt(name=f.name, value=f.value, what=f.what, why=f.why, clear=f.clear) for f in found
        ),
    )
