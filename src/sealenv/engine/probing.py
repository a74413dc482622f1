"""Ask a micromamba for its version."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path

from sealenv.errors import EngineError
from sealenv.gates.whitelist import clean_environ
from sealenv.system.files import write_atomic
from sealenv.system.process import clean_home

__all__ = ["OTHER", "version_of"]

OTHER = "give another one with --micromamba, or leave it out"
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?[0-9A-Za-z.+-]*")
_NOT_FOR_HERE = frozenset({errno.ENOEXEC, 86})  # 86: EBADARCH of macOS
_NOT_FOR_WINDOWS = frozenset({193, 216})  # ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH
_SECONDS = 60.0


def _environ(scratch: Path) -> dict[str, str]:
    """The whole environment of a micromamba: a home, settings and temporary files of its own."""
    places = {name: scratch / name for name in ("home", "tmp", "data")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    environ = clean_environ(os.environ, home=str(places["home"]))
    for name in ("TMPDIR", "TMP", "TEMP"):
        environ[name] = str(places["tmp"])
    if os.name == "nt":
        environ |= {name: str(places["data"]) for name in ("APPDATA", "LOCALAPPDATA")}
    return {**environ, "MAMBA_NO_PROGRESS_BARS": "true"}


def version_of(path: Path) -> str:
    """Return its version: asked once, when it comes into the store, and kept beside it.

    Raises:
        EngineError: it does not run here, or is no micromamba.
    """
    note = path.parent / "version"
    try:
        return note.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        version = _ask(path)
    write_atomic(note, version.encode())
    return version


def _ask(path: Path) -> str:
    with clean_home() as scratch:
        try:
            done = subprocess.run(
                [str(path), "--version"], env=_environ(scratch), cwd=scratch, timeout=_SECONDS,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _stranger(path, f"it did not end within {_SECONDS:g} seconds") from error
        except OSError as error:
            raise _cannot_start(path, error) from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode == 0 and _VERSION.fullmatch(said):
        return said
    raise _stranger(path, *(said.splitlines()[:5] or [f"no output, exit code {done.returncode}"]))


def _stranger(path: Path, *details: str) -> EngineError:
    return EngineError(
        "this is not micromamba: `--version` does not print a version",
        where=str(path),
        details=details,
        hint=OTHER,
    )


def _cannot_start(path: Path, error: OSError) -> EngineError:
    code = getattr(error, "winerror", None)
    if error.errno in _NOT_FOR_HERE or code in _NOT_FOR_WINDOWS:
        return EngineError(
            "this micromamba is not for this machine",
            where=str(path),
            details=[error.strerror or str(error)],
            hint=OTHER,
        )
    hint = "is the package cache on a file system where nothing may be executed? set SEALENV_CACHE"
    return EngineError(
        f"micromamba cannot be started: {error.strerror}",
        where=str(path),
        hint=hint if error.errno == errno.EACCES else OTHER,
    )
