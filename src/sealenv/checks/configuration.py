"""What conda, mamba, pip and Python read in every environment."""

from __future__ import annotations

import configparser
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from sealenv.checks.check import Finding, check, unreadable
from sealenv.checks.computer import Computer

_SETTING = re.compile(r"\s*['\"-]*(?P<name>[A-Za-z][\w-]*)['\"]?\s*[=:]")
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


def _each(
    computer: Computer, paths: Iterable[Path], look: Callable[[Path, bytes], Iterator[Finding]]
) -> Iterator[Finding]:
    """Yield what is found in each existing file. A file that cannot be read is a finding."""
    for path in dict.fromkeys(paths):
        try:
            data = computer.bytes_of(path)
            if data is not None:
                yield from look(path, data)
        except (OSError, ValueError) as error:
            yield unreadable(path, error)


def _named(computer: Computer, *variables: str) -> Iterator[Path]:
    """Yield the configurations that variables name."""
    for name in variables:
        path = os.path.expanduser(computer.setting(name))
        if os.path.isabs(path) and path != os.devnull:
            yield Path(path)


def _spelled(name: str) -> str:
    """Return a setting as pip spells it: `_normalize_name` in pip/_internal/configuration.py."""
    return name.lower().replace("_", "-").removeprefix("--")


def _lines(data: bytes, names: Collection[str]) -> tuple[str, ...]:
    """Return the lines that begin one of these settings."""
    found = [
        line.strip()
        for line in data.decode("utf-8-sig", "replace").splitlines()
        if (match := _SETTING.match(line)) and _spelled(match["name"]) in names
    ]
    return tuple(found[:8])


@check(
    "condarc",
    "configurations that every conda and mamba reads",
    "channels, package caches and places of environments differ from those that an environment was "
    "made with",
    "warning",
)
def _condarc(computer: Computer) -> Iterator[Finding]:
    def look(path: Path, data: bytes) -> Iterator[Finding]:
        named = [name for name in _yaml(data) if _spelled(name) in _CONDA_SETTINGS]
        if named:
            what = f"it sets {', '.join(named)} for every conda and mamba"
            mine = path.is_relative_to(computer.home)
            keys = " ".join(f"--remove-key {name}" for name in named)
            how = f"conda config --file {shlex.quote(str(path))} {keys}"
            how += "" if mine else ", if no other user needs these settings"
            lines = _lines(data, {_spelled(name) for name in named})
            yield Finding("warning", what, str(path), how, lines)

    yield from _each(computer, _conda_files(computer), look)


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


def _yaml(data: bytes) -> list[str]:
    """Return the names of the settings in a .condarc.

    Raises:
        ValueError: it is not a mapping in YAML.
    """
    import yaml

    try:
        settings = yaml.safe_load(data.decode("utf-8-sig"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is not valid YAML{line}") from error
    if not isinstance(settings, dict | None):
        raise ValueError("it is not a mapping of settings")
    return [str(name) for name in settings or {}]


@check(
    "pip-conf",
    "configurations that pip reads outside of an activated sealed environment",
    "pip installs to another place, or fails",
    "error",
    "warning",
)
def _pip_conf(computer: Computer) -> Iterator[Finding]:
    def look(path: Path, data: bytes) -> Iterator[Finding]:
        bad = [
            (section, name)
            for section, name, value in _ini(data)
            if name in _PIP_SETTINGS and value not in _OFF
        ]
        if bad:
            section, name = bad[0]
            what = f"{name} makes pip install to another place"
            scope = "--user" if path.is_relative_to(computer.home) else "--global"
            how = f"pip config {scope} unset {section}.{name}"
            yield Finding("error", what, str(path), how, _lines(data, [name for _, name in bad]))

    yield from _each(computer, _pip_files(computer), look)


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


def _ini(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the settings as pip reads them: section, name, value in lower case.

    Raises:
        ValueError: pip fails too.
    """
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(re.sub(r"\r\n?", "\n", data.decode()))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ValueError(f"pip fails too: {' '.join(str(error).split())}") from error
    for section in parser.sections():
        for name, value in parser.items(section):
            yield section, _spelled(name), value.strip().lower()
