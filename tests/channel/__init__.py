"""The local channel of the tests: real parts, hostile ones, and a server with faults on demand."""

from tests.channel.builder import build
from tests.channel.channels import Channels
from tests.channel.hostile import HOSTILE
from tests.channel.server import ChannelServer, Fault

__all__ = ["HOSTILE", "ChannelServer", "Channels", "Fault", "build"]
