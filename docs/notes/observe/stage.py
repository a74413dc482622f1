"""What observations run on: a folder of their own, and things that are made once for all of them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from docs.notes.observe.note import Observation, settle
from sealenv.tour.channel import DemoChannel, build_demo_channel

REPO = Path(__file__).resolve().parents[3]
_BOOT = (
    f"import sys; sys.path.insert(0, {str(REPO / 'src')!r}); sys.argv[0] = 'sealenv'; "
    "from sealenv.__main__ import main; sys.exit(main())"
)


def lay(observation: Observation, folder: Path, ends: str) -> None:
    """Make the folder and the files that an observation begins with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in observation.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.replace("\n", ends).encode("utf-8"))
        if text.startswith("#!"):
            path.chmod(0o755)


class LinuxStage:
    """Runs observations in bash, in folders below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def observe(self, observation: Observation) -> str:
        """What the script printed, in stable words."""
        folder = self.root / (observation.place or observation.name)
        lay(observation, folder, "\n")
        for name in ("home", "tmp", "bin"):
            (folder / name).mkdir(exist_ok=True)
        if observation.prepare:
            observation.prepare(self, folder)
        done = subprocess.run(
            [shutil.which("bash") or "bash", "--norc", "--noprofile", "-c", observation.script],
            env=self._environment(folder),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        folders = {str(folder): "/field", str(self.root): "/stage", sys.prefix: "/venv"}
        return settle(done.stdout, observation, folders)

    def _environment(self, folder: Path) -> dict[str, str]:
        return {
            "PATH": f"{folder}/bin:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SEALENV_ENVS": str(folder / "envs"),
            "SEALENV_CACHE": str(self.root / "cache"),
            "CHANNEL": self.__dict__["channel"].url if "channel" in self.__dict__ else "",
        }

    @cached_property
    def channel(self) -> DemoChannel:
        """The channel of `sealenv demo`: the running python and pip, stand-ins for conda and mamba."""
        return build_demo_channel(self.root / "channel")

    def install(self, folder: Path) -> None:
        """`sealenv` on PATH, run from these sources."""
        self.channel  # noqa: B018 (made once; its address goes into the environment)
        program = folder / "bin" / "sealenv"
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-c", _BOOT])} "$@"\n')
        program.chmod(0o755)

    def environment(self, folder: Path) -> None:
        """`sealenv` on PATH, and `envs/my_env`, if no earlier observation of the folder has made it."""
        self.install(folder)
        if not (folder / "envs/my_env").exists():
            command = ["sealenv", "create", "-q", "my_env", "-c", self.channel.url, "--no-pyc"]
            subprocess.run(command, env=self._environment(folder), check=True, capture_output=True)

    def copy(self, folder: Path, *names: str) -> None:
        """Files of `bootstrap/` into the folder."""
        for name in names:
            shutil.copy(REPO / "bootstrap" / name, folder / name)
