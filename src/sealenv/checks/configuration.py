"""What conda, mamba, pip and Python read in every environment."""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from sealenv.checks.check import Check, Cut, Finding, unreadable
from sealenv.checks.computer import Computer
from sealenv.checks.text import decode, digest_of, encode, line_at, lines_of, replaced

__all__ = ["CHECKS"]

_Look = Callable[[Computer, Path, bytes], Iterator[Finding]]


def _each(computer: Computer, paths: Iterable[Path], look: _Look) -> Iterator[Finding]:
    """Yield what is found in each existing file. A file that cannot be read is a finding."""
    for path in dict.fromkeys(paths):
        try:
            data = computer.bytes_of(path)
            if data is not None:
                yield from look(computer, path, data)
        except (OSError, ValueError) as error:
            yield unreadable(path, error)


def _named(computer: Computer, *variables: str) -> Iterator[Path]:
    """Yield the configurations that variables name."""
    for name in variables:
        path = computer.expand(computer.setting(name))
        if path and path.name.lower() not in ("null", "nul"):
            yield path


def _lines_of_settings(
    text: str, name_in: Callable[[str], str | None], names: Collection[str]
) -> list[int]:
    """Return where the lines of some settings begin, including the lines that continue a value.

    Args:
        text: the file.
        name_in: returns the name of the setting that a line begins, if it begins one.
        names: the settings.
    """
    found = []
    inside = is_setting = False
    level = 0
    for start, end in lines_of(text):
        start += text.startswith("\ufeff", start)
        line = text[start:end]
        bare = line.strip()
        if not bare or bare[0] in "#;":
            continue
        name, indent = name_in(line), len(line) - len(line.lstrip())
        if (name or bare[0] == "[") and not (is_setting and indent > level):
            level, is_setting, inside = indent, name is not None, name in names
        if inside:
            found.append(start)
    return found


def _comments(path: Path, data: bytes, starts: Iterable[int]) -> tuple[Cut, ...]:
    """Return the changes that make these lines comments."""
    return tuple(Cut(path, start, start, "# ", digest_of(data)) for start in starts)


def _without(data: bytes, starts: Iterable[int]) -> bytes:
    """Return the file with these lines as comments."""
    text = decode(data)
    return encode(replaced(text, [(start, start, "# ") for start in starts]), data)


def _where(path: Path, text: str, starts: list[int]) -> str:
    return f"{path}:{line_at(text, starts[0])}" if starts else str(path)


def _lines(text: str, starts: list[int]) -> tuple[str, ...]:
    return tuple(text[start:].split("\n", 1)[0].strip() for start in starts[:8])


_CONDA_SETTINGS = frozenset(
    {"pkgs_dirs", "envs_dirs", "root_prefix", "target_prefix", "envs_path", "rc_path"}
    | {"channels", "default_channels", "channel_alias", "custom_channels", "custom_multichannels"}
    | {"create_default_packages", "pinned_packages"}
)
"""Settings that change where packages come from, and the folders of packages and environments."""
_CONDA_KEY = re.compile(r"(?P<quote>['\"]?)(?P<name>[A-Za-z_][\w-]*)(?P=quote)[ \t]*:(?:\s|$)")


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


def _condarc(computer: Computer) -> Iterator[Finding]:
    yield from _each(computer, _conda_files(computer), _conda_settings)


def _conda_settings(computer: Computer, path: Path, data: bytes) -> Iterator[Finding]:
    settings = _yaml(data)
    named = [name for name in settings if name in _CONDA_SETTINGS]
    if not named:
        return
    text = decode(data)
    starts = _lines_of_settings(text, _conda_key, named)
    mine = path.is_relative_to(computer.home)
    certain = mine and _leaves(data, starts, settings, named)
    how = "these settings become comments"
    if not certain:
        how = "remove them by hand" + ("" if mine else ", if no other user needs them")
    yield Finding(
        "warning",
        f"it sets {', '.join(named)} for every conda and mamba",
        str(path),
        how,
        _lines(text, starts),
        _comments(path, data, starts) if certain else (),
    )


def _leaves(
    data: bytes, starts: list[int], settings: dict[str, object], names: Collection[str]
) -> bool:
    """Return whether the other settings of a .condarc keep their values without these lines."""
    try:
        return _yaml(_without(data, starts)) == {
            name: value for name, value in settings.items() if name not in names
        }
    except ValueError:
        return False


def _conda_key(line: str) -> str | None:
    found = _CONDA_KEY.match(line)
    return found["name"] if found else None


def _yaml(data: bytes) -> dict[str, object]:
    """Return the settings of a .condarc.

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
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise ValueError("it is not a mapping of settings")
    return settings


_PIP_SETTINGS = frozenset(
    {"target", "prefix", "root", "user", "python", "src", "home"}
    | {"install-lib", "install-base", "install-scripts", "install-data"}
)
"""Settings with which pip installs to another place."""
_OFF = frozenset({"", "no", "false", "off", "0"})
_PIP_KEY = re.compile(r"\s*(?P<name>[^=:\s#;\[][^=:]*?)\s*[=:]")


def _pip_files(computer: Computer) -> Iterator[Path]:
    """Yield every configuration that pip reads outside of an environment."""
    home = computer.home
    if computer.windows:
        for folder in (
            computer.folder("PROGRAMDATA", "C:\\ProgramData"),
            home,
            computer.folder("APPDATA", "AppData", "Roaming"),
        ):
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


def _pip_conf(computer: Computer) -> Iterator[Finding]:
    yield from _each(computer, _pip_files(computer), _pip_settings)


def _pip_settings(computer: Computer, path: Path, data: bytes) -> Iterator[Finding]:
    try:
        settings = _ini(data)
    except (configparser.Error, UnicodeDecodeError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        yield Finding("error", f"pip fails to read it: {reason}", str(path), "fix it by hand")
        return
    bad = {
        one: v for one, v in settings.items() if one[1] in _PIP_SETTINGS and v.lower() not in _OFF
    }
    if not bad:
        return
    names = {name for _, name in bad}
    text = decode(data)
    starts = _lines_of_settings(text, _pip_key, names)
    expected = {one: value for one, value in settings.items() if one[1] not in names}
    try:
        certain = _ini(_without(data, starts)) == expected
    except (configparser.Error, UnicodeDecodeError):
        certain = False
    yield Finding(
        "error",
        f"{next(iter(bad))[1]} makes pip install to another place",
        _where(path, text, starts),
        "these lines become comments" if certain else "remove these settings by hand",
        _lines(text, starts),
        _comments(path, data, starts) if certain else (),
    )


def _ini(data: bytes) -> dict[tuple[str, str], str]:
    """Return (section, name) -> value, as pip reads it.

    Raises:
        UnicodeDecodeError, configparser.Error: pip fails too.
    """
    parser = configparser.RawConfigParser()
    parser.read_string(re.sub(r"\r\n?", "\n", data.decode()))
    return {
        (section, _option_name(name)): " ".join(value.split())
        for section in parser.sections()
        for name, value in parser.items(section)
    }


def _pip_key(line: str) -> str | None:
    found = _PIP_KEY.match(line)
    return _option_name(found["name"]) if found else None


def _option_name(name: str) -> str:
    """Return an option as pip spells it: `_normalize_name` in pip/_internal/configuration.py."""
    return name.lower().replace("_", "-").removeprefix("--")


def _user_site(computer: Computer) -> Iterator[Finding]:
    if computer.windows:
        base = computer.folder("PYTHONUSERBASE", "AppData", "Roaming", "Python")
        folders = sorted(base.glob("Python*/site-packages"))
    else:
        base = computer.folder("PYTHONUSERBASE", ".local")
        folders = sorted(base.glob("lib/python*/site-packages"))
        folders += sorted(computer.home.glob("Library/Python/*/lib/python/site-packages"))
    for folder in folders:
        names = sorted(path.name for path in folder.glob("*.*-info"))
        if names:
            count = f"{len(names)} package{'s' * (len(names) != 1)}"
            what = f"every Python of this version imports {count} of the user"
            how = (
                "nothing, as sealenv's activation and `run` set PYTHONNOUSERSITE; or uninstall them"
            )
            yield Finding("warning", what, str(folder), how, tuple(names[:5]))


CHECKS = (
    Check(
        "condarc",
        "configurations that every conda and mamba reads",
        "channels, package caches and places of environments differ from those that an environment was "
        "made with",
        ("warning",),
        _condarc,
        "these settings become comments, in a file in your home",
    ),
    Check(
        "pip-conf",
        "configurations that pip reads outside of an activated sealed environment",
        "pip installs to another place, or fails",
        ("error", "warning"),
        _pip_conf,
        "settings that change the place become comments",
    ),
    Check(
        "user-site",
        "packages in the user's own site-packages",
        "every Python of that version imports them, in environments too, unless PYTHONNOUSERSITE is set",
        ("warning",),
        _user_site,
    ),
)
