"""A small local conda channel made from the running interpreter, for `sealenv demo` and tests.

It needs no network and starts no other program than Python itself. The `conda` and `mamba` in it are
stand-ins, and say so in their version, summary and output.
"""
