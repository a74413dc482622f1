"""The local channels: their packages can be linked, and the hostile ones are hostile."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour.archive import zstd
from tests.channel import HOSTILE, Channels
from tests.channel.hostile import ESCAPE
from tests.channel.link import link

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="repackages a POSIX interpreter")


def test_hello_prefix_prints_its_prefix(channels: Channels, tmp_path: Path) -> None:
    if any("hello-prefix" in line for line in channels.missing):
        pytest.skip("no C compiler")
    prefix = tmp_path / "a b"
    done = link(prefix, [channels.archive("hello-prefix")], tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    for program in ("hello-prefix", "hello-prefix-text"):
        answer = subprocess.run([prefix / "bin" / program], capture_output=True, text=True)
        assert answer.stdout == f"{prefix}\n"


def test_windows_python_links_here(channels: Channels, tmp_path: Path) -> None:
    if any("Windows" in line for line in channels.missing):
        pytest.skip("PyPI was not reached")
    archives = [channels.archive("python", subdir="win-64"), channels.archive("demo-greeting")]
    archives.append(channels.archive("demo-hello"))
    done = link(tmp_path / "p", archives, tmp_path / "cache", platform="win-64")
    assert done.returncode == 0, done.stderr
    prefix = tmp_path / "p"
    for path in ("python.exe", "python312.dll", "DLLs/_ssl.pyd", "Lib/os.pyc"):
        assert (prefix / path).is_file(), path
    assert (prefix / "Lib" / "site-packages" / "demo_hello" / "cli.py").is_file()
    assert (prefix / "Scripts" / "demo-hello.exe").is_file()
    assert not list(prefix.glob("*._pth"))


def test_the_hostile_channel_has_every_case_once(channels: Channels) -> None:
    records = channels.records("noarch", "hostile")
    assert sorted(r["name"] for r in records.values()) == sorted(HOSTILE)
    by_name = {r["name"]: (file, r) for file, r in records.items()}

    def digest(name: str) -> str:
        file = channels.hostile / "noarch" / by_name[name][0]
        return hashlib.sha256(file.read_bytes()).hexdigest()

    wrong = {n for n, (_, r) in by_name.items() if r.get("sha256") != digest(n)}
    assert wrong == {"hostile-wrong-sha256", "hostile-no-sha256", "hostile-no-digest"}
    assert "md5" in by_name["hostile-no-sha256"][1]
    assert "md5" not in by_name["hostile-no-digest"][1]


def test_the_escape_is_really_in_the_archives(channels: Channels) -> None:
    """The threat is there: the raw tar holds the name that would land outside."""
    import io
    import tarfile
    import zipfile

    for name in ("hostile-dotdot", "hostile-absolute", "hostile-link-through"):
        file = channels.archive(name, "hostile")
        with zipfile.ZipFile(file) as container:
            packed = container.read(next(n for n in container.namelist() if n.startswith("pkg-")))
        tar = zstd.decompress(packed)
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            assert any(ESCAPE in member.name for member in archive.getmembers())
