"""The configurations that conda and mamba read, in the order of their search paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.errors import SpecError
from sealenv.nodes import load

__all__ = ["ALWAYS", "activates_base", "condarcs", "settings_of"]

ALWAYS = ("CONDARC", "MAMBARC")
"""Variables that name one more file."""


def condarcs(computer: Computer) -> Iterator[Path]:
    """Every file that may be there, those of the system first, as conda reads them; each once."""
    found: list[Path] = []
    names = (".condarc", "condarc")
    if computer.windows:
        data = computer.folder("PROGRAMDATA", "C:\\ProgramData")
        found += [data / "conda" / name for name in names]
        found += _yaml_in(data / "conda" / "condarc.d")
    else:
        for place in (computer.at("/etc/conda"), computer.at("/var/lib/conda")):
            found += [place / name for name in names]
            found += _yaml_in(place / "condarc.d")
            found.append(place / ".mambarc")
    home = computer.home
    for folder in (computer.config / "conda", home / ".conda"):
        found += [folder / name for name in names]
        found += _yaml_in(folder / "condarc.d")
    found += [home / ".condarc", home / ".mambarc", home / ".config/mamba/.mambarc"]
    found.append(home / ".mamba/.mambarc")
    for name in ALWAYS:
        named = computer.expand(computer.setting(name)) if computer.setting(name) else None
        if named:
            found.append(named)
    yield from dict.fromkeys(found)


def _yaml_in(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.suffix in {".yml", ".yaml"})
    except OSError:
        return []


def settings_of(path: Path, data: bytes) -> dict[str, str]:
    """Its settings: name -> value, or how many values.

    Raises:
        SpecError: it is no mapping in YAML.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("the file is not UTF-8", where=str(path)) from None
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        return {}
    node = load(text, str(path))
    if not isinstance(node.value, dict):
        raise SpecError("it is no mapping of settings", where=str(path))
    return {name: _short(child.value) for name, child in node.value.items()}


def _short(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        words = [str(getattr(item, "value", "")) for item in value[:4]]
        return ", ".join(words) + (" ..." if len(value) > 4 else "")
    return "..."


def activates_base(computer: Computer) -> bool:
    """Whether conda's hook activates `base`: unless a variable or a file says otherwise.

    What cannot be read says nothing here; it has a finding of its own.
    """
    for name in ("CONDA_AUTO_ACTIVATE", "CONDA_AUTO_ACTIVATE_BASE"):
        if computer.setting(name):
            return _true(computer.setting(name))
    answer = True
    for path in condarcs(computer):
        try:
            data = computer.bytes_of(path)
            settings = settings_of(path, data) if data else {}
        except (OSError, SpecError):
            continue
        for name in ("auto_activate_base", "auto_activate"):
            if name in settings:
                answer = _true(settings[name])
    return answer


def _true(text: str) -> bool:
    return text.strip().lower() in {"1", "true", "yes", "on", "y"}
