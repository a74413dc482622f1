"""The engine's process as its parent sees it: requests down, events up."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from typing import Any

from sealenv.engine import boot, messages
from sealenv.engine.messages import Event, Failed, OnProgress, Progress, Request
from sealenv.errors import EngineError
from sealenv.urls import redact

__all__ = ["EngineProcess"]


class EngineProcess:
    """One child, started at once. It crashes alone, and ends when we do."""

    def __init__(self) -> None:
        self._process = boot.start()
        self._complaints: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, daemon=True, name="engine-stderr")
        self._listener.start()

    def call(self, request: Request, on_progress: OnProgress | None = None) -> Event:
        """The answer to a request; progress is told meanwhile.

        Raises:
            SealenvError: what the engine says went wrong.
            EngineError: it died.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(messages.encode(request))
            process.stdin.flush()
        except OSError:
            raise self._died() from None
        while line := process.stdout.readline():
            event = messages.decode_event(line)
            if isinstance(event, Progress):
                if on_progress:
                    on_progress(event)
            elif isinstance(event, Failed):
                raise messages.revive(event)
            else:
                return event
        raise self._died()

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.returncode

    def alive(self) -> bool:
        """Whether it still holds what it holds."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it: it leaves as soon as its stdin closes."""
        process = self._process
        with contextlib.suppress(OSError):
            if process.stdin:
                process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listener.join(1)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._complaints = [*self._complaints[-20:], line]

    def _died(self) -> EngineError:
        code: Any = self._process.wait()
        if code < 0:
            with contextlib.suppress(ValueError):
                code = f"signal {signal.Signals(-code).name}"
        self._listener.join(1)
        said = redact(b"".join(self._complaints).decode(errors="replace")).strip()
        return EngineError(
            f"the engine ended unexpectedly ({code})",
            details=said.splitlines()[-5:],
            hint="run the same command again; nothing was lost",
        )
