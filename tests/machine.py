"""A user's machine in a temporary folder, with the real command line on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sealenv.tour.channel import DemoChannel
from tests.answers import validate

SRC = Path(__file__).resolve().parent.parent / "src"


class Machine:
    """HOME, environments, cache and temporary folder, all below one folder."""

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self.root = root
        self.home = root / "home"
        self.envs = root / "envs"
        self.cache = cache or root / "cache"
        self.tmp = root / "tmp"
        for folder in (self.home, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
        self.env = {
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SEALENV_ENVS": str(self.envs),
            "SEALENV_CACHE": str(self.cache),
            "SEALENV_TIMEOUT": "20",
        }

    def command(self, *args: str) -> list[str]:
        """The command line of `sealenv ARGS`, run from these sources."""
        boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); sys.argv[0] = 'sealenv'; "
        return [
            sys.executable,
            "-c",
            boot + "from sealenv.__main__ import script; sys.exit(script())",
            *args,
        ]

    def run(
        self, *args: str, code: int | None = 0, stdin: str | None = None, **extra: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `sealenv ARGS` to its end and check the exit code (None: any)."""
        done = subprocess.run(
            self.command(*args),
            env=self.env | extra,
            cwd=self.root,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(
        self, *args: str, code: int | None = 0, stdin: str | None = None, **extra: str
    ) -> dict[str, Any]:
        """Run with `--json` and return what it says, which must be what the schema says."""
        done = self.run(*args, "--json", code=code, stdin=stdin, **extra)
        answer: dict[str, Any] = json.loads(done.stdout)
        validate(args, answer, done.returncode)
        return answer

    def create(
        self, name: str, channel: DemoChannel | str, *args: str, code: int = 0, **extra: str
    ) -> dict[str, Any]:
        """`sealenv create NAME -c CHANNEL ARGS --json`."""
        url = channel if isinstance(channel, str) else channel.url
        return self.json("create", name, "-c", url, *args, code=code, **extra)

    def tiny(
        self,
        name: str,
        url: str,
        *packages: str,
        args: Sequence[str] = (),
        code: int = 0,
        **extra: str,
    ) -> dict[str, Any]:
        """A create of these packages alone, without python: it takes a third of a second."""
        return self.json("create", name, "-c", url, *tiny(*packages), *args, code=code, **extra)

    def start(self, *args: str, **extra: str) -> subprocess.Popen[str]:
        """Start `sealenv ARGS` in a process group of its own."""
        return subprocess.Popen(
            self.command(*args),
            env=self.env | extra,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def snapshot(self, *skip: Path) -> dict[str, tuple[int, int, float]]:
        """Mode, size and time of everything below the root, but for some folders."""
        return dict(self._entries(self.root, skip))

    def _entries(
        self, folder: Path, skip: tuple[Path, ...]
    ) -> Iterator[tuple[str, tuple[int, int, float]]]:
        for child in sorted(folder.iterdir()):
            if child in skip:
                continue
            status = child.lstat()
            if child.is_dir() and not child.is_symlink():
                yield str(child), (status.st_mode, 0, 0.0)
                yield from self._entries(child, skip)
            else:
                yield str(child), (status.st_mode, status.st_size, status.st_mtime)


def tiny(*packages: str) -> list[str]:
    """The arguments with which create takes these packages and no other, not even python."""
    defaults = ("python", "conda", "mamba", "pip")
    wanted = [argument for package in packages for argument in ("--with", package)]
    return [*(f"--without={name}" for name in defaults if name not in packages), *wanted]


def traces(root: Path, secret: bytes) -> list[str]:
    """Every file below root whose name or content has the secret in it."""
    found = []
    for path in root.rglob("*"):
        plain = path.is_file() and not path.is_symlink()
        if secret in os.fsencode(path.name) or (plain and secret in path.read_bytes()):
            found.append(str(path))
    return found


def children_of(pid: int) -> list[int]:
    """The direct children of a process, told by /proc."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def umask() -> int:
    """The umask of this process."""
    old = os.umask(0)
    os.umask(old)
    return old
