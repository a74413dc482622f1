"""A bare POSIX machine with a standalone or exported script on it; a server with a release."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sealenv.bootstrap import write
from sealenv.bootstrap.rebuild import render_rebuild
from sealenv.bootstrap.scripts import PINNED, PinnedMicromamba
from sealenv.layout import META, walk
from sealenv.locks import Lock
from sealenv.tour.archive import PLACEHOLDER, Package, Payload
from sealenv.tour.channel import stand_in
from tests.channel import ChannelServer
from tests.micromamba import calls
from tests.shells import require_shell

Done = subprocess.CompletedProcess[str]
DEFAULT = PINNED.version
MADE_AFTERWARDS = (META, "pkgs", "__home__", "etc/sealenv", "activate.", ".condarc")
"""What says when and how an environment was made, and what only sealenv's own create adds."""
FAKE = Path(__file__).resolve().parents[1] / "fake_micromamba.py"
TOOLS = (
    *("sh", "env", "sed", "uname", "mktemp", "rm", "mkdir", "rmdir", "cat", "cut", "tr", "head"),
    *("tail", "ls", "ln", "cp", "mv", "chmod", "find", "grep", "wc", "dirname", "flock"),
)
"""What the script uses in addition to curl or wget and a program for sha256."""


def release(folder: Path, subdir: str, version: str = DEFAULT) -> Path:
    """A release as upstream publishes it; its executable starts tests/fake_micromamba.py."""
    place = folder / "download" / version
    place.mkdir(parents=True, exist_ok=True)
    command = shlex.join([sys.executable, str(FAKE)])
    program = f'#!/bin/sh\n# a stand-in, not micromamba\nexec {command} "$@"\n'.encode()
    (place / f"micromamba-{subdir}").write_bytes(program)
    digest = hashlib.sha256(program).hexdigest()
    (place / f"micromamba-{subdir}.sha256").write_text(digest)
    return place


_HOOK = f"""\
# a stand-in made by sealenv for its tests, not conda's
conda() {{
    [ "$1" = activate ] || return 2
    export PATH='{PLACEHOLDER}/bin':"$PATH" CONDA_PREFIX="$2" CONDA_SHLVL=1
}}
"""


def conda_with_hook() -> Package:
    """The stand-in for conda with the file of conda that activates in a POSIX shell."""
    hook = Payload(
        "etc/profile.d/conda.sh",
        data=_HOOK.encode(),
        prefix_placeholder=PLACEHOLDER,
        file_mode="text",
    )
    conda = stand_in("conda")
    payload = tuple(sorted((*conda.payload, hook), key=lambda item: item.path))
    return replace(conda, build="stand_in_1", build_number=1, payload=payload)


class Bare:
    """The script, and what a run of it sees; PATH holds only the tools that are named."""

    def __init__(self, root: Path, server: ChannelServer, url: str, shell: str) -> None:
        self.root = root
        self.server = server
        self.url = url
        self.shell = shell
        self.before: list[str] = []
        """A command that starts the shell."""
        self.scripts = root / "scripts"
        self.envs = root / "envs"
        self.tmp = root / "tmp"
        self.home = root / "home"
        self.pkgs = root / "pkgs"
        self.cache = root / "cache"
        self.log = root / "calls.jsonl"
        self.bin = root / "bin"
        for folder in (self.scripts, self.envs, self.tmp, self.home, self.bin):
            folder.mkdir(parents=True)
        write(self.scripts)
        self.tools("curl", "sha256sum")
        (executable,) = server.root.glob(f"download/{DEFAULT}/micromamba-*[!6]")
        self.executable = executable
        """The stand-in for micromamba that the server has."""
        self.digest = hashlib.sha256(executable.read_bytes()).hexdigest()
        self.env = {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "PY_ENVS": str(self.envs),
            "CACHE": str(self.cache),
            "CONDA_PKGS_DIRS": str(self.pkgs),
            "CHANNEL": url,
            "MICROMAMBA_URL": server.base,
            "MICROMAMBA_SHA256": self.digest,
            "FAKE_MICROMAMBA_LOG": str(self.log),
        }

    def use_shell(self, name: str) -> None:
        """Another shell runs the script from now on."""
        self.shell = require_shell(name)

    def fake_before(self, tool: str, commands: str) -> None:
        """A stand-in for a tool: runs these commands of sh, and then the real tool in its place."""
        real = shutil.which(tool)
        assert real
        (self.bin / tool).unlink()
        (self.bin / tool).write_text(f'#!/bin/sh\n{commands}\nexec {real} "$@"\n')
        (self.bin / tool).chmod(0o755)

    def tools(self, *extra: str, without: tuple[str, ...] = ()) -> None:
        """PATH holds the needed tools and these."""
        for old in self.bin.iterdir():
            old.unlink()
        for name in (*TOOLS, *extra):
            if name in without:
                continue
            found = shutil.which(name)
            if found:
                (self.bin / name).symlink_to(found)
            else:
                assert name == "flock", f"no {name} on this machine"

    @property
    def script(self) -> Path:
        return self.scripts / "micromamba_bootstrap.sh"

    def run(self, *args: str, code: int = 0, **extra: str) -> Done:
        """`sh micromamba_bootstrap.sh ARGS` with more variables; checks the exit code."""
        done = subprocess.run(
            [*self.before, self.shell, str(self.script), *args],
            env={k: v for k, v in (self.env | extra).items() if v},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def calls(self) -> list[dict[str, Any]]:
        """What the stand-in for micromamba was called with."""
        return calls(self.log)

    def everything(self) -> set[str]:
        """Every path below the root."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}


class Rebuild(Bare):
    """The script alone in its folder; PATH holds only the tools that are named."""

    @property
    def script(self) -> Path:
        return self.scripts / "my env.sh"

    def export(self, locks: Sequence[Lock], name: str = "my_env", **more: Any) -> None:
        """Write the script; the server's executable is pinned."""
        known = {lock.platform: self.digest for lock in locks}
        pinned = more.pop("pinned", PinnedMicromamba(DEFAULT, known))
        for old in self.scripts.iterdir():
            old.unlink()
        self.script.write_bytes(render_rebuild("sh", locks, name, pinned, **more))


def use_stand_in(script: Path, digest: str) -> None:
    """Let an exported .sh accept the stand-in instead of the pinned micromamba."""
    text = script.read_text()
    pinned = [sha256 for sha256 in PINNED.sha256.values() if sha256 in text]
    assert len(pinned) == 1
    script.write_text(text.replace(pinned[0], digest))


def payload(prefix: Path) -> dict[str, tuple[bool, object]]:
    """Content, and whether it is executable, of what packages put into a prefix; no .pyc."""
    found: dict[str, tuple[bool, object]] = {}
    for entry in walk(prefix):
        if entry.relative.startswith(MADE_AFTERWARDS) or entry.is_dir:
            continue
        if entry.relative.endswith(".pyc"):
            continue
        path = Path(entry.path)
        content: object = path.readlink() if entry.is_link else path.read_bytes()
        found[entry.relative] = (bool(entry.status.st_mode & 0o100), content)
    return found
