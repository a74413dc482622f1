"""Read and write environment.yml (CEP 24). Errors have line and column."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.errors import SpecError
from sealenv.spec.matchspec import LONGEST_SPEC
from sealenv.spec.yaml_nodes import Node, load, read_text, scalar
from sealenv.urls import redact

if TYPE_CHECKING:
    from sealenv.spec.requirements import PipLine

_KEYS = ("name", "prefix", "channels", "dependencies", "variables")
"""`prefix`, which conda writes, is ignored: the place is NAME or -p."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_LIMIT_BYTES = 4 << 20
_COMMENT = """\
# conda adds the channels of your own configuration to those below. `nodefaults` is not listed:
# older versions of conda need it to leave your channels out, but conda 26.7 and later takes it for
# the name of a channel and fails. For exactly the same packages use a lock (sealenv export).
""".splitlines()


@dataclass(frozen=True)
class EnvironmentFile:
    """The content of an environment.yml."""

    path: str
    name: str | None
    channels: tuple[str, ...]
    dependencies: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    """The `pip:` section: PEP 508."""
    index: str | None = None
    """Its `--index-url`, as written: perhaps with credentials, like the next two."""
    extra_indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    places: dict[str, str] = field(default_factory=dict)
    """Dependency -> FILE:LINE:COLUMN."""
    name_place: str | None = None
    """FILE:LINE:COLUMN of the name."""


def read_environment_yml(path: Path, root: Node | None = None) -> EnvironmentFile:
    """Read and check the file.

    Args:
        path: the file.
        root: the parsed content.

    Raises:
        SpecError: it is missing, is not YAML, or is not valid; with line and column.
    """
    return _Reader(path).read(root or load(read_text(path, limit=_LIMIT_BYTES), str(path)))


def write_environment_yml(
    *,
    name: str | None,
    channels: Sequence[str],
    dependencies: Sequence[str],
    pip: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """Return the text of a file (CEP 24).

    `nodefaults` is not written: conda 26.7 and later takes it for the name of a channel.
    """
    lines = [*_COMMENT]
    if name and not re.search(r"[/ :#]", name):
        lines.append(f"name: {scalar(name)}")
    lines += ["channels:" + " []" * (not channels), *(f"  - {scalar(c)}" for c in channels)]
    lines += ["dependencies:" + " []" * (not dependencies and not pip)]
    lines += [f"  - {scalar(d)}" for d in dependencies]
    if pip:
        lines += ["  - pip:", *(f"      - {scalar(p)}" for p in pip)]
    if variables:
        lines += ["variables:", *(f"  {k}: {scalar(v)}" for k, v in sorted(variables.items()))]
    return "\n".join([*lines, ""])


class _Reader:
    """Checks one document."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pip: list[PipLine] = []
        self.places: dict[str, str] = {}

    def read(self, root: Node) -> EnvironmentFile:
        if not isinstance(root.value, dict):
            raise _wrong(root, "it is not a mapping of name, channels, dependencies ...")
        data = root.value
        warnings = [
            f"{self.path}: {key!r} is not a key of environment.yml (CEP 24) and is ignored"
            for key in data
            if key not in _KEYS
        ]
        if root.get("dependencies") is None:
            raise _wrong(root, "it has no 'dependencies'")
        name = _name(root.get("name"))
        dependencies = self._dependencies(data["dependencies"])
        indexes = self._pip("index")
        return EnvironmentFile(
            path=str(self.path),
            name=name,
            channels=tuple(map(_channel, _list(root.get("channels")))),
            dependencies=tuple(dependencies),
            requirements=self._pip("requirement"),
            index=indexes[-1] if indexes else None,
            extra_indexes=self._pip("extra-index"),
            find_links=self._pip("find-links"),
            variables=_variables(root.get("variables")),
            warnings=tuple(warnings),
            places=self.places,
            name_place=data["name"].where if "name" in data else None,
        )

    def _dependencies(self, node: Node) -> list[str]:
        result = []
        for item in _list(node):
            if isinstance(item.value, dict):
                section = ", ".join(item.value)
                if section != "pip":
                    raise _wrong(item, f"the section {section!r} is unknown (CEP 24)")
                self._read_pip(item.get("pip"))
                continue
            text = _text(item, "{} is not a MatchSpec; quote it if it is text").strip()
            if not text:
                raise _wrong(item, f"{item.value!r} is not a MatchSpec")
            self.places.setdefault(text, item.where)
            result.append(text)
        return result

    def _read_pip(self, section: Node | None) -> None:
        from sealenv.spec.requirements import parse_pip_line

        for line in _list(section):
            text = _text(line, "{} is not text; quote it")
            if len(text) > LONGEST_SPEC:
                raise _wrong(line, f"{redact(text[:40])!r}... is {len(text)} characters long")
            try:
                found = parse_pip_line(text, self.path.absolute().parent)
            except SpecError as error:
                raise _wrong(line, redact(error.what), error.hint) from error
            self.pip.append(found)

    def _pip(self, kind: str) -> tuple[str, ...]:
        return tuple(line.value for line in self.pip if line.kind == kind)


def _name(node: Node | None) -> str | None:
    if node is None:
        return None
    if not node.is_text or not node.value or re.search(r"[/ :#]", str(node.value)):
        why = f"{_shown(node)} is not a name: it must be text without '/', ' ', ':' and '#'"
        raise _wrong(node, why)
    return str(node.value)


def _channel(node: Node) -> str:
    """Return a channel with `$NAME` and `${NAME}` expanded, as conda does."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in os.environ:
            raise _wrong(node, f"the variable {name} in a channel is not set", f"set {name} first")
        return os.environ[name]

    return _REFERENCE.sub(value, _text(node, "{} is not text"))


def check_variable(name: str, value: str) -> str | None:
    """Return why no shell can set a variable; None if shells can."""
    if not _VARIABLE.fullmatch(name):
        return f"{name!r} is not a name of a variable"
    if "\0" in value:
        return f"the value of {name} has a NUL character"
    return None


def _variables(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        raise _wrong(node, "it is not a mapping")
    result = {}
    for key, value in node.value.items():
        if not (value.is_text or value.is_number):
            raise _wrong(value, f"the value of {key} is not text; quote it")
        text = str(value.value)
        if fault := check_variable(key, text):
            raise _wrong(value, fault)
        result[key] = text
    return result


def _list(node: Node | None) -> list[Node]:
    if node is None or node.is_null:
        return []
    if not isinstance(node.value, list):
        raise _wrong(node, "it is not a list")
    return node.value


def _text(node: Node, why: str) -> str:
    if not node.is_text:
        raise _wrong(node, why.format(_shown(node)))
    return str(node.value)


def _shown(node: Node) -> str:
    """Return a scalar as it is written, or the kind of another node."""
    if isinstance(node.value, str):
        return node.value if node.plain and node.value else repr(node.value)
    return "a list" if isinstance(node.value, list) else "a mapping"


def _wrong(node: Node, why: str, hint: str | None = None) -> SpecError:
    return node.wrong(why, hint or "fix the file (its format is CEP 24)")
