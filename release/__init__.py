"""Build what is published besides the wheel: `python3 -m release`."""
