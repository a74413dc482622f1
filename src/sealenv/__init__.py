"""sealenv: standalone conda environments as sealed units."""

from sealenv._version import __version__

__all__ = ["__version__"]
