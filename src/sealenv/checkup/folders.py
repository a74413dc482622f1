"""What a folder on PATH holds: a Python of another installation, or tools."""

from __future__ import annotations

import os
import re

from sealenv.checkup.computer import Computer
from sealenv.checkup.shells.pathentries import is_named_entry

__all__ = ["holds_more", "leads_to_python"]

SYSTEM_FOLDERS = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/opt/homebrew/sbin",
    "/snap/bin",
    "/run/current-system/sw/bin",
)
"""Where an operating system, or what is installed for the whole machine, has its Python."""
_PROGRAM = re.compile(r"(?:python|pip|pypy|conda|mamba|micromamba|pyenv|activate)")
"""What a folder holds that is called like an environment's, and is one."""
_PYTHON = re.compile(r"python(?:[23](?:\.\d{1,2})?)?")
_ITS_OWN = re.compile(r"\.|(?:python|pip|pydoc|idle|2to3|wheel|easy_install|pypy|activate|conda)")


def leads_to_python(computer: Computer, entry: str) -> bool:
    """Whether an entry of PATH leads to a Python or conda that is not the operating system's.

    One that is called like the folder of one counts where it is gone, or cannot be told, too.
    """
    named = is_named_entry(entry)
    folder = computer.expand(entry)
    try:
        names = os.listdir(folder) if folder else None
    except (OSError, ValueError):
        return named
    if names is None or folder is None:
        return named
    if named:
        return any(_PROGRAM.match(name.lower()) for name in names)
    if computer.windows or not any(_PYTHON.fullmatch(name) for name in names):
        return False
    real = os.path.realpath(folder)
    usual = (*SYSTEM_FOLDERS, *(os.path.join(own, "bin") for own in computer.own))
    return real not in {os.path.realpath(one) for one in usual}


def holds_more(computer: Computer, entry: str) -> bool:
    """Whether programs lie in a folder that belong to no Python: `~/.local/bin`, a folder of tools."""
    if is_named_entry(entry):
        return False
    folder = computer.expand(entry)
    if folder is None:
        return True
    near = (folder, folder.parent)
    if any((one / "conda-meta").is_dir() or (one / "pyvenv.cfg").is_file() for one in near):
        return False
    try:
        return not all(_ITS_OWN.match(name.lower()) for name in os.listdir(folder))
    except OSError:
        return True
