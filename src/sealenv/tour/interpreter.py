"""Facts about a Python installation, asked from the interpreter itself in a clean child process."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import UsageError

__all__ = ["SYSTEM_PREFIXES", "Interpreter", "base_executable", "inspect_interpreter"]

SYSTEM_PREFIXES = frozenset({"/usr", "/usr/local", "/opt", "/opt/local", "/opt/homebrew", "/"})
"""Prefixes that an interpreter shares with the system: their text is not replaced blindly."""

_QUERY = """
import json, os, sys, sysconfig
v = sysconfig.get_config_var
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "level": sys.version_info[3],
    "executable": os.path.realpath(sys.executable),
    "prefix": sys.base_prefix,
    "exec_prefix": sys.base_exec_prefix,
    "stdlib": os.path.dirname(os.path.realpath(os.__file__)),
    "include": v("INCLUDEPY") or "",
    "libdir": v("LIBDIR") or "",
    "library": (v("INSTSONAME") or "") if v("Py_ENABLE_SHARED") else "",
    "framework": v("PYTHONFRAMEWORK") or "",
    "abiflags": getattr(sys, "abiflags", ""),
    "free_threaded": bool(v("Py_GIL_DISABLED")),
    "implementation": sys.implementation.name,
    "scripts": v("BINDIR") or "",
}))
"""

_MACHINES = {"x86_64": "64", "amd64": "64", "i686": "32", "i386": "32"}


@dataclass(frozen=True)
class Interpreter:
    """An installed CPython: where its parts are, and what it is."""

    version: str
    executable: Path
    prefix: Path
    stdlib: Path
    include: Path | None
    libdir: Path | None
    library: str
    subdir: str
    free_threaded: bool = False

    @property
    def minor(self) -> str:
        """`3.12`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def tagged(self) -> str:
        """`python3.12`, `python3.13t` for the free-threaded build: the name of its folders."""
        return f"python{self.minor}{'t' if self.free_threaded else ''}"

    @property
    def shares_system_prefix(self) -> bool:
        """Whether the prefix is one like /usr, which is much more than this interpreter."""
        return str(self.prefix) in SYSTEM_PREFIXES

    @property
    def site_packages(self) -> str:
        """Where noarch packages go, relative to the prefix (CEP 17)."""
        return f"lib/{self.tagged}/site-packages"


def base_executable() -> Path:
    """The running interpreter's own installation, not a virtual environment on top of it."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return Path(base).resolve()


def inspect_interpreter(executable: Path | None = None) -> Interpreter:
    """Ask an interpreter for its layout.

    Args:
        executable: its program file; the base installation of the running one when left out.

    Raises:
        UsageError: it does not run, or is one that cannot be repackaged.
    """
    program = (executable or base_executable()).absolute()
    facts = _ask(program)
    if facts["implementation"] != "cpython":
        raise UsageError("Only CPython can be repackaged.", where=str(program))
    if facts["framework"]:
        raise UsageError(
            "A macOS framework build of Python cannot be repackaged.",
            where=str(program),
            hint="Run sealenv with a Python from uv or from conda-forge.",
        )
    version = str(facts["version"])
    if facts["level"] != "final":
        raise UsageError(f"Python {version} is a pre-release.", where=str(program))
    return Interpreter(
        version=version,
        executable=Path(str(facts["executable"])),
        prefix=Path(str(facts["prefix"])),
        stdlib=Path(str(facts["stdlib"])),
        include=_folder(str(facts["include"])),
        libdir=_folder(str(facts["libdir"])),
        library=str(facts["library"]),
        subdir=_subdir(),
        free_threaded=bool(facts["free_threaded"]),
    )


def _ask(program: Path) -> dict[str, object]:
    keep = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "LANG")
    environment = {name: os.environ[name] for name in keep if name in os.environ}
    command = [str(program), "-I", "-S", "-B", "-c", _QUERY]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=60,
        )
        answer: dict[str, object] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise UsageError(
            "This interpreter does not answer.", where=str(program), details=[str(error)]
        ) from error
    return answer


def _folder(text: str) -> Path | None:
    path = Path(text)
    return path if text and path.is_dir() else None


def _subdir() -> str:
    system = {"linux": "linux", "darwin": "osx", "win32": "win"}.get(sys.platform)
    machine = platform.machine().lower()
    if system is None:
        raise UsageError(f"No conda platform is known for {sys.platform}.")
    return f"{system}-{_MACHINES.get(machine, machine)}"
