"""A user of Windows in a temporary folder, with the real command line: tests/machine.py for Windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.windows.machine import REPO, Done, Windows


class User:
    """Profile, environments, cache and temporary folder, all below one folder with a space in it."""

    def __init__(self, windows: Windows, root: Path, *, cache: Path | None = None) -> None:
        self.windows = windows
        self.root = root
        self.home = root / "home"
        self.envs = root / "my envs"
        self.cache = cache or root / "cache"
        self.tmp = root / "tmp"
        for folder in (self.home, self.tmp):
            folder.mkdir(parents=True, exist_ok=True)
        path = windows.path
        self.env = {
            "USERPROFILE": path(self.home),
            "APPDATA": path(self.home / "AppData/Roaming"),
            "LOCALAPPDATA": path(self.home / "AppData/Local"),
            "TEMP": path(self.tmp),
            "TMP": path(self.tmp),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SEALENV_ENVS": path(self.envs),
            "SEALENV_CACHE": path(self.cache),
            "SEALENV_TIMEOUT": "20",
        }

    def run(self, *args: str, code: int | None = 0, **extra: str) -> Done:
        """Run `sealenv ARGS` to its end and check the exit code (None: any)."""
        done = self.windows.run(
            self.windows.sealenv_argv(*args), env={**self.env, **extra}, cwd=self.root
        )
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str, code: int | None = 0, **extra: str) -> Any:
        """Run with `--json` and return what it says."""
        return json.loads(self.run(*args, "--json", code=code, **extra).stdout)

    def python(self, source: str, *args: str, code: int | None = 0) -> Done:
        """Run a Python script that can import sealenv; `args` are its sys.argv[1:]."""
        boot = f"import sys; sys.path.insert(0, {self.windows.path(REPO / 'src')!r})\n"
        done = self.windows.run(
            [self.windows.python, "-c", boot + source, *args], env=self.env, cwd=self.root
        )
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def path(self, path: Path | str) -> str:
        """A path as Windows programs take it."""
        return self.windows.path(path)
