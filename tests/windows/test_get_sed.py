"""bootstrap/get_sed.bat: the original's interface and exit codes, through the real curl.exe."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.bootstrap import write
from tests.channel import ChannelServer
from tests.windows.machine import Done, Windows

EXE = b"a stand-in for sed.exe"
DIGEST = hashlib.sha256(EXE).hexdigest()


class Getter:
    """The script, a cache folder for it, and a server with a release."""

    def __init__(self, windows: Windows, root: Path, server: ChannelServer) -> None:
        self.windows = windows
        self.root = root
        self.server = server
        self.cache = root / "my cache"
        self.temp = root / "temp"
        self.temp.mkdir(parents=True)
        write(root / "scripts")
        (server.root / "sed-4.9-x64.exe").write_bytes(EXE)
        (server.root / "jq.exe").write_bytes(b"no program: the script has to do without")
        self.release(DIGEST)

    def release(self, digest: str | None, *names: str) -> None:
        """What the API of github.com answers."""
        assets = []
        for name in names or ("sed-4.9-arm64.exe", "sed-4.9-x64.exe"):
            asset = {"url": "https://api/1", "name": name}
            if digest:
                asset["digest"] = "sha256:" + (digest if "x64" in name else "0" * 64)
            asset["browser_download_url"] = f"{self.server.base}/{name}"
            assets.append(asset)
        answer = {"tag_name": "sed-4.9", "assets": assets, "body": "a & b | c"}
        (self.server.root / "latest").write_text(json.dumps(answer, indent=2))

    def run(self, *args: str, code: int = 0) -> Done:
        """`call get_sed.bat ARGS`; every argument in quotes."""
        script = self.windows.path(self.root / "scripts" / "get_sed.bat")
        sets = {
            "TEMP": self.windows.path(self.temp),
            "SEALENV_SED_URL": f"{self.server.base}/latest",
            "SEALENV_JQ_URL": f"{self.server.base}/jq.exe",
        }
        lines = [f'set "{name}={text}"' for name, text in sets.items()]
        lines.append(" ".join(["call", *(f'"{word}"' for word in (script, *args))]))
        done = self.windows.cmd("\r\n".join(lines), cwd=self.root)
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert not list(self.temp.glob("get_sed-*"))
        return done


@pytest.fixture
def getter(windows: Windows, tmp_path: Path) -> Iterator[Getter]:
    folder = tmp_path / "server"
    folder.mkdir()
    with ChannelServer(folder) as server:
        yield Getter(windows, tmp_path / "a user", server)


def test_gets_sed_once(getter: Getter, windows: Windows) -> None:
    assert "--with-jq" in getter.run("--help").stdout
    assert getter.server.answers == []
    cache = windows.path(getter.cache)
    assert DIGEST in getter.run(cache).stdout
    assert (getter.cache / "sed" / "sed.exe").read_bytes() == EXE
    asked = len(getter.server.answers)
    assert "from an earlier run" in getter.run(cache).stdout
    assert len(getter.server.answers) == asked
    assert {path.name for path in getter.cache.rglob("*")} == {"sed", "sed.exe"}
    getter.run("--with-jq", cache)
    assert (getter.cache / "jq" / "jq.exe").exists()
    getter.release(None)
    assert "not verified" in getter.run().stdout
    assert (getter.temp / "sed" / "sed.exe").exists()


def test_exit_codes(getter: Getter, windows: Windows) -> None:
    cache = windows.path(getter.cache)
    getter.server.fail("latest", status=404)
    getter.run(cache, code=1)
    getter.server.heal()
    for name in ("sed-4.9-arm64.exe", "sed^&echo INJECTED&-x64.exe", 'sed"&echo INJECTED&-x64.exe'):
        getter.release(None, name)
        assert "INJECTED" not in getter.run(cache, code=2).stdout
    getter.release("f" * 64)
    assert "checksum mismatch" in getter.run(cache, code=3).stderr
    getter.server.fail("jq.exe", status=404)
    getter.run("--with-jq", cache, code=4)
    assert not list(getter.cache.rglob("*.exe"))
    (getter.root / "blocked").write_text("")
    getter.run(windows.path(getter.root / "blocked"), code=5)
    assert "--frobnicate" in getter.run("--frobnicate", code=5).stderr
    getter.run("a^b", code=5)
