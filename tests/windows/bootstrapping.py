"""A bare Windows machine with the standalone scripts on it; a server with a release and a channel."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sealenv.bootstrap import write
from sealenv.bootstrap.scripts import PINNED
from tests.channel import Channels, ChannelServer
from tests.micromamba import calls
from tests.windows.machine import Done, Windows
from tests.windows.provision import COMPILER, compile_exe

HERE = Path(__file__).resolve().parent
DEFAULT = PINNED.version


@dataclass
class Bare:
    """The scripts in a folder of their own, and what a run of them sees.

    Attributes:
        scripts: the folder of the scripts.
        envs: PY_ENVS.
        log: one line of JSON for each call of the stand-in for micromamba.
        url: the channel.
    """

    windows: Windows
    root: Path
    releases: ChannelServer
    url: str
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scripts = self.root / "scripts"
        self.envs = self.root / "envs"
        self.temp = self.root / "temp"
        self.home = self.root / "home"
        self.pkgs = self.root / "pkgs"
        self.log = self.root / "calls.jsonl"
        for folder in (self.scripts, self.envs, self.temp, self.home):
            folder.mkdir(parents=True)
        write(self.scripts)
        path = self.windows.path
        self.env = {
            "PY_ENVS": path(self.envs),
            "TEMP": path(self.temp),
            "TMP": path(self.temp),
            "USERPROFILE": path(self.home),
            "CONDA_PKGS_DIRS": path(self.pkgs),
            "CHANNEL": self.url,
            "MICROMAMBA_URL": self.releases.base,
            "MICROMAMBA_SHA256": digest(self.released),
            "FAKE_MICROMAMBA_LOG": path(self.log),
            **self.env,
        }

    @property
    def released(self) -> Path:
        """The executable on the server."""
        return self.releases.root / "download" / DEFAULT / "micromamba-win-64.exe"

    @property
    def script(self) -> Path:
        return self.scripts / "Micromamba_bootstrap.bat"

    @property
    def exe(self) -> Path:
        """Where the cached executable is."""
        return self.temp / "micromamba" / f"micromamba-{DEFAULT}-win-64.exe"

    def run(self, *args: str, code: int | None = 0, **extra: str) -> Done:
        """`call Micromamba_bootstrap.bat ARGS`, each argument in quotes."""
        return self.line(" ".join(["call BOOT", *(f'"{a}"' for a in args)]), code=code, **extra)

    def line(self, line: str, *, code: int | None = 0, **extra: str) -> Done:
        """A line of cmd.exe; BOOT in it stands for the script, in quotes.

        The variables are set by cmd.exe itself: Wine puts its own TEMP and USERPROFILE in place of
        those that a process is started with.
        """
        variables = {k: v.replace("%", "%%") for k, v in (self.env | extra).items()}
        sets = "".join(f'set "{name}={text}"\r\n' for name, text in variables.items())
        text = line.replace("BOOT", f'"{self.windows.path(self.script)}"')
        done = self.windows.cmd(sets + text, cwd=self.root)
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def calls(self) -> list[dict[str, Any]]:
        """What the stand-in for micromamba was called with."""
        return calls(self.log)

    def everything(self) -> set[str]:
        """Every path below the root."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


def release(folder: Path, exe: bytes, version: str = DEFAULT) -> Path:
    """A release as upstream publishes it: the executable, and its digest without a newline."""
    place = folder / "download" / version
    place.mkdir(parents=True, exist_ok=True)
    (place / "micromamba-win-64.exe").write_bytes(exe)
    (place / "micromamba-win-64.sha256").write_text(hashlib.sha256(exe).hexdigest())
    return place


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def fake_micromamba_exe(windows: Windows, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small .exe that starts tests/fake_micromamba.py: a stand-in, not micromamba."""
    if not shutil.which(COMPILER):
        pytest.skip(f"no {COMPILER} to make the stand-in for micromamba.exe")
    target = tmp_path_factory.mktemp("fake") / "micromamba.exe"
    python, script = windows.path(windows.python), windows.path(HERE.parent / "fake_micromamba.py")
    compile_exe(HERE / "fake_launcher.c", target, TARGET=f'"{python}" "{script}"')
    return target.read_bytes()


@pytest.fixture
def releases(tmp_path: Path, fake_micromamba_exe: bytes) -> Iterator[ChannelServer]:
    """The releases of micromamba, over http."""
    folder = tmp_path / "releases"
    release(folder, fake_micromamba_exe)
    with ChannelServer(folder) as server:
        yield server


@pytest.fixture(scope="session")
def channel_url(channels: Channels) -> Iterator[str]:
    """The local channel, over http."""
    with ChannelServer(channels.root) as server:
        yield server.url()


@pytest.fixture
def bare(windows: Windows, tmp_path: Path, releases: ChannelServer, channel_url: str) -> Bare:
    """A machine that has never seen a Python; there is a space in its paths."""
    return Bare(windows, tmp_path / "a user", releases, channel_url)
