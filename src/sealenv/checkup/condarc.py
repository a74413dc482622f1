"""The configurations that conda and mamba read, in the order of their search paths."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.text import decode, encode, lines_of
from sealenv.errors import SpecError
from sealenv.masking import masked
from sealenv.spec.yaml_nodes import Node, load

__all__ = [
    "ALWAYS",
    "activates_base",
    "condarcs",
    "lines_to_comment",
    "settings_of",
    "unreadable_folders",
]

_SHOWN = 200
"""Characters of a value."""

ALWAYS = ("CONDARC", "MAMBARC")
"""Variables that name one more file."""


def condarcs(computer: Computer) -> Iterator[Path]:
    """Every file that may be there, those of the system first, as conda reads them; each once."""
    yield from dict.fromkeys(_all(computer)[0])


def unreadable_folders(computer: Computer) -> dict[Path, OSError]:
    """The folders `condarc.d` that are there and cannot be listed."""
    return _all(computer)[1]


def _all(computer: Computer) -> tuple[list[Path], dict[Path, OSError]]:
    found: list[Path] = []
    bad: dict[Path, OSError] = {}
    names = (".condarc", "condarc")
    if computer.windows:
        data = computer.folder("PROGRAMDATA", "C:\\ProgramData")
        found += [data / "conda" / name for name in names]
        found += _yaml_in(data / "conda" / "condarc.d", bad)
    else:
        for place in (computer.at("/etc/conda"), computer.at("/var/lib/conda")):
            found += [place / name for name in names]
            found += _yaml_in(place / "condarc.d", bad)
            found.append(place / ".mambarc")
    home = computer.home
    for folder in (computer.config / "conda", home / ".conda"):
        found += [folder / name for name in names]
        found += _yaml_in(folder / "condarc.d", bad)
    found += [home / ".condarc", home / ".mambarc", home / ".config/mamba/.mambarc"]
    found.append(home / ".mamba/.mambarc")
    for name in ALWAYS:
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named:
            found.append(named)
    return found, bad


def _yaml_in(folder: Path, bad: dict[Path, OSError]) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.suffix in {".yml", ".yaml"})
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        bad[folder] = error
        return []


def settings_of(path: Path, data: bytes) -> dict[str, str]:
    """Its settings: name -> value, or the first of its values.

    Raises:
        SpecError: sealenv cannot read it.
    """
    return {name: _short(node.value) for name, node in _read(path, data).items()}


def _read(path: Path, data: bytes, *, aliases: bool = True) -> dict[str, Node]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("the file is not UTF-8", where=str(path)) from None
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return {}
    node = load(text, str(path), aliases=aliases)
    if node.is_null:
        return {}
    if not isinstance(node.value, dict):
        raise SpecError("it is no mapping of settings", where=str(path))
    return _merged(node.value)


def _merged(fields: dict[str, Node]) -> dict[str, Node]:
    """With what `<<` takes over from an anchor."""
    found = dict(fields)
    merge = found.pop("<<", None)
    several = merge.value if merge and isinstance(merge.value, list) else [merge]
    for one in several:
        if one and isinstance(one.value, dict):
            found = {**one.value, **found}
    return found


_KEY = re.compile(r"(?P<quote>['\"]?)(?P<name>[A-Za-z_][\w-]*)(?P=quote)[ \t]*:(?:[ \t\r\n]|$)")


def lines_to_comment(path: Path, data: bytes, names: Collection[str]) -> list[int] | None:
    """Where `# ` makes comments of these settings and of nothing else; None: that is not certain.

    It is tried on the text: the other settings must be what they were.
    """
    text = decode(data)
    places: list[int] = []
    waiting: list[int] = []
    inside = False
    for start, end in lines_of(text):
        start += text.startswith("\ufeff", start)
        line = text[start:end]
        key = _KEY.match(line)
        if key or line.startswith(("---", "...")):
            inside, waiting = bool(key and key["name"] in names), []
        if inside and line.strip():
            waiting.append(start)
            if not line.lstrip().startswith("#"):  # comments behind it are not part of it
                places += waiting
                waiting = []
    without = text
    for place in reversed(places):
        without = f"{without[:place]}# {without[place:]}"
    try:
        before = _read(path, data, aliases=False)
        after = _read(path, encode(without, data), aliases=False)
    except SpecError:
        return None
    expected = {name: _plain(node) for name, node in before.items() if name not in names}
    return places if {n: _plain(node) for n, node in after.items()} == expected else None


def _plain(node: Node) -> object:
    value = node.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value, node.plain


def _short(value: object) -> str:
    if isinstance(value, str):
        return masked(value)[:_SHOWN]
    if isinstance(value, list):
        words = [masked(str(getattr(item, "value", "")))[:_SHOWN] for item in value[:4]]
        return ", ".join(words) + (" ..." if len(value) > 4 else "")
    return "..."


def activates_base(computer: Computer) -> bool | None:
    """Whether conda's hook activates `base`: unless a variable or a file says otherwise.

    None: a file that may say so cannot be read.
    """
    for name in ("CONDA_AUTO_ACTIVATE", "CONDA_AUTO_ACTIVATE_BASE"):
        if computer.setting(name):
            return _true(computer.setting(name))
    answer: bool | None = None if unreadable_folders(computer) else True
    for path in condarcs(computer):
        try:
            data = computer.bytes_of(path)
            settings = settings_of(path, data) if data else {}
        except (OSError, SpecError):
            answer = None
            continue
        for name in ("auto_activate_base", "auto_activate"):
            if name in settings:
                answer = _true(settings[name])
    return answer


def _true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on", "y"}
