"""Configurations of pip and distutils that send installs elsewhere."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.changes import Cut
from sealenv.checkup.checks.configs import unreadable
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.ini import Setting, ini_settings
from sealenv.checkup.text import decode
from sealenv.masking import masked

__all__ = ["CHECKS", "pip_files"]

_E, _N = Severity.ERROR, Severity.NOTE
_REDIRECTING = {"target", "prefix", "root", "user", "python", "src", "home"}
_SOURCES = {
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "constraint"),
    *("require-virtualenv", "no-deps", "no-binary", "only-binary", "pre", "break-system-packages"),
    *("no-build-isolation", "cert", "client-cert", "proxy"),
}


def pip_files(computer: Computer) -> Iterator[Path]:
    """Every configuration that pip reads outside of an environment; each once."""
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


def _pip(computer: Computer) -> Iterator[Seen]:
    for path in pip_files(computer):
        yield from _broken(computer, path)
        yield from _ini(computer, path, _SOURCES)


def _broken(computer: Computer, path: Path) -> Iterator[Seen]:
    """What pip does not read: it ends there, whatever it is asked to do."""
    try:
        text = (computer.bytes_of(path) or b"").decode()
        configparser.RawConfigParser().read_string(text, "it")
    except OSError:
        return  # `_ini` says so
    except UnicodeDecodeError:
        what = "it is not UTF-8: every pip ends with an error, where the locale is UTF-8"
        yield Seen(_E, what, str(path), "mend it by hand")
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(
            (n for n, _ in getattr(error, "errors", ())), 0
        )
        reason = re.sub(r"\s+", " ", masked(str(error)))[:200]
        where = f"{path}:{line}" if line else str(path)
        yield Seen(_E, f"every pip ends with an error at it: {reason}", where, "mend it by hand")


def _distutils(computer: Computer) -> Iterator[Seen]:
    name = "pydistutils.cfg" if computer.windows else ".pydistutils.cfg"
    redirecting = {"install-lib", "install-base", "install-scripts", "install-data"}
    yield from _ini(computer, computer.home / name, set(), redirecting)


def _ini(
    computer: Computer, path: Path, sources: set[str], more: frozenset[str] | set[str] = frozenset()
) -> Iterator[Seen]:
    try:
        data = computer.bytes_of(path)
    except OSError as error:
        yield unreadable(path, error)
        return
    if data is None:
        return
    text = decode(data)
    known = list(ini_settings(text))
    bad = [s for s in known if s.name in _REDIRECTING | more and s.value.lower() not in _NO]
    if bad:
        digest = digest_of(data)
        cuts = tuple(Cut(path, a, a, "# ", digest) for s in bad for a, _ in s.spans)
        where = f"{path}:{bad[0].line}"
        what = f"{bad[0].name} has pip install to another place"
        how = "these lines become comments"
        yield Seen(_E, what, where, how, tuple(map(_line, bad)), changes=cuts)
    other = [s for s in known if s.name in sources]
    if other:
        what = f"it sets {', '.join(dict.fromkeys(s.name for s in other))} for every pip"
        how = "nothing, if you want that in every environment; else remove it by hand"
        yield Seen(_N, what, f"{path}:{other[0].line}", how, tuple(map(_line, other)))


_NO = frozenset({"", "no", "false", "0", "off"})


def _line(setting: Setting) -> str:
    return f"[{setting.section}] {setting.name} = {setting.value}"


CHECKS = (
    Check(
        "pip-conf",
        "configurations that pip reads, but for the pip of an activated sealed environment",
        "pip of another environment, or where none is activated, installs to another place, from "
        "another one, or trusts other certificates",
        (_E, _N),
        _pip,
        "settings that change the place become comments",
    ),
    Check(
        "distutils-cfg",
        "a configuration of distutils that changes where packages go",
        "builds inside of an environment install to another place",
        (_E,),
        _distutils,
        "settings that change the place become comments",
    ),
)
