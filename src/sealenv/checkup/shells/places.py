"""Where shells look for start-up files."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.registry import Key
from sealenv.checkup.shells.meaning import without_prefix
from sealenv.checkup.shells.profile import Profile, read_profile, shell_of

__all__ = ["profiles", "start_up_files", "unreadable"]

_MOST = 500
"""Start-up files; more are not followed."""


def start_up_files(computer: Computer) -> Iterator[tuple[Path, str]]:
    """Every file that may be there, with its shell; each once."""
    seen: set[Path] = set()
    for path, shell in _all(computer):
        if path not in seen:
            seen.add(path)
            yield path, shell


def _all(computer: Computer) -> Iterator[tuple[Path, str]]:
    home, config = computer.home, computer.config
    for name in (".profile", ".login"):
        yield home / name, "sh" if name == ".profile" else "tcsh"
    for name in (".bash_profile", ".bash_login", ".bashrc", ".bash_aliases"):
        yield home / name, "bash"
    for folder in dict.fromkeys((home, computer.folder("ZDOTDIR"))):
        for name in (".zshenv", ".zprofile", ".zshrc", ".zlogin"):
            yield folder / name, "zsh"
    yield config / "fish/config.fish", "fish"
    for part in ("conf.d", "functions"):
        for path in _in(config / "fish" / part, ".fish"):
            yield path, "fish"
    for name in (".tcshrc", ".cshrc"):
        yield home / name, "tcsh"
    yield home / ".xonshrc", "xonsh"
    yield config / "xonsh/rc.xsh", "xonsh"
    for path in (*_in(config / "xonsh/rc.d", ".xsh"), *_in(config / "xonsh/rc.d", ".py")):
        yield path, "xonsh"
    for folder in _nushell(computer):
        for name in ("env.nu", "config.nu", "login.nu"):
            yield folder / name, "nu"
        for path in _in(folder / "autoload", ".nu"):
            yield path, "nu"
    for folder in _powershell(computer):
        for name in ("profile.ps1", "Microsoft.PowerShell_profile.ps1"):
            yield folder / name, "PowerShell"
    for name in ("BASH_ENV", "ENV"):
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named and not computer.windows:
            yield named, "bash" if name == "BASH_ENV" else "sh"
    if not computer.windows:
        yield from _of_the_system(computer)


def _of_the_system(computer: Computer) -> Iterator[tuple[Path, str]]:
    yield computer.at("/etc/profile"), "sh"
    for suffix, shell in ((".sh", "sh"), (".csh", "tcsh")):
        for path in _in(computer.at("/etc/profile.d"), suffix):
            yield path, shell
    for name in ("/etc/bash.bashrc", "/etc/bashrc", "/etc/bash/bashrc"):
        yield computer.at(name), "bash"
    for folder in ("/etc", "/etc/zsh"):
        for name in ("zshenv", "zprofile", "zshrc", "zlogin"):
            yield computer.at(f"{folder}/{name}"), "zsh"
    yield computer.at("/etc/fish/config.fish"), "fish"
    for path in _in(computer.at("/etc/fish/conf.d"), ".fish"):
        yield path, "fish"
    for name in ("csh.cshrc", "csh.login"):
        yield computer.at(f"/etc/{name}"), "tcsh"
    yield computer.at("/etc/xonsh/xonshrc"), "xonsh"
    for path in _in(computer.at("/etc/xonsh/rc.d"), ".xsh"):
        yield path, "xonsh"


def _in(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder; a folder that cannot be listed has its own finding (`unreadable`)."""
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(folder))
        return [folder / name for name in names if name.endswith(suffix)][:_MOST]
    return []


def _nushell(computer: Computer) -> Iterator[Path]:
    if computer.windows:
        yield computer.folder("APPDATA", "AppData", "Roaming") / "nushell"
        return
    yield computer.config / "nushell"
    if computer.system == "darwin":
        yield computer.home / "Library/Application Support/nushell"


def _powershell(computer: Computer) -> Iterator[Path]:
    if not computer.windows:
        yield computer.config / "powershell"
        return
    documents = [computer.home / "Documents", computer.home / "OneDrive/Documents"]
    if computer.registry:
        key = Key("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Explorer\User Shell Folders")
        with contextlib.suppress(OSError):
            value = computer.registry.value(key, "Personal")
            if value and isinstance(value.data, str):
                text = value.data.replace("%USERPROFILE%", str(computer.home))
                documents.insert(0, Path(text))
    for folder in documents:
        yield folder / "PowerShell"
        yield folder / "WindowsPowerShell"
    windows = Path(computer.setting("SYSTEMROOT") or "C:\\Windows")
    yield windows / "System32/WindowsPowerShell/v1.0"
    yield computer.folder("PROGRAMFILES", "C:\\Program Files") / "PowerShell/7"


def profiles(computer: Computer) -> list[Profile]:
    """Every start-up file that can be read, with those that they source."""
    return _walk(computer)[0]


def unreadable(computer: Computer) -> list[tuple[Path, OSError]]:
    """Every start-up file, and folder of them, that cannot."""
    return _walk(computer)[1]


def _walk(computer: Computer) -> tuple[list[Profile], list[tuple[Path, OSError]]]:
    if computer.walked is not None:
        found: tuple[list[Profile], list[tuple[Path, OSError]]] = computer.walked
        return found
    good: list[Profile] = []
    bad: list[tuple[Path, OSError]] = []
    seen: set[object] = set()
    waiting = list(start_up_files(computer))
    for folder in _folders(computer):
        try:
            os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            bad.append((folder, error))
    while waiting and len(good) < _MOST:
        path, shell = waiting.pop(0)
        try:
            data = computer.bytes_of(path)
            same = os.path.realpath(path)
        except OSError as error:
            if str(path) not in seen:
                bad.append((path, error))
            seen.add(str(path))
            continue
        if data is None or same in seen:
            continue
        seen.add(same)
        profile = read_profile(path, shell, data, autoload=path.parent.name == "functions")
        good.append(profile)
        waiting += _sourced(computer, profile)
        if path.name.lstrip(".") == "zshenv":
            waiting += _zdotdir(computer, profile)
    computer.walked = good, bad
    return good, bad


def _folders(computer: Computer) -> Iterator[Path]:
    for part in ("fish/conf.d", "fish/functions", "xonsh/rc.d"):
        yield computer.config / part
    if not computer.windows:
        yield computer.at("/etc/profile.d")
        yield computer.at("/etc/fish/conf.d")


def _sourced(computer: Computer, profile: Profile) -> Iterator[tuple[Path, str]]:
    """The files in the home that it sources; those of other programs are not ours to judge."""
    lists: dict[str, tuple[str, ...]] = {}
    for command in profile.commands:
        words = without_prefix(command.words)
        if words[0] == "for" and len(words) > 3 and words[2] == "in":
            lists[words[1]] = words[3:]
        elif len(words) > 1 and words[0] in {".", "source"}:
            variable = _VARIABLE.fullmatch(words[1])
            named = lists.get(variable[1], ()) if variable else words[1:2]
            for path in (path for word in named[:_MOST] for path in _meant(computer, word)):
                if path.is_relative_to(computer.home) and not _of_a_tool(path):
                    yield path, shell_of(path, profile.shell)


_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def _meant(computer: Computer, word: str) -> Iterator[Path]:
    """The files that a word means; of a pattern in a folder's name none."""
    folder, slash, name = word.rpartition("/")
    if slash and re.search(r"[*?\[]", name):
        place = computer.expand(folder)
        if place and "[!" not in name and "[^" not in name:
            names = _in(place, "")
            shown = [n for n in names if name.startswith(".") or not n.name.startswith(".")]
            yield from (path for path in shown if fnmatch.fnmatchcase(path.name, name))
        return
    path = computer.expand(word)
    if path:
        yield path


def _zdotdir(computer: Computer, profile: Profile) -> Iterator[tuple[Path, str]]:
    """The files of zsh in the folder that its .zshenv names, which is read first."""
    named = ""
    for command in profile.commands:
        words = without_prefix(command.words)
        for word in words[1:] if words[0] in {"export", "typeset", "declare"} else words[:1]:
            if word.startswith("ZDOTDIR="):
                named = word.removeprefix("ZDOTDIR=")
    folder = computer.expand(named) if named else None
    if folder:
        for name in (".zprofile", ".zshrc", ".zlogin"):
            yield folder / name, "zsh"


def _of_a_tool(path: Path) -> bool:
    """A script of an environment or a manager: that it is sourced is the finding."""
    tools = {"etc", "bin", "Scripts", "conda-meta", ".nvm", ".pyenv", ".asdf", ".sdkman", ".cargo"}
    return bool(tools & set(path.parts)) or path.name.startswith("activate")
