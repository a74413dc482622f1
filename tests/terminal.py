"""A program in a real terminal, for tests on POSIX."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path

_DEADLINE = 30.0


class Terminal:
    """A program in a pseudo-terminal: what it says, and typing to it."""

    def __init__(self, command: list[str], env: dict[str, str], cwd: Path) -> None:
        import pty

        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(command[0], command, env)

    def wait_for(self, text: str) -> None:
        """Read until the text has been said."""
        end = time.monotonic() + _DEADLINE
        while text not in self.said:
            assert time.monotonic() < end, f"never said {text!r}: {self.said!r}"
            if select.select([self.fd], [], [], 0.2)[0] and not self._read():
                raise AssertionError(f"ended before {text!r}: {self.said!r}")

    def settle(self) -> None:
        """Read until nothing has been said for a while."""
        while select.select([self.fd], [], [], 0.7)[0] and self._read():
            pass

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self.fd, f"{line}\r".encode())

    def end(self, *, press: str = "") -> int:
        """Read to the end, and return the exit code.

        `press` is typed when nothing is said for a while: a signal that comes just before a read does
        not interrupt it.
        """
        end = time.monotonic() + _DEADLINE
        while True:
            if select.select([self.fd], [], [], 2)[0]:
                if not self._read():
                    break
            elif press:
                os.write(self.fd, press.encode())
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"did not end: {self.said!r}")
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bool:
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.said += data.decode(errors="replace")
        if b"\x1b[6n" in data:  # "where is the cursor?": line editors wait for the answer
            os.write(self.fd, b"\x1b[1;1R")
        return bool(data)
