"""A small local conda channel made from the running interpreter, for `sealenv demo` and tests.

It needs no network and starts no other program than Python itself. What is not real says so: the
`conda` and `mamba` of this channel are stand-ins, in their version, summary and output.
"""

from sealenv.tour.channel import DemoChannel, build_demo_channel

__all__ = ["DemoChannel", "build_demo_channel"]
