"""Export: an environment or a lock, in the formats of other tools."""

from sealenv.commands.export import FORMATS, export

__all__ = ["FORMATS", "export"]
