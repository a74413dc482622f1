"""Where observations of cmd.exe run: a Wine, an environment for win-64, a release and a channel."""

from __future__ import annotations

import contextlib
import os
import shutil
from functools import cached_property
from pathlib import Path

from docs.notes.observe.note import Observation, settle
from docs.notes.observe.stage import lay
from tests.channel import Channels, ChannelServer
from tests.windows.bootstrapping import HERE, Bare, release
from tests.windows.machine import Windows
from tests.windows.prefixes import create_on_this_machine
from tests.windows.provision import compile_exe


class WindowsStage(contextlib.ExitStack):
    """Runs observations in cmd.exe, in folders below one root; leave it with `with`."""

    def __init__(self, root: Path, windows: Windows, channels: Channels) -> None:
        super().__init__()
        self.root = root
        self.windows = windows
        self.channels = channels

    def observe(self, observation: Observation) -> str:
        """What the batch file printed, in stable words; its errors stand where they came."""
        folder = self.root / observation.name
        lay(observation, folder, "\r\n")
        if observation.prepare:
            observation.prepare(self, folder)
        script = folder / "run.bat"
        text = "@echo off\n" + observation.script.strip("\n") + "\n"
        script.write_bytes(text.replace("\n", "\r\n").encode("cp437"))
        temp = folder / "temp"
        temp.mkdir(exist_ok=True)
        path = self.windows.path
        # Wine puts its own TEMP in place of the one that a program is started with.
        line = f'set "TEMP={path(temp)}"\r\nset "TMP={path(temp)}"\r\n'
        line += f'cmd /d /c "{path(script)}" 2>&1'
        done = self.windows.cmd(line, cwd=folder)
        if not done.stdout:
            raise RuntimeError(f"{observation.name} printed nothing: {done.stderr}")
        places = {path(folder): r"C:\field", path(self.root): r"C:\stage"}
        both = {**places, **{old.replace("\\", "/"): new for old, new in places.items()}}
        both[str(self.root)] = "/stage"
        return settle(done.stdout, observation, both)

    @cached_property
    def made(self) -> Path:
        """A sealed environment for win-64: CPython for Windows, stand-ins for conda and mamba."""
        return create_on_this_machine(self.root / "made here", self.channels)

    def environment(self, folder: Path, name: str = "env") -> Path:
        """Hard links to it; the files that hold a path say that it was made here."""
        prefix = folder / name
        shutil.copytree(self.made, prefix, symlinks=True, dirs_exist_ok=True, copy_function=os.link)
        here = self.windows.path(prefix).replace("\\", "/").encode()
        folders = ("condabin", "Scripts", "etc", "shell")
        for path in (found for name in folders for found in (prefix / name).rglob("*")):
            if path.is_file() and str(self.made).encode() in path.read_bytes():
                data = path.read_bytes().replace(str(self.made).encode(), here)
                path.unlink()  # it is a hard link
                path.write_bytes(data)
        return prefix

    @cached_property
    def exe(self) -> bytes:
        """The stand-in for micromamba.exe."""
        target = self.root / "stand-in" / "micromamba.exe"
        target.parent.mkdir()
        python = self.windows.path(self.windows.python)
        script = self.windows.path(HERE.parent / "fake_micromamba.py")
        compile_exe(HERE / "fake_launcher.c", target, TARGET=f'"{python}" "{script}"')
        return target.read_bytes()

    @cached_property
    def releases(self) -> ChannelServer:
        """A server with a release of micromamba, which is the stand-in."""
        release(self.root / "releases", self.exe)
        return self.enter_context(ChannelServer(self.root / "releases"))

    @cached_property
    def channel(self) -> str:
        """The address of the channel."""
        return self.enter_context(ChannelServer(self.channels.root)).url()

    def bare(self, folder: Path) -> None:
        r"""The standalone scripts in `scripts`, and `env.bat`, which sets what points at the servers."""
        bare = Bare(self.windows, folder / "user", self.releases, self.channel)
        shutil.move(str(bare.scripts), folder / "scripts")
        names = ["PY_ENVS", "USERPROFILE", "CONDA_PKGS_DIRS", "MICROMAMBA_URL"]
        names += ["MICROMAMBA_SHA256", "TEMP", "TMP", "FAKE_MICROMAMBA_LOG"]
        lines = [f'@set "{name}={bare.env[name]}"' for name in names]
        lines.append(f'@set "CHANNEL={self.channel}"')
        (folder / "env.bat").write_bytes("\r\n".join([*lines, ""]).encode())

    def tool(self, folder: Path, *places: str) -> None:
        """A small program (GNU sed) under these names."""
        for place in places:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.windows.tool("sed.exe"), folder / place)
