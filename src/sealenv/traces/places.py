"""Where a trace report looks: where installers, shells and package managers leave things.

Everything in HOME cannot be looked at in seconds. Its top level is, and in full the places that conda,
mamba, rattler, pixi, pip and shells are known to write.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["NOT_LOOKED_AT", "Place", "places"]

NOT_LOOKED_AT = (
    "anything below a folder whose top level alone is looked at",
    "folders of the system, and of other users",
    "what another program wrote meanwhile is told like our own: who wrote is not known",
    "a file that was made and removed again",
    "the content of a file whose size, mode and times are as before",
)
"""What a report does not show; it says so."""


@dataclass(frozen=True)
class Place:
    """A folder or file to look at before and after."""

    path: str
    full: bool
    """With everything below it; else its top level."""
    why: str


_HOME_FULL = {
    "conda": (".conda", ".condarc", ".continuum", ".config/conda", ".cache/conda", ".anaconda"),
    "mamba": (".mamba", ".mambarc", ".config/mamba", "micromamba", ".local/share/mamba"),
    "rattler and pixi": (
        ".rattler", ".config/rattler", ".cache/rattler", ".pixi", ".config/pixi", ".cache/pixi",
    ),
    "pip": (".pip", ".config/pip", ".cache/pip", ".local/bin", ".local/lib", ".pypirc"),
    "a shell": (
        ".config/fish", ".config/nushell", ".config/xonsh", ".config/powershell", ".xonshrc",
        ".local/share/powershell", ".config/environment.d", ".zsh", ".bashrc.d", ".profile.d",
    ),
    "the desktop": (".local/share/applications", "Applications"),
}  # fmt: skip
_HOME_TOP = (".config", ".cache", ".local", ".local/share", "Library/Caches",
             "Library/Application Support", "Library/Preferences", "Desktop")  # fmt: skip
_WINDOWS_FULL = {
    ("APPDATA", "pip"): "pip",
    ("APPDATA", "conda"): "conda",
    ("APPDATA", "rattler"): "rattler and pixi",
    ("APPDATA", "Microsoft/Windows/Start Menu"): "the desktop",
    ("LOCALAPPDATA", "pip"): "pip",
    ("LOCALAPPDATA", "conda"): "conda",
    ("LOCALAPPDATA", "mamba"): "mamba",
    ("LOCALAPPDATA", "rattler"): "rattler and pixi",
    ("LOCALAPPDATA", "pixi"): "rattler and pixi",
    ("USERPROFILE", "Documents/PowerShell"): "a shell",
    ("USERPROFILE", "Documents/WindowsPowerShell"): "a shell",
}


def places(environ: Mapping[str, str], home: str) -> list[Place]:
    """The places, each once.

    Args:
        environ: the variables of this process: they say where some of them are.
        home: the user's own folder.
    """
    found = [Place(home, False, "the user's own folder, with the shells' profiles")]
    for why, names in _HOME_FULL.items():
        found += [Place(os.path.join(home, *name.split("/")), True, why) for name in names]
    found += [
        Place(os.path.join(home, *name.split("/")), False, "settings, caches and data")
        for name in _HOME_TOP
    ]
    if sys.platform == "win32":
        for (variable, name), why in _WINDOWS_FULL.items():
            if root := environ.get(variable):
                found.append(Place(os.path.join(root, *name.split("/")), True, why))
        for variable in ("APPDATA", "LOCALAPPDATA", "PROGRAMDATA"):
            if root := environ.get(variable):
                found.append(Place(root, False, "settings, caches and data"))
    for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "ZDOTDIR"):
        if root := environ.get(variable):
            found.append(Place(root, False, f"settings, caches and data ({variable})"))
    found.append(Place(tempfile.gettempdir(), False, "temporary files"))
    found.append(Place(os.getcwd(), False, "the current folder"))
    kept: dict[str, Place] = {}
    for place in found:
        key = os.path.normcase(os.path.abspath(place.path))
        if key not in kept or place.full:
            kept[key] = place
    return list(kept.values())
