"""Fill the templates in, and write them where they are used."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sealenv._version import __version__
from sealenv.bootstrap.filling import fill, gate_lines, help_lines, option_words, plain
from sealenv.bootstrap.releases import Releases
from sealenv.bootstrap.relocating import RELOCATING
from sealenv.errors import FilesystemError
from sealenv.host.files import write_atomic
from sealenv.quoting import QUOTE

__all__ = ["SCRIPTS", "differing", "render", "write"]

_OPTIONS = ("packages", "channel", "prefix", "micromamba", "sha256", "post")
SCRIPTS = ("Micromamba_bootstrap.bat", "get_sed.bat", "micromamba_bootstrap.sh")


def render(name: str, releases: Releases | None = None) -> bytes:
    """One script, as it is written to a file: .bat in ASCII with CRLF, because cmd.exe reads files in
    the code page of the machine and loses its place at labels of files with LF alone.

    Raises:
        UsageError: something in the table of releases cannot be written into a script.
    """
    table = releases or Releases.read()
    kind = name.rpartition(".")[2]
    makers: dict[str, Callable[[], str]] = {
        "VERSION": lambda: __version__,
        "DEFAULT": lambda: table.default,
        "GATE": lambda: gate_lines(kind),
        **option_words(kind, _OPTIONS),
        "DIGESTS": lambda: _digests(kind, table),
        "KNOWN_BAD": lambda: _known_bad(kind, table),
        "HELP": lambda: help_lines(kind, "help.txt", {"SCRIPT": name, "DEFAULT": table.default}),
        **RELOCATING,
    }
    return fill(name, makers)


def write(folder: Path) -> list[Path]:
    """Write every script into the folder.

    Raises:
        FilesystemError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SCRIPTS:
            mode = 0o755 if name.endswith(".sh") else 0o644
            write_atomic(folder / name, render(name), mode=mode)
    except OSError as error:
        raise FilesystemError(
            f"the scripts cannot be written: {error.strerror}",
            where=os.fspath(error.filename or folder),
        ) from error
    return [folder / name for name in SCRIPTS]


def differing(folder: Path) -> list[str]:
    """The scripts in the folder that are not what `write` would write now."""
    return [name for name in SCRIPTS if _read(folder / name) != render(name)]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _digests(kind: str, table: Releases) -> str:
    if kind == "bat":
        found = [(v, d["win-64"]) for v, d in sorted(table.sha256.items()) if "win-64" in d]
        lines = [f'if "%SB_MICROMAMBA%"=="{v}" set "SB_EXPECTED={d}"' for v, d in found]
        return "\n".join(lines) or "rem The table is empty: no release was verified yet."
    pairs = [(f"{v}:{s}", h) for v, d in sorted(table.sha256.items()) for s, h in sorted(d.items())]
    lines = [f"    {key}) expected={digest} ;;" for key, digest in pairs]
    return "\n".join(lines) or "    # The table is empty: no release was verified yet."


def _known_bad(kind: str, table: Releases) -> str:
    lines = []
    for pattern, reason in table.known_bad.items():
        if kind != "bat":
            lines.append(f"    {pattern}) bad={QUOTE['sh'](reason)} ;;")
            continue
        start = pattern.removesuffix("*")
        part = f"%SB_T:~0,{len(start)}%" if pattern.endswith("*") else "%SB_T%"
        lines.append(f'if not defined SB_BAD if "{part}"=="{start}" set "SB_BAD={plain(reason)}"')
    return "\n".join(lines)
