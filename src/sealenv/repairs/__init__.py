"""Repair: put back exactly what verify found, from the archives that it was made from."""

from sealenv.commands.repair import Mending, Repaired, repair

__all__ = ["Mending", "Repaired", "repair"]
