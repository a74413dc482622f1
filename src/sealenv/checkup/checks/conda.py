"""What conda and mamba read in every environment: `.condarc` files, and conda's list of environments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import BY_HAND, Check, Cut, Finding, Severity
from sealenv.checkup.text import decode, digest_of, encode, lines_of, replaced
from sealenv.errors import SpecError
from sealenv.masking import masked
from sealenv.spec.yaml_nodes import Node, load

__all__ = ["CHECKS", "activates_base", "cannot_read"]

_W, _N = Severity.WARNING, Severity.NOTE
_SHOWN = 200
"""Characters of a value."""
_PLACES = {"pkgs_dirs", "envs_dirs", "root_prefix", "target_prefix", "envs_path", "rc_path"}
_CHANNELS = {
    *("channels", "default_channels", "channel_alias", "custom_channels", "custom_multichannels"),
    *("create_default_packages", "pinned_packages"),
}
_KEY = re.compile(r"(?P<quote>['\"]?)(?P<name>[A-Za-z_][\w-]*)(?P=quote)[ \t]*:(?:[ \t\r\n]|$)")


def _files(computer: Computer) -> tuple[list[Path], dict[Path, OSError]]:
    """Return every file that may exist, in conda's order, and the folders that cannot be listed."""
    found: list[Path] = []
    bad: dict[Path, OSError] = {}
    home = computer.home
    if computer.windows:
        system = [computer.folder("PROGRAMDATA", "C:\\ProgramData") / "conda"]
    else:
        system = [computer.at("/etc/conda"), computer.at("/var/lib/conda")]
    for folder in (*system, computer.config / "conda", home / ".conda"):
        found += [folder / ".condarc", folder / "condarc"]
        try:
            inside = sorted((folder / "condarc.d").iterdir())
            found += [path for path in inside if path.suffix in {".yml", ".yaml"}]
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            bad[folder / "condarc.d"] = error
        found.append(folder / ".mambarc")
    found += [home / ".condarc", home / ".mambarc", home / ".config/mamba/.mambarc"]
    found.append(home / ".mamba/.mambarc")
    for name in ("CONDARC", "MAMBARC"):
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named:
            found.append(named)
    return list(dict.fromkeys(found)), bad


def _read(path: Path, data: bytes, *, aliases: bool = True) -> dict[str, Node]:
    """Return the settings of a file.

    Raises:
        SpecError: sealenv cannot read it.
    """
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
        raise SpecError("it is not a mapping of settings", where=str(path))
    return node.value


def activates_base(computer: Computer) -> bool | None:
    """Return whether conda's hook activates `base`; None: a file that may say so cannot be read."""
    for name in ("CONDA_AUTO_ACTIVATE", "CONDA_AUTO_ACTIVATE_BASE"):
        if computer.setting(name):
            return _true(computer.setting(name))
    paths, bad = _files(computer)
    answer: bool | None = None if bad else True
    for path in paths:
        try:
            settings = _read(path, computer.bytes_of(path) or b"")
        except (OSError, SpecError):
            answer = None
            continue
        for name in ("auto_activate_base", "auto_activate"):
            if name in settings:
                answer = _true(str(settings[name].value))
    return answer


def _true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on", "y"}


def _condarc(computer: Computer) -> Iterator[Finding]:
    paths, bad = _files(computer)
    for folder, reason in bad.items():
        yield cannot_read(folder, reason)
    for path in paths:
        try:
            data = computer.bytes_of(path)
            if data is not None:
                yield from _settings(computer, path, data)
        except OSError as error:
            yield cannot_read(path, error)
        except SpecError as error:
            what = f"sealenv cannot read it: {error.what}"
            yield Finding(_W, what, error.where or str(path), "look at it yourself")


def cannot_read(path: Path, error: OSError) -> Finding:
    """Return the finding for a file or folder that cannot be read."""
    return Finding(_W, f"it cannot be read: {error.strerror or error}", str(path), BY_HAND)


def _settings(computer: Computer, path: Path, data: bytes) -> Iterator[Finding]:
    settings = _read(path, data)
    named = [name for name in settings if name in _PLACES | _CHANNELS]
    shown = tuple(f"{n}: {_text(settings[n])}" for n in (named or settings))
    if named:
        mine = path.is_relative_to(computer.home)
        places = _lines_to_comment(path, data, named) if mine else None
        digest = digest_of(data)
        how = "these settings become comments"
        if places is None:
            how = "take them out by hand" + ("" if mine else ", if no other user needs them")
        what = f"it sets {', '.join(named)} for every conda and mamba"
        cuts = tuple(Cut(path, place, place, "# ", digest) for place in places or ())
        yield Finding(_W, what, str(path), how, shown, cuts)
    elif settings:
        how = "nothing, if you want that in every environment; else remove it by hand"
        yield Finding(_N, "every conda and mamba reads it", str(path), how, shown)


def _text(node: Node) -> str:
    value = node.value
    if isinstance(value, str):
        return masked(value)[:_SHOWN]
    if isinstance(value, list):
        words = [masked(str(item.value))[:_SHOWN] for item in value[:4]]
        return ", ".join(words) + (" ..." if len(value) > 4 else "")
    return "..."


def _lines_to_comment(path: Path, data: bytes, names: Collection[str]) -> list[int] | None:
    """Return where `# ` makes comments of these settings alone; None: that is not certain.

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
    without = replaced(text, [(place, place, "# ") for place in places])
    try:
        before = _read(path, data, aliases=False)
        after = _read(path, encode(without, data), aliases=False)
    except SpecError:
        return None
    expected = {name: _plain(node) for name, node in before.items() if name not in names}
    return places if {name: _plain(node) for name, node in after.items()} == expected else None


def _plain(node: Node) -> object:
    """Return a value without the places in the text."""
    value = node.value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value, node.plain


def _known_environments(computer: Computer) -> Iterator[Finding]:
    path = computer.home / ".conda/environments.txt"
    names = [line for line in decode(computer.bytes_of(path) or b"").splitlines() if line.strip()]
    if names:
        what = f"conda has noted {len(names)} environment{'s' * (len(names) != 1)} here"
        how = "nothing needs to be done; sealenv's own conda writes nothing there"
        yield Finding(_N, what, str(path), how, tuple(names[:5]))


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
