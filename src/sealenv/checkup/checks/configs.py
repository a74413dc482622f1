"""Configurations that reach into every environment: conda's, the login's, the user's packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.changes import Cut
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.condarc import condarcs, lines_to_comment, settings_of, unreadable_folders
from sealenv.checkup.finding import BY_HAND, Check, Seen, Severity
from sealenv.checkup.text import decode
from sealenv.errors import SpecError

__all__ = ["CHECKS", "LAST", "unreadable"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_PLACES = {"pkgs_dirs", "envs_dirs", "root_prefix", "target_prefix", "envs_path", "rc_path"}
_CHANNELS = {
    *("channels", "default_channels", "channel_alias", "custom_channels", "custom_multichannels"),
    *("create_default_packages", "pinned_packages"),
}


def unreadable(path: Path, error: OSError) -> Seen:
    """A file or folder that cannot be looked at."""
    return Seen(_W, f"it cannot be read: {error.strerror or error}", str(path), BY_HAND)


def _condarc(computer: Computer) -> Iterator[Seen]:
    for folder, reason in unreadable_folders(computer).items():
        yield unreadable(folder, reason)
    for path in condarcs(computer):
        try:
            data = computer.bytes_of(path)
            if data is None:
                continue
            settings = settings_of(path, data)
        except OSError as error:
            yield unreadable(path, error)
            continue
        except SpecError as error:
            what = f"sealenv cannot read it: {error.what}"
            yield Seen(_W, what, error.where or str(path), "look at it yourself")
            continue
        named = [name for name in settings if name in _PLACES | _CHANNELS]
        where = str(path)
        if not named:
            how = "nothing, if you want that in every environment; else remove it by hand"
            told = tuple(f"{name}: {value}" for name, value in settings.items())
            yield Seen(_N, "every conda and mamba reads it", where, how, told)
            continue
        mine = path.is_relative_to(computer.home)
        places = lines_to_comment(path, data, named) if mine else None
        digest = digest_of(data)
        how = "these settings become comments"
        if places is None:
            how = "take them out by hand" + ("" if mine else ", if nobody else needs them")
        yield Seen(
            _W,
            f"it sets {', '.join(named)} for every conda and mamba",
            where,
            how,
            tuple(f"{name}: {settings[name]}" for name in named),
            changes=tuple(Cut(path, place, place, "# ", digest) for place in places or ()),
        )


def _known_environments(computer: Computer) -> Iterator[Seen]:
    path = computer.home / ".conda/environments.txt"
    data = computer.bytes_of(path)
    names = [line for line in decode(data or b"").splitlines() if line.strip()]
    if data is not None and names:
        what = f"conda has noted {len(names)} environment{'s' * (len(names) != 1)} here"
        how = "nothing needs to be done; sealenv's own conda writes nothing there"
        yield Seen(_N, what, str(path), how, tuple(names[:5]))


def _user_site(computer: Computer) -> Iterator[Seen]:
    for folder in _user_sites(computer):
        try:
            names = sorted(p.name for p in folder.iterdir() if p.name != "__pycache__")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield unreadable(folder, error)
            continue
        if names:
            infos = [n for n in names if n.endswith((".dist-info", ".egg-info", ".egg-link"))]
            runs = [n for n in names if n in {"usercustomize.py", "sitecustomize.py"}]
            count = len(infos) or len(names)
            what = f"{count} package{'s' * (count != 1)} of the user's for every Python of this version"
            if runs:
                what += f"; {runs[0]} runs at each start"
            how = "nothing: PYTHONNOUSERSITE is set in sealenv's environments; uninstall them to be sure"
            yield Seen(_W, what, str(folder), how, tuple((runs + infos or names)[:5]))


def _user_sites(computer: Computer) -> Iterator[Path]:
    if computer.windows:
        base = computer.folder("PYTHONUSERBASE", "AppData", "Roaming", "Python")
        yield from (p / "site-packages" for p in _children(base, "Python"))
        return
    if computer.system == "darwin":
        for version in _children(computer.home / "Library/Python", ""):
            yield version / "lib/python/site-packages"
    base = computer.folder("PYTHONUSERBASE", ".local")
    yield from (p / "site-packages" for p in _children(base / "lib", "python"))


def _children(folder: Path, prefix: str) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.name.startswith(prefix))
    except (FileNotFoundError, NotADirectoryError):
        return []


CHECKS = (
    Check(
        "condarc",
        "configurations that every conda and mamba reads",
        "channels, package caches and places of environments differ from what an environment was made "
        "with",
        (_W, _N),
        _condarc,
        "these settings become comments, in a file in your home",
    ),
    Check(
        "conda-environments",
        "conda's own list of environments",
        "it shows that a conda has written into your home",
        (_N,),
        _known_environments,
    ),
)

LAST = (
    Check(
        "user-site",
        "packages in the user's own site-packages",
        "every Python of that version imports them, environments too, unless PYTHONNOUSERSITE is set",
        (_W,),
        _user_site,
    ),
)
"""Shown behind those of pip."""
