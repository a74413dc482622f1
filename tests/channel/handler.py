"""One request to the channel server: authentication, faults, validators."""

from __future__ import annotations

import base64
import email.utils
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from tests.channel.server import ChannelServer, Fault


class ChannelHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for files below the root."""

    protocol_version = "HTTP/1.1"
    server_version = "sealenv-test-channel"
    timeout = 60

    @property
    def channel(self) -> ChannelServer:
        return cast("ChannelServer", cast("Any", self.server).channel)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed; `ChannelServer.answers` keeps what happened."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        channel = self.channel
        channel.authorizations.add(self.headers.get("Authorization"))
        if channel.token is not None:
            head = f"/t/{channel.token}/"
            if not path.startswith(head):
                self._end(403, path)
                return
            path = "/" + path.removeprefix(head)
        fault = channel.take_fault(path)
        if not self._authorized():
            self._end(401, path, {"WWW-Authenticate": 'Basic realm="channel"'})
        elif fault is not None and fault.status is not None:
            self._end(fault.status, path)
        else:
            self._file(path, fault)

    do_HEAD = do_GET  # noqa: N815

    def _authorized(self) -> bool:
        if self.channel.auth is None:
            return True
        expected = base64.b64encode(":".join(self.channel.auth).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {expected}"

    def _end(self, status: int, path: str, headers: dict[str, str] | None = None) -> None:
        body = b"" if status == 304 else f"{status}\n".encode()
        self._head(status, path, len(body), headers or {})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, path: str, length: int, headers: dict[str, str]) -> None:
        self.channel.answers.append((self.command, path, status))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _file(self, path: str, fault: Fault | None) -> None:
        root = self.channel.root.resolve()
        target = Path(root, path.lstrip("/"))
        if not target.resolve().is_relative_to(root) or not target.is_file():
            self._end(404, path)
            return
        data, stat = target.read_bytes(), target.stat()
        tag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
        modified = email.utils.formatdate(stat.st_mtime, usegmt=True)
        validators = {"ETag": tag, "Last-Modified": modified}
        if self._unchanged(tag, stat.st_mtime):
            self._end(304, path, validators)
            return
        self._body(path, validators, data, fault)

    def _unchanged(self, tag: str, mtime: float) -> bool:
        wanted = self.headers.get("If-None-Match")
        if wanted is not None:
            return wanted.strip() == "*" or tag in [t.strip() for t in wanted.split(",")]
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        return int(mtime) <= email.utils.parsedate_to_datetime(since).timestamp()

    def _body(self, path: str, headers: dict[str, str], data: bytes, fault: Fault | None) -> None:
        length = len(data)
        if fault is not None and fault.flip and data:
            middle = length // 2
            data = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        if fault is not None and fault.truncate is not None:
            data = data[: fault.truncate]
            length = len(data) if fault.honest else length
        self._head(200, path, length, headers)
        if self.command == "HEAD":
            return
        if fault is not None and fault.stall:
            self.wfile.flush()
            self.channel.closing.wait()
            self.close_connection = True
        elif fault is not None and fault.rate:
            self._slowly(data, fault.rate)
        else:
            self.wfile.write(data)
        if len(data) != length:
            self.close_connection = True

    def _slowly(self, data: bytes, rate: int) -> None:
        step = max(1, rate // 20)
        for start in range(0, len(data), step):
            if self.channel.closing.is_set():
                self.close_connection = True
                return
            self.wfile.write(data[start : start + step])
            self.wfile.flush()
            time.sleep(step / rate)
