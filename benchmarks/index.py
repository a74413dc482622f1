"""`lock` with an index of conda-forge's size: python -m benchmarks.index [--records N] [--folder DIR].

The channel is generated: names, builds and dependencies as in conda-forge, in noarch and this machine's
subdir. It is read as repodata.json.zst over http, and in shards (CEP 16) over https with a certificate
of its own. Each is locked with an empty cache, and again. There is no package behind the records.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import http.server
import os
import random
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from backports import zstd

from benchmarks.measure import machine_line, peak_kb
from sealenv.spec.model import current_platform

SRC = Path(__file__).resolve().parent.parent / "src"
_VERSIONS = 26
"""Records of one name, as in conda-forge: some 800,000 records of 30,000 names."""
_CORE = 400
"""Names on which most others depend."""
_WANTED = 40
"""How many names the lock asks for; each has some dependencies."""


def main() -> None:
    """Generate the channel, lock, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=800_000)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-index-") as folder:
        root = Path(folder)
        names = options.records // _VERSIONS
        for subdir in (current_platform(), "noarch"):
            write_subdir(root / "channel" / subdir, subdir, names)
        print(f"{machine_line()}; {options.records} records\n")
        print("| Index | Cache | Seconds | Peak memory of any process |\n|---|---|---|---|")
        for scheme in ("http", "https"):
            measure(root, scheme, names)


def measure(root: Path, scheme: str, names: int) -> None:
    """Lock twice from a server of that scheme, and print both rows."""
    handler = functools.partial(_Quiet, directory=str(root / "channel"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    environ = {"PATH": os.environ["PATH"], "HOME": str(root), "SEALENV_CACHE": str(root / scheme)}
    if scheme == "https":
        certificate = _certificate(root)
        environ["SSL_CERT_FILE"] = str(certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
    boot += "from sealenv.__main__ import main; sys.exit(main())"
    url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    wanted = [_name(number * names // _WANTED) for number in range(_WANTED)]
    command = [
        sys.executable,
        "-c",
        boot,
        "lock",
        "-c",
        url,
        "-o",
        str(root / "out"),
        "--force",
        *wanted,
    ]
    for cache in ("empty", "warm"):
        began = time.perf_counter()
        peak = peak_kb(command, environ)
        seconds = time.perf_counter() - began
        index = "repodata.json.zst" if scheme == "http" else "shards"
        print(f"| {index} | {cache} | {seconds:.1f} | {peak / 1024:.0f} MB |", flush=True)
    server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send the list of shards again when asked: this server's 304 has no validators."""
        if self.path.endswith("shards.msgpack.zst"):
            del self.headers["If-Modified-Since"]
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def _certificate(root: Path) -> Path:
    path = root / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
               "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-addext",
               "basicConstraints=critical,CA:FALSE",
               "-keyout", str(path), "-out", str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return path


def _name(number: int) -> str:
    return f"package-{number}"


def _records(subdir: str, names: int) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Yield the records of each name: the even ones are noarch, the odd ones compiled."""
    chance = random.Random(1)
    for number in range(0 if subdir == "noarch" else 1, names, 2):
        below = {_name(chance.randrange(min(number, _CORE))) for _ in range(min(number, 6))}
        below |= {_name(number // 2)} if number else set()
        records = {}
        for version in range(_VERSIONS):
            text = f"{version // 6 + 1}.{version % 6}.0"
            build = f"py_{version}" if subdir == "noarch" else f"h{chance.getrandbits(28):07x}_0"
            record = {
                "build": build, "build_number": 0, "name": _name(number), "version": text,
                "subdir": subdir, "depends": [f"{name} >=1.0" for name in sorted(below)],
                "constrains": [], "license": "BSD-3-Clause", "license_family": "BSD",
                "md5": f"{chance.getrandbits(128):032x}", "sha256": f"{chance.getrandbits(256):064x}",
                "size": chance.randrange(1 << 24), "timestamp": 1_700_000_000_000 + version,
            }  # fmt: skip
            if subdir == "noarch":
                record["noarch"] = "generic"
            records[f"{_name(number)}-{text}-{build}.conda"] = record
        yield _name(number), records


def write_subdir(folder: Path, subdir: str, names: int) -> None:
    """Write repodata.json.zst and the shards (CEP 16) of one subdir."""
    (folder / "shards").mkdir(parents=True)
    everything: dict[str, dict[str, Any]] = {}
    shards: dict[str, bytes] = {}
    for name, records in _records(subdir, names):
        everything |= records
        binary = {file: record | {"sha256": bytes.fromhex(record["sha256"]),
                                  "md5": bytes.fromhex(record["md5"])}
                  for file, record in records.items()}  # fmt: skip
        shard = zstd.compress(
            msgspec.msgpack.encode({"packages": {}, "packages.conda": binary, "removed": []})
        )
        shards[name] = hashlib.sha256(shard).digest()
        (folder / "shards" / f"{shards[name].hex()}.msgpack.zst").write_bytes(shard)
    info = {"subdir": subdir, "base_url": "./", "shards_base_url": "./shards/"}
    index = msgspec.msgpack.encode({"version": 1, "info": info, "shards": shards})
    (folder / "repodata_shards.msgpack.zst").write_bytes(zstd.compress(index))
    repodata = msgspec.json.encode(
        {"info": {"subdir": subdir}, "packages": {}, "packages.conda": everything,
         "repodata_version": 1}
    )  # fmt: skip
    (folder / "repodata.json.zst").write_bytes(zstd.compress(repodata))
    (folder / "repodata.json").write_bytes(repodata)


if __name__ == "__main__":
    main()
