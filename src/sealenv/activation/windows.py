"""The variables of an activation on Windows, as `activate.bat` sets them.

Imports nothing but os until it has to: `sealenv run` passes through here.
"""

from __future__ import annotations

import os

from sealenv.activation.settings import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["activated", "made_at", "path_folders", "script_names"]

_LEVELS = ("Library\\mingw-w64\\bin", "Library\\usr\\bin", "Library\\bin", "Scripts", "bin")
_MSYS = ("ucrt64", "clang64", "mingw64", "clangarm64")


def made_at(prefix: str) -> str:
    """Return the path at which a prefix was made; the given one if it was made on another system.

    Raises:
        PrefixError: it was moved or copied by hand, or its scripts are gone.
    """
    note = os.path.join(prefix, "etc", "sealenv", "prefix.txt")
    try:
        with open(note, encoding="utf-8", errors="surrogateescape") as file:
            made = file.read().rstrip("\n")
    except OSError:
        from sealenv.errors import PrefixError

        raise PrefixError(
            "the activation scripts are missing",
            where=note,
            hint="sealenv repair writes them again",
        ) from None
    if not made:
        return prefix
    try:
        if os.path.samefile(made, prefix):
            return made
    except OSError:
        pass
    from sealenv.errors import PrefixError
    from sealenv.naming import shown

    raise PrefixError(
        "this environment was moved or copied by hand: it would not work",
        where=prefix,
        details=[f"it was made at {made}"],
        hint=f"fix it with: sealenv move --here {shown(prefix)}; or move it back",
    )


def script_names(prefix: str, kind: str = "activate.d") -> list[str]:
    """Return the scripts of the packages for cmd.exe in `activate.d` or `deactivate.d`, sorted."""
    try:
        names = os.listdir(os.path.join(prefix, "etc", "conda", kind))
    except OSError:
        return []
    return sorted(n for n in names if n.lower().endswith(".bat") and not n.startswith("."))


def path_folders(prefix: str, *, condabin_first: bool = True) -> list[str]:
    """Return the folders that an activation puts on PATH.

    In CEP 32's order condabin comes last. In cmd.exe and here it comes second, so that conda.bat and
    mamba.bat come before the programs that they wrap, and our deactivate.bat before conda's.
    """
    condabin = f"{prefix}\\condabin"
    found = (f"{prefix}\\Library\\{name}\\bin" for name in _MSYS)
    msys = next((folder for folder in found if os.path.isdir(folder.replace("\\", os.sep))), None)
    folders = [*([msys] if msys else []), *(f"{prefix}\\{level}" for level in _LEVELS)]
    return [prefix, *([condabin, *folders] if condabin_first else [*folders, condabin])]


def activated(
    prefix: str, environ: Mapping[str, str], *, condabin_first: bool = True
) -> dict[str, str]:
    """Return `environ` with the environment active, without the packages' own scripts.

    Args:
        prefix: its absolute path.
        environ: clean variables.
        condabin_first: see `path_folders`.
    """
    result = {key.upper(): value for key, value in environ.items()}
    for key in ("CONDA_EXE", "CONDA_BAT", "CONDA_PYTHON_EXE", "MAMBA_EXE", "_CE_M", "_CE_CONDA"):
        result.pop(key, None)
    for key, value in _variables(prefix).items():
        result.pop(key.upper(), None)
        if value:
            result[key.upper()] = value
    old = result.get("PATH", "")
    root = result.get("SYSTEMROOT", r"C:\Windows")
    system = [f"{root}\\System32", root, f"{root}\\System32\\Wbem"]
    if f";{system[0]};".lower() in f";{old};".lower():
        system = []
    folders = path_folders(prefix, condabin_first=condabin_first)
    result["PATH"] = ";".join([*folders, *system, *([old] if old else [])])
    for name, value, needs in settings(prefix, prefix.rsplit("\\", 1)[-1], windows=True):
        if not needs or os.path.isfile(needs):
            result[name] = value
    return result


def _variables(prefix: str) -> dict[str, str]:
    """Return the variables of the environment itself, which most environments do not have."""
    state = os.path.join(prefix, "conda-meta", "state")
    folder = os.path.join(prefix, "etc", "conda", "env_vars.d")
    if not os.path.exists(state) and not os.path.isdir(folder):
        return {}
    from pathlib import Path

    from sealenv.activation.variables import read_variables, usable_on_windows

    return usable_on_windows(read_variables(Path(prefix)).values)[0]
