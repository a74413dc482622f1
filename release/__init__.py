"""Build the release files other than the wheel: `python3 -m release`."""
