"""The exported .bat, all of it: cmd.exe, the real curl.exe, a real server."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sealenv.bootstrap.rebuild import render_rebuild
from sealenv.bootstrap.scripts import PinnedMicromamba
from sealenv.install.clobbers import clobbers_in_prefix, order_for_micromamba
from sealenv.locks import Lock, LockFile
from sealenv.locks.pixi_write import write_pixi
from sealenv.seals.seal import read_seal
from tests.channel import ChannelServer
from tests.locking import lock_of, made_up, tiny_wheel
from tests.machine import Machine
from tests.windows.bootstrapping import DEFAULT, Bare, digest
from tests.windows.machine import Windows

pytestmark = pytest.mark.slow


class Rebuild(Bare):
    """The script alone in its folder."""

    @property
    def script(self) -> Path:
        return self.scripts / "my env.bat"

    def export(self, locks: Sequence[Lock], name: str = "my_env", **more: Any) -> None:
        """Write the script, with the digest of the released executable."""
        pinned = more.pop("pinned", PinnedMicromamba(DEFAULT, {"win-64": digest(self.released)}))
        for old in self.scripts.iterdir():
            old.unlink()
        self.script.write_bytes(render_rebuild("bat", locks, name, pinned, **more))


@pytest.fixture(scope="module")
def lock(channel_url: str, tmp_path_factory: pytest.TempPathFactory) -> Lock:
    return lock_of(
        channel_url, tmp_path_factory.mktemp("solving"), python="3.12", platform="win-64"
    )


@pytest.fixture
def small(lock: Lock) -> Lock:
    """One noarch package of it, without python."""
    (package,) = (p for p in lock.packages if p.name == "conda")
    return Lock(platform="win-64", channels=lock.channels, packages=(package,))


@pytest.fixture
def rebuild(windows: Windows, tmp_path: Path, releases: ChannelServer, channel_url: str) -> Rebuild:
    return Rebuild(windows, tmp_path / "a user", releases, channel_url)


def test_the_very_environment(
    rebuild: Rebuild, lock: Lock, windows: Windows, tmp_path: Path
) -> None:
    """The fingerprint that `create -f` of the same lock has at another place, on another system."""
    machine = Machine(tmp_path / "another machine")
    locked = machine.root / "my_env.lock"
    locked.write_text(write_pixi(LockFile(locks=(lock,), name="my_env")))
    made = machine.json("create", "-f", str(locked), "--platform", "win-64", "--no-pyc")
    # As the command `export` orders them.
    rebuild.export([order_for_micromamba(lock, clobbers_in_prefix(Path(made["prefix"])))])
    rebuild.run()
    prefix = rebuild.envs / "my_env"
    (call,) = rebuild.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--no-shortcuts", "--yes", "--extra-safety-checks"} <= set(words)
    assert words[words.index("--safety-checks") + 1] == "enabled"
    assert call["environ"]["USERPROFILE"].startswith(windows.path(rebuild.temp))
    assert list(rebuild.home.iterdir()) == []
    assert [path.name for path in rebuild.temp.iterdir()] == ["micromamba"]
    records = {path.stem for path in (prefix / "conda-meta").glob("*.json")}
    assert records == {p.dist for p in lock.packages}
    meta = {path.name for path in (prefix / "conda-meta").iterdir()}
    assert {"history", "sealenv.bootstrap"} <= meta
    assert "sealenv.pending" not in meta
    assert not (prefix / ".sealenv-scratch").exists()
    assert not any(path.endswith("repodata.json") for _, path, _ in rebuild.releases.answers)
    before = rebuild.everything()
    assert "this exists already" in rebuild.run(code=7).stderr
    assert rebuild.everything() == before
    sealed = read_seal(Path(made["prefix"])).fingerprints
    assert sealed is not None
    adopted = machine.json("seal", str(prefix), "-y")
    assert adopted["fingerprints"]["now"]["packages"] == sealed.packages


def test_digests_that_are_not_kept(rebuild: Rebuild, small: Lock) -> None:
    rebuild.export([small], pinned=PinnedMicromamba(DEFAULT, {"win-64": "0" * 64}))
    assert "checksum mismatch" in rebuild.run(code=5).stderr
    assert rebuild.calls() == []
    (package,) = small.packages
    bad = msgspec.structs.replace(package, sha256="0" * 64)
    rebuild.export([msgspec.structs.replace(small, packages=(bad,))])
    rebuild.run(code=6)
    assert (rebuild.envs / "my_env" / "conda-meta" / "sealenv.pending").exists()
    rebuild.export([small])
    rebuild.run()
    assert not (rebuild.envs / "my_env" / "conda-meta" / "sealenv.pending").exists()


def test_usage_and_the_gate(rebuild: Rebuild, small: Lock) -> None:
    name = "a (b)=c,d"
    rebuild.export([small], name)
    before = rebuild.everything()
    for args in (("a", "b"), ("a&b",), ("--remove",)):
        assert "[ERROR]" in rebuild.run(*args, code=2).stderr
    assert "CONDA_PREFIX" in rebuild.run(code=3, CONDA_PREFIX="C:\\p").stderr
    assert f" {rebuild.script.name} [NAME]\n" in rebuild.run("--help").stdout
    assert rebuild.everything() == before
    rebuild.run(code=6, FAKE_MICROMAMBA_FAIL="3")
    assert (rebuild.envs / name / "conda-meta" / "sealenv.pending").exists()


def test_hostile_words_are_text(rebuild: Rebuild, small: Lock) -> None:
    """Files with `!`, addresses with `%`: what is locked reaches micromamba letter by letter."""
    urls = [
        "https://x.invalid/main/noarch/x264-1%21164-0.conda",
        "https://x.invalid/%SystemRoot%/y-1!2-0.tar.bz2",
    ]
    packages = (
        made_up("x264", "1!164", "0", url=urls[0]),
        made_up("y", "1!2", "0", fn="y-1!2-0.tar.bz2", url=urls[1]),
        *(made_up(name, "1", "0") for name in ("pip", "python")),
    )
    wheel = tiny_wheel(rebuild.releases.root / "%wheels", f"{rebuild.releases.base}/%25wheels")
    rebuild.export([msgspec.structs.replace(small, packages=packages, wheels=(wheel,))])
    text = rebuild.script.read_bytes()
    # micromamba shows its list, in place of using it
    shown = text.replace(b'"%SB_EXE%" install', b'type "%SB_WORK%\\explicit.txt" & rem install')
    assert shown != text
    rebuild.script.write_bytes(shown)
    lines = rebuild.run(code=None).stdout.replace("\r", "").splitlines()
    begin = lines.index("@EXPLICIT")
    assert lines[begin + 1 : begin + 3] == [f"{url}#sha256:{'a' * 64}" for url in urls]
    assert ("GET", f"/%wheels/{wheel.fn}", 200) in rebuild.releases.answers


def test_a_bundle(rebuild: Rebuild, lock: Lock, tmp_path: Path, windows: Windows) -> None:
    """Made on Linux, unpacked, installed by cmd.exe with no network."""
    wheel = tiny_wheel(rebuild.releases.root / "wheels", f"{rebuild.releases.base}/wheels")
    lock = msgspec.structs.replace(lock, wheels=(wheel,))
    path = tmp_path / "my_env.sealenv"
    elsewhere = Machine(tmp_path / "another machine")
    locked = elsewhere.root / "my_env.lock"
    locked.write_text(write_pixi(LockFile(locks=(lock,), name="my_env")))
    elsewhere.run(
        "bundle", str(locked), "-o", str(path), "--micromamba", f"win-64={rebuild.released}"
    )
    folder = rebuild.root / "un packed"
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    for old in rebuild.scripts.iterdir():
        old.unlink()
    script = folder / "install.bat"
    rebuild.scripts = folder
    before = len(rebuild.releases.answers)
    run = f'call "{windows.path(script)}"'
    rebuild.env["MICROMAMBA_URL"] = "http://127.0.0.1:9"
    rebuild.line(run)
    assert len(rebuild.releases.answers) == before
    prefix = rebuild.envs / "my_env"
    (call,) = rebuild.calls()
    assert "--offline" in call["argv"]
    assert not (prefix / ".sealenv-scratch").exists()
    assert {p.stem for p in (prefix / "conda-meta").glob("*.json")} == {
        p.dist for p in lock.packages
    }
    show = "import carried; print(carried.WORD)"
    assert "carried" in windows.run([prefix / "python.exe", "-I", "-c", show]).stdout
    archive = min((folder / "packages").iterdir())
    (packed,) = (folder / "wheels").iterdir()
    for broken in (archive, packed):
        data = broken.read_bytes()
        broken.write_bytes(data[:-1] + b"!")
        done = rebuild.line(f"{run} other", code=5)
        assert "checksum mismatch" in done.stderr
        assert f"{broken.parent.name}\\{broken.name}" in done.stderr
        broken.unlink()
        done = rebuild.line(f"{run} other", code=5)
        assert "cannot copy this" in done.stderr
        assert f"{broken.parent.name}\\{broken.name}" in done.stderr
        broken.write_bytes(data)
