"""The version, alone in a file: start-up reads it without importing anything else."""

__version__ = "0.1.0"
