"""The local channel as a whole: complete, cached, read by py-rattler, hostile where it says so."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.system.zstd import decompress
from tests.channel import HOSTILE, Channels, build
from tests.channel.hostile import ESCAPE, build_hostile
from tests.channel.link import link

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="repackages a POSIX interpreter")


@pytest.fixture(scope="module")
def channels() -> Channels:
    return build()


def test_it_has_what_it_promises(channels: Channels) -> None:
    noarch = list(channels.records("noarch").values())
    names = {r["name"] for r in [*noarch, *channels.records(channels.subdir).values()]}
    assert {"python", "pip", "conda", "mamba", "demo-hello", "dated", "prio"} <= names
    assert {"post-link-ok", "post-link-fails", "activate-hooks", "env-vars"} <= names
    if not any("wheels" in line for line in channels.missing):
        assert {"requests", "rich", "setuptools"} <= names
        windows = {r["name"]: r for r in channels.records("win-64").values()}
        assert sorted(windows) == ["conda", "mamba", "python"]
        assert windows["python"]["python_site_packages_path"] == "Lib/site-packages"
    versions = {r["version"]: r for r in noarch if r["name"] == "dated"}
    assert versions["1.0"]["timestamp"] < versions["2.0"]["timestamp"]
    (prio,) = (r for r in channels.records("noarch", "extra").values() if r["name"] == "prio")
    assert prio["version"] == "2.0"


def test_every_record_is_true(channels: Channels) -> None:
    for channel in ("main", "extra"):
        for subdir in ("noarch", channels.subdir):
            for name, record in channels.records(subdir, channel).items():
                data = (channels.root / channel / subdir / name).read_bytes()
                assert record["sha256"] == hashlib.sha256(data).hexdigest(), name
                assert record["size"] == len(data)
                assert record["subdir"] == subdir


def test_a_second_call_takes_the_cache_and_a_copy_is_separate(
    channels: Channels, tmp_path: Path
) -> None:
    copy = build(tmp_path / "copy")
    assert copy.pythons == channels.pythons
    original, copied = channels.archive("prio"), copy.archive("prio")
    assert copied.read_bytes() == original.read_bytes()
    copied.write_bytes(b"")
    assert original.stat().st_size > 0


def test_the_channel_can_be_built_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.channel", str(tmp_path / "c"), "--no-pypi"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    assert "left out: wheels" in done.stdout
    assert (tmp_path / "c" / "main" / "noarch" / "repodata.json.zst").is_file()


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


def test_hostile_packages_are_the_same_each_time(channels: Channels, tmp_path: Path) -> None:
    build_hostile(tmp_path)
    for path in (tmp_path / "noarch").iterdir():
        assert path.read_bytes() == (channels.hostile / "noarch" / path.name).read_bytes()


def test_the_escape_is_really_in_the_archives(channels: Channels) -> None:
    """The threat is there: the raw tar holds the name that would land outside."""
    import io
    import tarfile
    import zipfile

    for name in ("hostile-dotdot", "hostile-absolute", "hostile-link-through"):
        file = channels.archive(name, "hostile")
        with zipfile.ZipFile(file) as container:
            packed = container.read(next(n for n in container.namelist() if n.startswith("pkg-")))
        tar = decompress(packed, 1 << 20)
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            assert any(ESCAPE in member.name for member in archive.getmembers())


def test_the_manifest_is_readable(channels: Channels) -> None:
    assert json.loads((channels.root / "channels.json").read_text())["subdir"] == channels.subdir
    assert channels.main_url.startswith("file:///")
