"""The machine that is examined: its variables, folders, files and file systems."""

from __future__ import annotations

import ntpath
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sealenv.checks.profiles import Profiles, read_profiles
from sealenv.system.files import read_regular
from sealenv.system.registry import Registry

__all__ = ["LARGEST", "Computer", "Volume", "volume_of", "windows_entries"]

LARGEST = 1 << 18
"""The most bytes of a profile or a configuration that are read."""
_VARIABLE = re.compile(r"\$(?:env[:.])?\{?(HOME|USERPROFILE|ZDOTDIR|XDG_CONFIG_HOME)\b\}?")
_REMOTE = re.compile(r"nfs\d?|cifs|smb\w*|(?:fuse\.)?sshfs|9p|afs|ncpfs|fuse\.rclone|davfs|webdav")


@dataclass(frozen=True)
class Volume:
    """What is known about a file system.

    Attributes:
        folder: the nearest existing folder.
        kind: its name in lower case (`ext4`, `ntfs`, `exfat`); empty if it is not known.
        free: the bytes that this user may use.
        noexec: whether programs cannot be started from it.
        readonly: whether it is mounted read-only.
        writable: whether this user may write in the folder.
        remote: whether it is on another machine.
    """

    folder: Path
    kind: str = ""
    free: int = 0
    noexec: bool = False
    readonly: bool = False
    writable: bool = True
    remote: bool = False


@dataclass
class Computer:
    """What the checks examine.

    Attributes:
        home: the user's home.
        environ: the environment variables.
        target: the folder for environments, which need not exist.
        system: as `sys.platform` says it.
        root: the folder that is `/`; another one in tests.
        registry: of Windows; None elsewhere.
        code_page: the ANSI code page of Windows; 65001 (UTF-8) elsewhere.
    """

    home: Path
    environ: Mapping[str, str] = field(repr=False)  # values may be secrets
    target: Path
    system: str = sys.platform
    root: Path = Path("/")
    registry: Registry | None = None
    code_page: int = 65001

    @property
    def windows(self) -> bool:
        """Whether it is a Windows machine."""
        return self.system == "win32"

    @cached_property
    def volume(self) -> Volume:
        """The file system of the target."""
        return volume_of(self.target)

    @cached_property
    def profiles(self) -> Profiles:
        """The start-up files of shells."""
        return read_profiles(self)

    def at(self, path: str) -> Path:
        """Return the place of an absolute POSIX path."""
        return self.root / path.lstrip("/") if self.root != Path("/") else Path(path)

    def setting(self, name: str) -> str:
        """Return the value of a variable; empty if it is not set."""
        return self.environ.get(name, "")

    def folder(self, name: str, *default: str) -> Path:
        """Return the folder that a variable names, or a default one below the home."""
        value = self.setting(name)
        return Path(value) if value and os.path.isabs(value) else self.home.joinpath(*default)

    @property
    def config(self) -> Path:
        """XDG's folder of configurations."""
        return self.folder("XDG_CONFIG_HOME", ".config")

    def expand(self, text: str) -> Path | None:
        """Return the file that a word of a profile names; None if that is not certain."""
        if text[:1] == "~" and text[1:2] in ("", "/", "\\"):
            text = f"$HOME{text[1:]}"
        known = {"HOME": str(self.home), "USERPROFILE": str(self.home)}
        text = _VARIABLE.sub(lambda m: known.get(m[1]) or self.setting(m[1]) or m[0], text)
        if any(c in text for c in "$`*?[(\0") or not os.path.isabs(text):
            return None
        return Path(text)

    def bytes_of(self, path: Path) -> bytes | None:
        """Return the content of a regular file; None if it does not exist.

        Raises:
            OSError: it cannot be read, is too large, or is not a regular file.
        """
        try:
            return read_regular(path, most=LARGEST)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def windows_folder(self, entry: str) -> Path | None:
        """Return the folder that an entry of a Windows PATH names; None if that is not certain."""
        known = {name.lower(): value for name, value in self.environ.items()}
        text = entry.replace('"', "").strip()
        text = re.sub(r"%([^%]+)%", lambda m: known.get(m[1].lower(), m[0]), text)
        if "%" in text or "\0" in text or not ntpath.splitdrive(text)[0]:
            return None
        if self.root == Path("/"):
            return Path(text)
        return self.root.joinpath(*re.split(r"[/\\]+", text.replace(":", "")))  # in tests


def windows_entries(value: str) -> list[str]:
    """Return the entries of a Windows PATH. A `;` in quotes does not separate entries."""
    return re.findall(r'(?:^|(?<=;))(?:"[^"]*"?|[^;"])*', value)


def volume_of(path: Path) -> Volume:
    """Return the file system of a folder, or of the nearest existing folder above it.

    Raises:
        OSError: as the operating system says.
    """
    import psutil

    folder = next((f for f in (path, *path.parents) if os.path.isdir(f)), Path(path.anchor))
    real = Path(os.path.realpath(folder))
    above = [m for m in psutil.disk_partitions(all=True) if real.is_relative_to(m.mountpoint)]
    # Of two mounts at one place the later one is visible.
    mount = max(reversed(above), key=lambda one: len(one.mountpoint), default=None)
    kind, options = (mount.fstype.lower(), mount.opts.split(",")) if mount else ("", [])
    return Volume(
        folder,
        kind,
        shutil.disk_usage(folder).free,
        noexec="noexec" in options,
        readonly="ro" in options,
        writable=os.access(folder, os.W_OK | os.X_OK),
        remote=bool(_REMOTE.fullmatch(kind)) or "remote" in options or str(folder)[:2] == r"\\",
    )
