"""The Python API: the commands as functions; `import sealenv` gives them (docs/reference/api.md).

Each function decides what its command decides, and returns what was done instead of printing it. The
command line calls the same rooms, and where it needs more than one call, the helpers of this room.
"""
