"""A Windows machine for tests: this one, or Wine on Linux. Both run the same tests.

Under Wine drive Z: is the root of the file system, and a path is the same on both sides but for its
spelling (`path`). Every worker has a Wine prefix of its own: hard links to the prepared one, with its
own registry. What Wine's cmd.exe does otherwise than Windows' is listed in CONTRIBUTING.md.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from _pytest.outcomes import OutcomeException

from tests.shells import required
from tests.windows.wine import copy_prefix, windows_path, wine_command

REPO = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]


class WineTimeoutError(OutcomeException):
    """A program under Wine did not end in its time; the test runs once more (conftest.py).

    No Exception, so that nothing in between takes it for the failure of what it tests: hypothesis would
    try the example again, and report that it passes.
    """


def processes(prefix: Path) -> Iterator[psutil.Process]:
    """Every process that runs with this WINEPREFIX, wineserver among them."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("WINEPREFIX") == str(prefix):
                yield process


@dataclass(frozen=True)
class Windows:
    """Runs Windows programs.

    Attributes:
        python: a python.exe that has the project's dependencies (not the project).
        folder: what provision.py made; None on Windows itself.
        prefix: the Wine prefix of this worker; None on Windows itself.
        shared: folders visible under Wine, in addition to the checkout and the temporary folder.
    """

    python: Path
    folder: Path | None = None
    prefix: Path | None = None
    shared: tuple[Path, ...] = ()
    system: Mapping[str, str] = field(default_factory=dict)

    @property
    def wine(self) -> bool:
        return self.folder is not None

    def path(self, path: Path | str) -> str:
        """A path as Windows programs take it."""
        return windows_path(path)

    def tool(self, name: str) -> Path:
        """An .exe that provision.py built (sed.exe, curl.exe); on Windows where it lies."""
        if self.folder is not None:
            return self.folder / "tools" / name
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"no {name} on this Windows")
        return Path(found)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 180,
    ) -> Done:
        """Run a program (a path of this machine, or a Windows name) with Windows arguments.

        `env` is added to the bare environment of a user who has just logged in; `PATH` in it is put
        in front of Windows' own. Exit codes arrive modulo 256 under Wine.

        Raises:
            WineTimeoutError: it did not end under Wine; the Wine prefix is a new one.
            subprocess.TimeoutExpired: it did not end on Windows.
        """
        words = [self.path(word) if isinstance(word, Path) else word for word in argv]
        return self._start(words, env or {}, cwd, stdin, timeout)

    def cmd(
        self,
        line: str,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 180,
    ) -> Done:
        r"""What `cmd /d /c "LINE"` does: one command line of cmd.exe, quoted as a user types it."""
        with tempfile.TemporaryDirectory(prefix="line-") as scratch:
            script = Path(scratch, "line.bat")
            # A batch file, so that no layer between here and cmd.exe re-quotes the line.
            text = f"@echo off\r\n{line}\r\nexit /b %ERRORLEVEL%\r\n"
            # cmd.exe reads it in the OEM code page; Wine's is 437.
            script.write_bytes(text.encode("cp437" if self.wine else "oem"))
            return self.run(
                ["cmd", "/d", "/c", script], env=env, cwd=cwd, stdin=stdin, timeout=timeout
            )

    def batch(
        self,
        script: Path,
        *args: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: str | None = None,
        timeout: float = 180,
    ) -> Done:
        """`call SCRIPT ARGS` from a clean cmd.exe; every argument is put in quotes."""
        words = " ".join(f'"{word}"' for word in (self.path(script), *args))
        return self.cmd(f"call {words}", env=env, cwd=cwd, stdin=stdin, timeout=timeout)

    def sealenv_argv(self, *args: str) -> list[str]:
        """The command line of `sealenv ARGS`, run from the sources of this checkout."""
        source = self.path(REPO / "src")
        boot = f"import sys; sys.path.insert(0, {source!r}); sys.argv[0] = 'sealenv'; "
        boot += "from sealenv.__main__ import script; sys.exit(script())"
        return [self.path(self.python), "-c", boot, *args]

    def start(self) -> None:
        """Make this worker's Wine prefix, and start Wine's services in it."""
        assert self.folder is not None and self.prefix is not None  # noqa: PT018 (for mypy)
        copy_prefix(self.folder / "prefix/wine", self.prefix)
        nowhere = subprocess.DEVNULL
        # Wine's services inherit the output, and a pipe would never end.
        for command in (["wineserver", "-p"], ["wine", "wineboot"]):
            argv, env = self._wine(command)
            subprocess.run(
                argv,
                env=env,
                stdin=nowhere,
                stdout=nowhere,
                stderr=nowhere,
                check=True,
                timeout=120,
            )

    def kill(self) -> None:
        """End every program of this worker's Wine."""
        if self.prefix:
            argv, env = self._wine(["wineserver", "-k"])
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(argv, env=env, timeout=30, check=False)
            for left in processes(self.prefix):
                with contextlib.suppress(psutil.Error):
                    left.kill()

    def renew(self) -> None:
        """End every program, and put a fresh Wine prefix in the old one's place."""
        self.kill()
        shutil.rmtree(str(self.prefix))
        self.start()

    def _start(
        self,
        words: list[str],
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: str | None,
        timeout: float,
    ) -> Done:
        folder = cwd or Path(tempfile.gettempdir())
        if self.folder is None:
            system = {**self.system, **env}
            if "PATH" in env:
                system["PATH"] = f"{env['PATH']};{self.system['PATH']}"
            argv, variables = words, system
        else:
            extra = {("WINEPATH" if name == "PATH" else name): text for name, text in env.items()}
            argv, variables = self._wine(["wine", *words], folder, extra)
        child = subprocess.Popen(
            argv,
            env=variables,
            cwd=None if self.wine else folder,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=self.wine,
        )
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        except BaseException as error:
            said = self._what_ran(error)
            if self.wine:
                os.killpg(child.pid, signal.SIGKILL)
                self.kill()
            with contextlib.suppress(OSError), child:
                child.kill()
            if not isinstance(error, subprocess.TimeoutExpired) or not self.wine:
                raise
            self.renew()
            raise WineTimeoutError(said) from None
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def _what_ran(self, error: BaseException) -> str:
        """Describe a timeout: every process under Wine, and what was printed so far."""
        lines = [str(error)]
        for process in processes(self.prefix) if self.prefix else ():
            with contextlib.suppress(psutil.Error):
                cpu = sum(process.cpu_times()[:2])
                lines.append(f"{process.status()}, {cpu:.2f} s: {process.cmdline()}")
        for name in ("stdout", "stderr"):
            so_far = getattr(error, name, None) or b""
            lines.append(f"{name}, so far: {so_far.decode(errors='replace')}")
        return "\n".join(lines)

    def _wine(
        self, command: list[str], cwd: Path = Path("/"), env: Mapping[str, str] | None = None
    ) -> tuple[list[str], dict[str, str]]:
        assert self.folder is not None
        assert self.prefix is not None
        folders = [REPO, Path(tempfile.gettempdir()), *self.shared]
        return wine_command(self.folder, self.prefix, command, folders=folders, cwd=cwd, env=env)


def find_windows(scratch: Path) -> Windows:
    """This machine's Windows; skips where there is none, fails where one is required.

    SEALENV_TEST_WINE names the folder of provision.py; `wine` in SEALENV_TEST_REQUIRE makes a missing
    one a failure.
    """
    if os.name == "nt":
        return Windows(Path(sys.executable), system=_logged_in())
    named = os.environ.get("SEALENV_TEST_WINE")
    if not named or not (Path(named) / "prefix/.key").is_file():
        message = (
            "no Wine here (python3 -m tests.windows.provision FOLDER, SEALENV_TEST_WINE=FOLDER)"
        )
        if required("wine"):
            pytest.fail(message)
        pytest.skip(message)
    folder = Path(named)
    python = folder / "python/python.exe"
    windows = Windows(python, folder, scratch / "wine", _shared())
    windows.start()
    return windows


def _shared() -> tuple[Path, ...]:
    cache = os.environ.get("SEALENV_TEST_CACHE")
    places = [Path(cache)] if cache else []
    return tuple(place.resolve() for place in places if place.is_dir())


def _logged_in() -> dict[str, str]:
    """The environment of this process without what belongs to any Python."""
    dropped = ("CONDA", "MAMBA", "PYTHON", "VIRTUAL_ENV", "_CE_", "PIP_", "UV_", "PY_")
    kept = {name: text for name, text in os.environ.items() if not name.upper().startswith(dropped)}
    root = os.environ.get("SYSTEMROOT", r"C:\Windows")
    kept["PATH"] = f"{root}\\System32;{root};{root}\\System32\\Wbem"
    return kept
