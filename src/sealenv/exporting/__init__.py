"""Export: an environment or a lock, in the formats of other tools."""

from sealenv.exporting.export import FORMATS, export

__all__ = ["FORMATS", "export"]
