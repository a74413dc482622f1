"""What else Windows has that stands in an environment's way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity

__all__ = ["CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_SHORT = re.compile(r"[^\\/]{1,6}~\d{1,6}(?:\.[^\\/]{1,3})?", re.IGNORECASE)
_SCANNED = frozenset({"downloads", "desktop", "temp", "tmp"})
_GUARDED = frozenset({"documents", "pictures", "videos", "music", "favorites"})
_ANOTHER = "choose another folder with SEALENV_ENVS or -p"


def _local(computer: Computer) -> Path:
    return computer.folder("LOCALAPPDATA", "AppData", "Local")


def _system32(computer: Computer) -> Path:
    return Path(computer.setting("SYSTEMROOT") or "C:\\Windows") / "System32"


def _stubs(computer: Computer) -> Iterator[Finding]:
    folder = _local(computer) / "Microsoft/WindowsApps"
    for name in ("python.exe", "python3.exe"):
        path = folder / name
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if status.st_size == 0:
            what = f"{name} of the Store runs if no other Python is on PATH, and opens the Store"
            how = "Settings, Apps, Advanced app settings, App execution aliases: turn it off"
            yield Finding(_W, what, str(path), how)


def _launchers(computer: Computer) -> Iterator[Finding]:
    places = [Path(computer.setting("SYSTEMROOT") or "C:\\Windows") / "py.exe"]
    places.append(_local(computer) / "Programs/Python/Launcher/py.exe")
    places += [_local(computer) / "py.ini", places[0].with_name("py.ini")]
    for path in places:
        if path.is_file():
            what = f"{path.name}: `py` starts a Python of its own choice, in an environment too"
            yield Finding(_N, what, str(path), "write `python` in an environment, never `py`")
    for name in ("PY_PYTHON", "PY_PYTHON3"):
        if computer.setting(name):
            what = f"{name} is {computer.setting(name)}: `py` starts that Python"
            yield Finding(_N, what, name, "write `python` in an environment, never `py`")


def _drive(computer: Computer) -> Iterator[Finding]:
    place = computer.volume.stands_for
    if place:
        what = f"its drive stands for {place} (subst)"
        yield Finding(_W, what, str(computer.target), f"name {place} itself, or {_ANOTHER}")


def _short_names(computer: Computer) -> Iterator[Finding]:
    if any(_SHORT.fullmatch(part) for part in computer.target.parts):
        what = "there is a short 8.3 name in it"
        yield Finding(_W, what, str(computer.target), "name the folder by its long name")


def _short_temp(computer: Computer) -> Iterator[Finding]:
    for name in ("TEMP", "TMP"):
        value = computer.setting(name)
        if any(_SHORT.fullmatch(part) for part in re.split(r"[\\/]", value)):
            how = "set it to the long name, or to a folder like C:\\Temp"
            yield Finding(_W, f"{name} has a short 8.3 name in it", f"{name}={value}", how)


def _code_page(computer: Computer) -> Iterator[Finding]:
    page = computer.code_page
    for what, path in (("your home", computer.home), ("the target", computer.target)):
        if str(path).isascii():
            continue
        try:
            fits = page == 65001 or bool(str(path).encode(f"cp{page}"))
        except (UnicodeEncodeError, LookupError):
            fits = False
        if not fits:
            said = f"{what} has letters that code page {page} does not have"
            how = "have Windows use UTF-8 (Region, Administrative), or choose a folder in ASCII"
            yield Finding(_E if what == "the target" else _W, said, str(path), how)


def _tools(computer: Computer) -> Iterator[Finding]:
    for name, use in (
        ("curl.exe", "the standalone batch files fetch with it"),
        ("certutil.exe", "the standalone batch files check digests with it"),
    ):
        path = _system32(computer) / name
        if not path.is_file():
            how = "Windows 10 1803 and later have it; sealenv itself needs it not"
            yield Finding(_W, f"{name} is not there: {use}", str(path), how)


def _scanned(computer: Computer) -> Iterator[Finding]:
    target, temp = computer.target, computer.setting("TEMP")
    parts = {part.lower() for part in target.parts}
    if parts & _SCANNED or (temp and target.is_relative_to(temp)):
        what = "it lies where virus scanners and cleaners look first"
        yield Finding(_W, what, str(target), _ANOTHER)
    elif parts & _GUARDED:
        what = "Windows can keep programs from writing there (controlled folder access)"
        yield Finding(_N, what, str(target), _ANOTHER)


_WINDOWS = ("windows",)

CHECKS = (
    Check(
        "store-alias",
        "the Store's stand-ins for python.exe",
        "a script that looks for python finds something that is none",
        (_W,),
        _stubs,
        platforms=_WINDOWS,
    ),
    Check(
        "py-launcher",
        "the launcher `py`",
        "it looks at no PATH: inside of an environment it starts a Python from outside",
        (_N,),
        _launchers,
        platforms=_WINDOWS,
    ),
    Check(
        "target-drive",
        "a target on a drive that `subst` made",
        "the real place is written into files, and the drive is gone after the next login",
        (_W,),
        _drive,
        platforms=_WINDOWS,
    ),
    Check(
        "target-short-name",
        "a target with a short 8.3 name in its path",
        "the same folder has two names then: programs that compare paths take it for two",
        (_W,),
        _short_names,
        platforms=_WINDOWS,
    ),
    Check(
        "temp-short-name",
        "a temporary folder with a short 8.3 name in its path",
        "builds write it into files, and compare it with the long name in vain",
        (_W,),
        _short_temp,
        platforms=_WINDOWS,
    ),
    Check(
        "code-page",
        "folders with letters that the code page of Windows does not have",
        "launchers and batch files cannot open such a path",
        (_E, _W),
        _code_page,
        platforms=_WINDOWS,
    ),
    Check(
        "windows-tools",
        "curl.exe or certutil.exe is missing",
        "a machine without Python cannot make an environment by the standalone batch files",
        (_W,),
        _tools,
        platforms=_WINDOWS,
    ),
    Check(
        "target-scanned",
        "a target where virus scanners are busy",
        "files are held open while an environment is made, moved or removed",
        (_W, _N),
        _scanned,
        platforms=_WINDOWS,
    ),
)
