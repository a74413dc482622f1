"""The exported .sh, all of it: in dash, through curl or wget and a real server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from sealenv.bootstrap.scripts import PINNED
from sealenv.locks import Lock
from sealenv.seals.seal import read_seal
from tests.bootstrap.machine import Rebuild, payload
from tests.channel import Channels, ChannelServer
from tests.locking import lock_of, tiny_wheel
from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a POSIX script")


@pytest.fixture(scope="module")
def lock(channels: Channels, channel_url: str, tmp_path_factory: pytest.TempPathFactory) -> Lock:
    """The defaults, a binary and a text placeholder, a link, a .tar.bz2."""
    more = ("hello-prefix", "archive-bz2")
    cache = tmp_path_factory.mktemp("solving")
    return lock_of(channel_url, cache, python=channels.python_minor, more=more)


@pytest.fixture
def small(lock: Lock) -> Lock:
    """One package of it, without python."""
    package = lock.find("hello-prefix")
    assert package is not None
    return Lock(platform=lock.platform, channels=lock.channels, packages=(package,))


@pytest.fixture
def rebuild(tmp_path: Path, releases: ChannelServer, channel_url: str) -> Rebuild:
    return Rebuild(tmp_path / "a user", releases, channel_url, require_shell("dash"))


@pytest.mark.slow
def test_the_very_environment(
    rebuild: Rebuild, lock: Lock, channels: Channels, channel_url: str
) -> None:
    """File by file what sealenv's own create makes of the same packages in the same place."""
    machine = Machine(rebuild.root / "user")
    target = rebuild.root / "envs" / "my_env"
    wanted = ("--with", "hello-prefix", "--with", "archive-bz2", "--no-pyc")
    machine.json("create", "-p", str(target), channels.python_minor, "-c", channel_url, *wanted)
    expected, sealed = payload(target), read_seal(target).fingerprints
    assert sealed is not None
    machine.run("remove", str(target), "-y")

    rebuild.export([lock])
    rebuild.run()
    assert payload(target) == expected
    (call,) = rebuild.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--no-shortcuts", "--yes", "--extra-safety-checks"} <= set(words)
    assert words[words.index("--safety-checks") + 1] == "enabled"
    assert call["environ"]["HOME"].startswith(str(rebuild.tmp))
    assert call["environ"]["CONDA_PKGS_DIRS"] == str(rebuild.pkgs)
    assert list(rebuild.home.iterdir()) == []
    assert list(rebuild.tmp.iterdir()) == []
    records = {path.stem for path in (target / "conda-meta").glob("*.json")}
    assert records == {p.dist for p in lock.packages}
    meta = {path.name for path in (target / "conda-meta").iterdir()}
    assert {"history", "sealenv.bootstrap"} <= meta
    assert "sealenv.pending" not in meta
    assert not (target / ".sealenv-scratch").exists()
    assert not any(path.endswith("repodata.json") for _, path, _ in rebuild.server.answers)
    (listed,) = machine.json("list", "--in", str(rebuild.envs))["environments"]
    assert (listed["name"], listed["state"]) == ("my_env", "foreign")
    adopted = machine.json("seal", str(target), "-y")
    assert adopted["fingerprints"]["now"]["packages"] == sealed.packages
    assert adopted["lock_digest"] == lock.digest()


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_without_python_under_another_name(rebuild: Rebuild, small: Lock, shell: str) -> None:
    rebuild.use_shell(shell)
    rebuild.tools("wget", "shasum")
    rebuild.export([small], "my (env)")
    rebuild.run("other")
    rebuild.run()
    rebuild.run(ENV_PREFIX=str(rebuild.root / "deep" / "x y"))
    for prefix in (
        rebuild.envs / "other",
        rebuild.envs / "my (env)",
        rebuild.root / "deep" / "x y",
    ):
        ran = subprocess.run([prefix / "bin" / "hello-prefix"], capture_output=True, text=True)
        assert str(prefix) in ran.stdout
    before = rebuild.everything()
    assert "this exists already" in rebuild.run("other", code=7).stderr
    assert rebuild.everything() == before


def test_digests_that_are_not_kept(rebuild: Rebuild, small: Lock) -> None:
    rebuild.export([small], pinned=PINNED)  # the digest of the release
    assert "checksum mismatch" in rebuild.run(code=5).stderr
    assert not (rebuild.envs / "my_env").exists()
    assert rebuild.calls() == []
    bad = msgspec.structs.replace(small.packages[0], sha256="0" * 64)
    rebuild.export([msgspec.structs.replace(small, packages=(bad,))])
    rebuild.run(code=6)
    assert (rebuild.envs / "my_env" / "conda-meta" / "sealenv.pending").exists()
    rebuild.export([small])
    rebuild.run()


def test_refusals(rebuild: Rebuild, small: Lock) -> None:
    rebuild.export([small])
    before = rebuild.everything()
    assert "CONDA_PREFIX" in rebuild.run(code=3, CONDA_PREFIX="/p").stderr
    for args in (("a", "b"), ("--remove",), ("a&b",), ("-x",)):
        assert "[ERROR]" in rebuild.run(*args, code=2).stderr
    assert "unknown option: --dry-run" in rebuild.run("--dry-run", code=2).stderr
    text = rebuild.run("--help").stdout
    assert text.startswith(f"{rebuild.script.name} [NAME]\n")
    assert "MICROMAMBA_URL" in text
    assert rebuild.everything() == before
    other = "linux-aarch64" if small.platform != "linux-aarch64" else "linux-64"
    rebuild.export([Lock(platform=other, channels=(), packages=small.packages)])
    assert f"packages are listed for {other}, not for" in rebuild.run(code=6).stderr


@pytest.mark.slow
def test_wheels(rebuild: Rebuild, lock: Lock) -> None:
    """Downloaded and hashed before anything is made; then the environment's own pip installs them."""
    wheel = tiny_wheel(rebuild.server.root / "wheels", f"{rebuild.server.base}/wheels")
    bad = msgspec.structs.replace(wheel, sha256="0" * 64)
    rebuild.export([msgspec.structs.replace(lock, wheels=(bad,))])
    said = rebuild.run(code=5).stderr
    assert "checksum mismatch" in said
    assert not (rebuild.envs / "my_env").exists()
    rebuild.export([msgspec.structs.replace(lock, wheels=(wheel,))])
    rebuild.run(PIP_INDEX_URL="http://127.0.0.1:9", PIP_REQUIRE_VIRTUALENV="1")
    prefix = rebuild.envs / "my_env"
    command = [str(prefix / "bin" / "python"), "-I", "-c", "import carried; print(carried.WORD)"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "carried\n"
    (info,) = prefix.glob("lib/python*/site-packages/carried-1.0.dist-info")
    assert not (info / "direct_url.json").exists()
    assert list(rebuild.tmp.iterdir()) == []
