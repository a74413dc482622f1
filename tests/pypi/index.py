"""A package index (PEP 503) of generated wheels, as a folder or over http."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import re
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TIME = (2026, 1, 2, 3, 4, 6)


@dataclass(frozen=True)
class Wheel:
    """The content of a wheel."""

    name: str
    version: str = "1.0"
    tag: str = "py3-none-any"
    files: Mapping[str, str] = field(default_factory=dict)
    requires: Sequence[str] = ()
    scripts: Sequence[str] = ()
    python: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    """Files that are not in RECORD, or replace a metadata file."""

    @property
    def file_name(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}-{self.tag}.whl"

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        metadata = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        metadata += [f"Requires-Dist: {line}" for line in self.requires]
        extras = {m[1] for line in self.requires if (m := re.search(r'extra == "(\w+)"', line))}
        metadata += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
        metadata += [f"Requires-Python: {self.python}"] if self.python else []
        content = dict(self.files) or {f"{self.name.replace('-', '_')}.py": "VALUE = 1\n"}
        content[f"{stem}.dist-info/METADATA"] = "\n".join(metadata) + "\n"
        wheel = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {self.tag}\n"
        content[f"{stem}.dist-info/WHEEL"] = wheel
        if self.scripts:
            points = "\n".join(["[console_scripts]", *self.scripts, ""])
            content[f"{stem}.dist-info/entry_points.txt"] = points
        record = [f"{name},{_digest(text)},{len(text)}" for name, text in content.items()]
        content[f"{stem}.dist-info/RECORD"] = "\n".join([*record, f"{stem}.dist-info/RECORD,,", ""])
        path = folder / self.file_name
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in {**content, **self.more}.items():
                info = zipfile.ZipInfo(name, _TIME)
                info.external_attr = (0o100755 if ".data/scripts/" in name else 0o100644) << 16
                archive.writestr(info, text)
        return path


def _digest(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Index:
    """`simple/NAME/index.html` below a root, the files beside it in `files`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = root / "files"
        (root / "simple").mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return (self.root / "simple").as_uri()

    def add(self, *wheels: Wheel | Path, digest: str | None = None) -> None:
        """Add wheels or files; `digest` replaces the true one in the page."""
        for wheel in wheels:
            if isinstance(wheel, Wheel):
                path = wheel.write(self.files)
            else:
                self.files.mkdir(exist_ok=True)
                path = self.files / wheel.name
                path.write_bytes(wheel.read_bytes())
            self._list(path, digest)

    def _list(self, path: Path, digest: str | None) -> None:
        name = re.sub(r"[-_.]+", "-", path.name.partition("-")[0]).lower()
        page = self.root / "simple" / name / "index.html"
        page.parent.mkdir(exist_ok=True)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if digest is None else digest
        link = f"../../files/{html.escape(path.name)}" + (f"#sha256={sha256}" if sha256 else "")
        with page.open("a", encoding="utf-8") as file:
            file.write(f'<a href="{link}">{html.escape(path.name)}</a><br>\n')

    def path(self, wheel: Wheel) -> Path:
        return self.files / wheel.file_name


class _Handler(SimpleHTTPRequestHandler):
    auth: str | None = None

    def do_GET(self) -> None:
        if self.auth and self.headers.get("Authorization") != self.auth:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@contextlib.contextmanager
def serve(root: Path, auth: tuple[str, str] | None = None) -> Iterator[str]:
    """Serve the root over http; yield the URL of `simple`, with its credentials."""
    plain = f"{auth[0]}:{auth[1]}" if auth else ""
    words = {"auth": "Basic " + base64.b64encode(plain.encode()).decode()} if auth else {}
    handler = type("Handler", (_Handler,), words)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(root)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        user = f"{plain}@" if plain else ""
        yield f"http://{user}127.0.0.1:{server.server_address[1]}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
