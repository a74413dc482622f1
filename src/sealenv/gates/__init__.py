"""The gate: what in a shell could make a process use another Python.

Nothing is imported here: `sealenv run` passes through `admission` before anything else, so that
the modules of this package import nothing but os and sys until something is wrong.
"""
