"""What conda, mamba and pip read in every environment. Only lines are examined, as in start-up files."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from sealenv.checks.check import Finding, check, unreadable
from sealenv.checks.computer import Computer

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_SETTING = re.compile(r"['\"-]*(?P<name>[A-Za-z][\w-]*)['\"]?\s*[=:]\s*(?P<value>.*)")
_CONDA_SETTINGS = frozenset(
    {"pkgs-dirs", "envs-dirs", "root-prefix", "target-prefix", "envs-path", "rc-path"}
    | {"channels", "default-channels", "channel-alias", "custom-channels", "custom-multichannels"}
    | {"create-default-packages", "pinned-packages"}
)
"""Settings that change where packages come from, and the folders of packages and environments."""
_PIP_SETTINGS = frozenset(
    {"target", "prefix", "root", "user", "python", "src", "home"}
    | {"install-lib", "install-base", "install-scripts", "install-data"}
)
"""Settings with which pip installs to another place."""
_OFF = frozenset({"", "no", "false", "off", "0"})
_Found = list[tuple[str, str, str]]
"""Settings of a file: `section.name` or `name`, as it is spelled; the value; the line."""


def _settings(data: bytes, wanted: Collection[str]) -> _Found:
    """Return the lines that begin one of these settings. pip takes `_` and capitals too."""
    found = []
    section = ""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        header, setting = _SECTION.match(line), _SETTING.match(line.strip())
        if header:
            section = f"{header['name']}."
        elif setting and setting["name"].lower().replace("_", "-") in wanted:
            found.append((section + setting["name"], setting["value"], line.strip()))
    return found


def _each(
    computer: Computer,
    paths: Iterable[Path],
    wanted: Collection[str],
    say: Callable[[Path, _Found], Finding | None],
) -> Iterator[Finding]:
    """Yield what is found in each existing file. A file that cannot be read is a finding."""
    for path in dict.fromkeys(paths):
        try:
            found = _settings(computer.bytes_of(path) or b"", wanted)
        except OSError as error:
            yield unreadable(path, error)
            continue
        finding = say(path, found) if found else None
        if finding:
            yield finding


def _named(computer: Computer, *variables: str) -> Iterator[Path]:
    """Yield the configurations that variables name."""
    for name in variables:
        path = os.path.expanduser(computer.setting(name))
        if os.path.isabs(path) and path != os.devnull:
            yield Path(path)


@check(
    "condarc",
    "configurations that every conda and mamba reads",
    "channels, package caches and places of environments differ from those that an environment was "
    "made with",
    "warning",
)
def _condarc(computer: Computer) -> Iterator[Finding]:
    def say(path: Path, found: _Found) -> Finding:
        names = [name for name, _, _ in found]
        what = f"it sets {', '.join(names)} for every conda and mamba"
        keys = " ".join(f"--remove-key {name}" for name in names)
        how = f"conda config --file {shlex.quote(str(path))} {keys}"
        how += (
            "" if path.is_relative_to(computer.home) else ", if no other user needs these settings"
        )
        lines = tuple(line for _, _, line in found)
        return Finding("warning", what, str(path), how, lines[:8])

    yield from _each(computer, _conda_files(computer), _CONDA_SETTINGS, say)


def _conda_files(computer: Computer) -> Iterator[Path]:
    """Yield every configuration of conda and mamba that may exist, in conda's order."""
    home = computer.home
    if computer.windows:
        system = [computer.folder("PROGRAMDATA", "C:\\ProgramData") / "conda"]
    else:
        system = [computer.at("/etc/conda"), computer.at("/var/lib/conda")]
    for folder in (*system, computer.config / "conda", home / ".conda"):
        yield from (folder / name for name in (".condarc", "condarc", ".mambarc"))
        yield from sorted((folder / "condarc.d").glob("*.y*ml"))
    for name in (".condarc", ".mambarc", ".config/mamba/.mambarc", ".mamba/.mambarc"):
        yield home / name
    yield from _named(computer, "CONDARC", "MAMBARC")


@check(
    "pip-conf",
    "configurations that pip reads outside of an activated sealed environment",
    "pip installs to another place",
    "error",
    "warning",
)
def _pip_conf(computer: Computer) -> Iterator[Finding]:
    def say(path: Path, found: _Found) -> Finding | None:
        bad = [(name, line) for name, value, line in found if value.strip().lower() not in _OFF]
        if not bad:
            return None
        name = bad[0][0]
        what = f"{name} makes pip install to another place"
        scope = "--user" if path.is_relative_to(computer.home) else "--global"
        how = f"pip config {scope} unset {name}"
        return Finding("error", what, str(path), how, tuple(line for _, line in bad[:8]))

    yield from _each(computer, _pip_files(computer), _PIP_SETTINGS, say)


def _pip_files(computer: Computer) -> Iterator[Path]:
    """Yield every configuration that pip reads outside of an environment."""
    home = computer.home
    if computer.windows:
        data = computer.folder("PROGRAMDATA", "C:\\ProgramData")
        for folder in (data, home, computer.folder("APPDATA", "AppData", "Roaming")):
            yield folder / "pip/pip.ini"
    else:
        for text in (computer.setting("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            yield computer.at(f"{text}/pip/pip.conf")
        yield from (computer.at("/etc/pip.conf"), home / ".pip/pip.conf")
        if computer.system == "darwin":
            yield computer.at("/Library/Application Support/pip/pip.conf")
            yield home / "Library/Application Support/pip/pip.conf"
        yield computer.config / "pip/pip.conf"
    yield from _named(computer, "PIP_CONFIG_FILE")
