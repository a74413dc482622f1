"""Completion scripts for shells: static texts, made from the commands. No Python starts on a Tab."""

from sealenv.cli.completing.scripts import SHELLS, script

__all__ = ["SHELLS", "script"]
