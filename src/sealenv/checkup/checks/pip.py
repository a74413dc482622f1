"""What pip and Python read in every environment: configurations, and the user's own packages."""

from __future__ import annotations

import configparser
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sealenv.checkup.checks.conda import cannot_read
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Cut, Finding, Severity
from sealenv.checkup.text import decode, digest_of, encode, line_at, lines_of, replaced
from sealenv.masking import masked

__all__ = ["CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_REDIRECTING = frozenset({"target", "prefix", "root", "user", "python", "src", "home"})
_OF_DISTUTILS = frozenset({"install-lib", "install-base", "install-scripts", "install-data"})
_SOURCES = frozenset(
    {"index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "constraint"}
    | {"require-virtualenv", "no-deps", "no-binary", "only-binary", "pre"}
    | {"break-system-packages", "no-build-isolation", "cert", "client-cert", "proxy"}
)
Settings = dict[tuple[str, str], str]
"""(section, name) -> value."""
_NO = frozenset({"", "no", "false", "off", "0"})
_SETTING = re.compile(r"\s*(?P<name>[^=:\s#;\[][^=:]*?)\s*[=:]")


def _pip_files(computer: Computer) -> Iterator[Path]:
    """Yield every configuration that pip reads outside of an environment."""
    home = computer.home
    found: list[Path] = []
    if computer.windows:
        found.append(computer.folder("PROGRAMDATA", "C:\\ProgramData") / "pip/pip.ini")
        found.append(home / "pip/pip.ini")
        found.append(computer.folder("APPDATA", "AppData", "Roaming") / "pip/pip.ini")
    else:
        for folder in (computer.setting("XDG_CONFIG_DIRS") or "/etc/xdg").split(":"):
            found += [computer.at(f"{folder}/pip/pip.conf")] if folder.startswith("/") else []
        found.append(computer.at("/etc/pip.conf"))
        found.append(home / ".pip/pip.conf")
        if computer.system == "darwin":
            found.append(computer.at("/Library/Application Support/pip/pip.conf"))
            found.append(home / "Library/Application Support/pip/pip.conf")
        found.append(computer.config / "pip/pip.conf")
    named = computer.setting("PIP_CONFIG_FILE")
    path = computer.expand(named) if named else None
    if path and str(path) not in {"/dev/null", "nul"}:
        found.append(path)
    yield from dict.fromkeys(found)


def _pip(computer: Computer) -> Iterator[Finding]:
    for path in _pip_files(computer):
        yield from _configuration(computer, path, _SOURCES)


def _distutils(computer: Computer) -> Iterator[Finding]:
    name = "pydistutils.cfg" if computer.windows else ".pydistutils.cfg"
    yield from _configuration(computer, computer.home / name, frozenset())


def _configuration(computer: Computer, path: Path, sources: Collection[str]) -> Iterator[Finding]:
    try:
        data = computer.bytes_of(path)
        settings = {} if data is None else _read(data)
    except UnicodeDecodeError:
        what = "it is not UTF-8: every pip ends with an error, if the locale is UTF-8"
        yield Finding(_E, what, str(path), "fix it by hand")
        return
    except OSError as error:
        yield cannot_read(path, error)
        return
    except configparser.Error as error:
        reason = re.sub(r"\s+", " ", masked(str(error)))[:200]
        what = f"every pip ends with an error at it: {reason}"
        yield Finding(_E, what, str(path), "fix it by hand")
        return
    if data:
        yield from _redirections(path, data, settings)
        named = [one for one in settings if one[1] in sources]
        if named:
            what = f"it sets {', '.join(dict.fromkeys(name for _, name in named))} for every pip"
            how = "nothing, if you want that in every environment; else remove it by hand"
            yield Finding(_N, what, _place(path, data, named), how, _shown(named, settings))


def _redirections(path: Path, data: bytes, settings: Settings) -> Iterator[Finding]:
    """Yield one finding for the settings with which pip installs elsewhere."""
    redirecting = _REDIRECTING | _OF_DISTUTILS
    bad = [
        one for one, value in settings.items() if one[1] in redirecting and value.lower() not in _NO
    ]
    if bad:
        places = _lines_to_comment(data, {name for _, name in bad}) or ()
        digest = digest_of(data)
        cuts = tuple(Cut(path, place, place, "# ", digest) for place in places)
        how = "these lines become comments" if cuts else "take these settings out by hand"
        what = f"{bad[0][1]} has pip install to another place"
        yield Finding(_E, what, _place(path, data, bad), how, _shown(bad, settings), cuts)


def _read(data: bytes) -> Settings:
    """Return (section, name) -> value, as pip reads it.

    Raises:
        UnicodeDecodeError, configparser.Error: pip ends with an error too.
    """
    text = re.sub(r"\r\n?", "\n", data.decode())
    configparser.RawConfigParser().read_string(text, "it")
    parser = configparser.RawConfigParser(strict=False)  # `target` and `--target` are one for us
    parser.optionxform = _option_name  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return {
        (section, name): " ".join(value.split())
        for section in parser.sections()
        for name, value in parser.items(section)
    }


def _option_name(name: str) -> str:
    """Return an option as pip spells it: `_normalize_name` in pip/_internal/configuration.py."""
    return name.lower().replace("_", "-").removeprefix("--")


def _settings_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a line begins, its indentation, and the name if it sets one; comments do not count."""
    for start, end in lines_of(text):
        line = text[start:end]
        bare = line.lstrip()
        if bare and bare[0] not in "#;":
            found = _SETTING.match(line)
            yield start, len(line) - len(bare), _option_name(found["name"]) if found else ""


def _place(path: Path, data: bytes, named: Iterable[tuple[str, str]]) -> str:
    """Return FILE:LINE of the first of these settings."""
    text, names = decode(data), {name for _, name in named}
    first = next((start for start, _, name in _settings_in(text) if name in names), None)
    return str(path) if first is None else f"{path}:{line_at(text, first)}"


def _lines_to_comment(data: bytes, names: Collection[str]) -> list[int] | None:
    """Return where `# ` makes comments of these settings alone; None: that is not certain.

    It is tried on the text: the other settings must be what they were.
    """
    text = decode(data)
    places = []
    inside: int | None = None
    for start, indent, name in _settings_in(text):
        if inside is not None and indent > inside:
            places.append(start)  # the value goes on
            continue
        inside = indent if name in names else None
        if inside is not None:
            places.append(start)
    before = _read(data)
    try:
        after = _read(encode(replaced(text, [(p, p, "# ") for p in places]), data))
    except (configparser.Error, UnicodeDecodeError):
        return None
    expected = {one: value for one, value in before.items() if one[1] not in names}
    return places if after == expected else None


def _shown(named: Iterable[tuple[str, str]], settings: Settings) -> tuple[str, ...]:
    lines = (f"[{section}] {name} = {settings[section, name]}" for section, name in named)
    return tuple(masked(line)[:200] for line in lines)


def _user_site(computer: Computer) -> Iterator[Finding]:
    for folder in _user_sites(computer):
        try:
            names = sorted(p.name for p in folder.iterdir() if p.name != "__pycache__")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield cannot_read(folder, error)
            continue
        if names:
            infos = [n for n in names if n.endswith((".dist-info", ".egg-info", ".egg-link"))]
            runs = [n for n in names if n in {"usercustomize.py", "sitecustomize.py"}]
            count = len(infos) or len(names)
            what = f"{count} package{'s' * (count != 1)} of the user's for every Python of this version"
            if runs:
                what += f"; {runs[0]} runs at each start"
            how = "nothing: PYTHONNOUSERSITE is set in sealenv's environments; uninstall them to be sure"
            yield Finding(_W, what, str(folder), how, tuple((runs + infos or names)[:5]))


def _user_sites(computer: Computer) -> Iterator[Path]:
    if computer.windows:
        base = computer.folder("PYTHONUSERBASE", "AppData", "Roaming", "Python")
        yield from sorted(base.glob("Python*/site-packages"))
        return
    if computer.system == "darwin":
        yield from sorted(computer.home.glob("Library/Python/*/lib/python/site-packages"))
    base = computer.folder("PYTHONUSERBASE", ".local")
    yield from sorted(base.glob("lib/python*/site-packages"))


CHECKS = (
    Check(
        "pip-conf",
        "configurations that pip reads, but for the pip of an activated sealed environment",
        "pip of another environment, or where none is activated, installs to another place, from "
        "another one, or trusts other certificates",
        (_E, _W, _N),
        _pip,
        "settings that change the place become comments",
    ),
    Check(
        "distutils-cfg",
        "a configuration of distutils that changes where packages go",
        "builds inside of an environment install to another place",
        (_E, _W),
        _distutils,
        "settings that change the place become comments",
    ),
    Check(
        "user-site",
        "packages in the user's own site-packages",
        "every Python of that version imports them, environments too, unless PYTHONNOUSERSITE is set",
        (_W,),
        _user_site,
    ),
)
