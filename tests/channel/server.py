"""A channel over http on 127.0.0.1, with faults on demand."""

from __future__ import annotations

import contextlib
import fnmatch
import socket
import threading
from collections import Counter
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.channel.handler import ChannelHandler


@dataclass
class Fault:
    """What goes wrong for the paths that match.

    Args:
        pattern: as in fnmatch, on the path below the root, for example `*/python-*.conda`.
        status: answer with this code (404, 403, 500, 503 ...) instead of the file.
        flip: one byte of the body is another.
        truncate: send only so many bytes; `honest` decides whether Content-Length says so.
        stall: send the headers and no body until the server closes.
        rate: bytes per second.
        times: how often; None is always. Afterwards the next matching fault, or the file.
    """

    pattern: str
    status: int | None = None
    flip: bool = False
    truncate: int | None = None
    honest: bool = False
    stall: bool = False
    rate: int | None = None
    times: int | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, channel: ChannelServer) -> None:
        super().__init__(("127.0.0.1", 0), ChannelHandler)
        self.channel = channel
        self.open_sockets: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open_sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open_sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""


class ChannelServer:
    """Serve a folder of channels; use it as a context manager.

    Args:
        root: the folder; `main/noarch/repodata.json` in it is at `/main/noarch/repodata.json`.
        auth: user and password of basic authentication, required when given.
        token: then only `/t/TOKEN/...` is answered.
    """

    def __init__(
        self, root: Path, *, auth: tuple[str, str] | None = None, token: str | None = None
    ) -> None:
        self.root = root
        self.auth = auth
        self.token = token
        self.closing = threading.Event()
        self.requests: Counter[str] = Counter()
        """How often each path was asked for (without the token)."""
        self.answers: list[tuple[str, str, int]] = []
        """Method, path and status of every answer, in order."""
        self.authorizations: set[str | None] = set()
        """Every Authorization header that came, None for a request without one."""
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> ChannelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=5)

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def base(self) -> str:
        """The address without credentials."""
        return f"http://127.0.0.1:{self.port}"

    def url(self, channel: str = "main") -> str:
        """The URL of a channel, with the credentials or the token that the server wants."""
        user = "{}:{}@".format(*self.auth) if self.auth else ""
        token = f"t/{self.token}/" if self.token else ""
        return f"http://{user}127.0.0.1:{self.port}/{token}{channel}"

    def fail(self, pattern: str, **fault: Any) -> Fault:
        """Add a fault, see `Fault`; the first that matches and is not used up counts."""
        added = Fault(pattern, **fault)
        with self._lock:
            self._faults.append(added)
        return added

    def heal(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._faults.clear()

    def take_fault(self, path: str) -> Fault | None:
        """Count one request and return the fault that it meets."""
        with self._lock:
            self.requests[path] += 1
            for fault in self._faults:
                if fault.times == 0 or not fnmatch.fnmatchcase(path.lstrip("/"), fault.pattern):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
