"""Seal again what was changed on purpose, or adopt what another tool made."""

from sealenv.reseal.reseal import Change, reseal

__all__ = ["Change", "reseal"]
