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


class Getter:
    """The script, a cache folder for it, and a server with a release."""

    def __init__(self, windows: Windows, root: Path, server: ChannelServer) -> None:
        self.windows = windows
        self.root = root
        self.server = server
        self.cache = root / "my cache"
        self.temp = root / "temp"
        self.temp.mkdir(parents=True)
        self.exe = b"a stand-in for sed.exe"
        write(root / "scripts")
        (server.root / "sed-4.9-x64.exe").write_bytes(self.exe)
        (server.root / "sed-4.9-arm64.exe").write_bytes(b"another machine's")
        (server.root / "jq.exe").write_bytes(b"no program: the script has to do without")
        self.release(hashlib.sha256(self.exe).hexdigest())

    def release(self, digest: str | None, names: tuple[str, ...] = ("arm64", "x64")) -> None:
        """What the API of github.com answers."""
        assets = []
        for name in names:
            asset = {"url": "https://api/1", "name": f"sed-4.9-{name}.exe"}
            if digest:
                asset["digest"] = "sha256:" + (digest if name == "x64" else "0" * 64)
            asset["browser_download_url"] = f"{self.server.base}/sed-4.9-{name}.exe"
            assets.append(asset)
        answer = {"tag_name": "sed-4.9", "assets": assets, "body": "a & b | c"}
        (self.server.root / "latest").write_text(json.dumps(answer, indent=2))

    def run(self, *args: str, code: int = 0, **extra: str) -> Done:
        """`call get_sed.bat ARGS`; every argument in quotes."""
        script = self.windows.path(self.root / "scripts" / "get_sed.bat")
        sets = {
            "TEMP": self.windows.path(self.temp),
            "SEALENV_SED_URL": f"{self.server.base}/latest",
            "SEALENV_JQ_URL": f"{self.server.base}/jq.exe",
            **extra,
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
    done = getter.run(windows.path(getter.cache))
    assert (getter.cache / "sed" / "sed.exe").read_bytes() == getter.exe
    assert hashlib.sha256(getter.exe).hexdigest() in done.stdout
    assert [path.name for path in (getter.cache / "sed").iterdir()] == ["sed.exe"]
    asked = len(getter.server.answers)
    assert "from an earlier run" in getter.run(windows.path(getter.cache)).stdout
    assert len(getter.server.answers) == asked
    assert not (getter.cache / "jq").exists()


def test_with_jq(getter: Getter, windows: Windows) -> None:
    getter.run("--with-jq", windows.path(getter.cache))
    assert (getter.cache / "jq" / "jq.exe").exists()
    assert (getter.cache / "sed" / "sed.exe").read_bytes() == getter.exe


def test_without_a_cache_directory_it_is_temp(getter: Getter) -> None:
    getter.release(None)
    assert "not verified" in getter.run().stdout
    assert (getter.temp / "sed" / "sed.exe").exists()


def test_help(getter: Getter) -> None:
    assert "--with-jq" in getter.run("--help").stdout
    assert getter.server.answers == []


def test_exit_codes(getter: Getter, windows: Windows) -> None:
    cache = windows.path(getter.cache)
    getter.server.fail("latest", status=404)
    getter.run(cache, code=1)
    getter.server.heal()
    getter.release(None, names=("arm64",))
    getter.run(cache, code=2)
    getter.release("f" * 64)
    assert "checksum mismatch" in getter.run(cache, code=3).stderr
    getter.release(None)
    getter.server.fail("*x64.exe", truncate=3)
    getter.run(cache, code=3)
    getter.server.fail("jq.exe", status=404)
    getter.run("--with-jq", cache, code=4)
    assert not list(getter.cache.rglob("*.exe"))
    blocked = getter.root / "blocked"
    blocked.write_text("")
    getter.run(windows.path(blocked), code=5)
    assert "--frobnicate" in getter.run("--frobnicate", code=5).stderr
    getter.run(cache, code=5, TEMP=windows.path(getter.root / "no" / "such"))
    getter.run("a^b", code=5)
    getter.run(cache, cache, code=5)


def test_a_hostile_answer(getter: Getter, windows: Windows) -> None:
    getter.release(None)
    text = (getter.server.root / "latest").read_text()
    for name in ("/sed^&echo INJECTED&-x64.exe", '/sed\\"&echo INJECTED&-x64.exe'):
        hostile = text.replace("/sed-4.9-x64.exe", name)
        assert hostile != text
        (getter.server.root / "latest").write_text(hostile)
        done = getter.run(windows.path(getter.cache), code=2)
        assert "INJECTED" not in done.stdout
