"""environment.yml (CEP 24): read strictly, with line and column for what is not right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealenv.errors import SpecError
from sealenv.scalars import scalar
from sealenv.urls import redact

if TYPE_CHECKING:
    from sealenv.requirements import PipLine

__all__ = ["EnvironmentFile", "read_environment_yml", "write_environment_yml"]

_KEYS = ("name", "prefix", "channels", "dependencies", "variables")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIMIT_BYTES = 4 << 20


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


def read_environment_yml(path: Path) -> EnvironmentFile:
    """Read and check the file.

    Raises:
        SpecError: it is not there, is no YAML, or is not what CEP 24 says, with line and column.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise SpecError("the file is too large for an environment.yml", where=str(path))
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SpecError(
            f"the file cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError(
            "the file is not UTF-8", where=str(path), hint="save it as UTF-8"
        ) from error
    yaml = YAML(typ="rt", pure=True)
    try:
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SpecError(
            f"the file is no YAML: {error.problem or error.context}", where=at
        ) from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise SpecError(f"the file is no YAML: {error}", where=str(path)) from error
    return _Reader(path).read(data)


def write_environment_yml(
    *,
    name: str | None,
    channels: Sequence[str],
    dependencies: Sequence[str],
    pip: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> str:
    """The text of a file (CEP 24).

    `nodefaults` comes last among the channels: conda adds its own without it.
    """
    lines = [f"name: {scalar(name)}"] if name and not re.search(r"[/ :#]", name) else []
    lines += ["channels:", *(f"  - {scalar(c)}" for c in [*channels, "nodefaults"])]
    lines += ["dependencies:" + " []" * (not dependencies and not pip)]
    lines += [f"  - {scalar(d)}" for d in dependencies]
    if pip:
        lines += ["  - pip:", *(f"      - {scalar(p)}" for p in pip)]
    if variables:
        lines += ["variables:", *(f"  {k}: {scalar(v)}" for k, v in sorted(variables.items()))]
    return "\n".join([*lines, ""])


class _Reader:
    """Checks one document; every complaint carries the place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pip: list[PipLine] = []

    def read(self, data: Any) -> EnvironmentFile:
        if not isinstance(data, dict):
            raise self._wrong(data, None, "it is no mapping of name, channels, dependencies ...")
        warnings = [
            f"{self.path}: {key!r} is not a key of environment.yml (CEP 24) and is ignored"
            for key in data
            if key not in _KEYS
        ]
        if "prefix" in data:
            warnings.append(f"{self.path}: 'prefix' is ignored; the place is given by -p or NAME")
        name = data.get("name")
        if name is not None and (
            not isinstance(name, str) or not name or re.search(r"[/ :#]", name)
        ):
            raise self._wrong(
                data, "name", f"{name!r} is no name: it must be text without '/', ' ', ':' and '#'"
            )
        if data.get("dependencies") is None:
            raise self._wrong(data, None, "it has no 'dependencies'")
        dependencies = self._dependencies(data)
        indexes = self._pip("index")
        return EnvironmentFile(
            path=str(self.path),
            name=name,
            channels=tuple(self._strings(data, "channels")),
            dependencies=tuple(dependencies),
            requirements=self._pip("requirement"),
            index=indexes[-1] if indexes else None,
            extra_indexes=self._pip("extra-index"),
            find_links=self._pip("find-links"),
            variables=self._variables(data),
            warnings=tuple(warnings),
        )

    def _dependencies(self, data: Any) -> list[str]:
        items = data["dependencies"]
        if not isinstance(items, list):
            raise self._wrong(data, "dependencies", "it is no list")
        result = []
        for index, item in enumerate(items):
            if isinstance(item, dict):
                section = ", ".join(str(k) for k in item)
                if section != "pip":
                    raise self._wrong(items, index, f"the section {section!r} is unknown (CEP 24)")
                self._read_pip(item)
                continue
            if not isinstance(item, str) or not item.strip():
                raise self._wrong(items, index, f"{item!r} is no MatchSpec; quote it if it is text")
            result.append(item.strip())
        return result

    def _read_pip(self, section: Any) -> None:
        from sealenv.requirements import parse_pip_line

        lines = section["pip"] or []
        if not isinstance(lines, list):
            raise self._wrong(section, "pip", "it is no list")
        for index, line in enumerate(lines):
            if not isinstance(line, str):
                raise self._wrong(lines, index, f"{line!r} is no text; quote it")
            try:
                self.pip.append(parse_pip_line(line, self.path.absolute().parent))
            except SpecError as error:
                raise self._wrong(lines, index, redact(error.what), error.hint) from error

    def _pip(self, kind: str) -> tuple[str, ...]:
        return tuple(line.value for line in self.pip if line.kind == kind)

    def _strings(self, data: Any, key: str) -> list[str]:
        items = data.get(key)
        if items is None:
            return []
        if not isinstance(items, list):
            raise self._wrong(data, key, "it is no list")
        for index, item in enumerate(items):
            if not isinstance(item, str):
                raise self._wrong(items, index, f"{item!r} is no text")
        return [str(i) for i in items]

    def _variables(self, data: Any) -> dict[str, str]:
        items = data.get("variables")
        if items is None:
            return {}
        if not isinstance(items, dict):
            raise self._wrong(data, "variables", "it is no mapping")
        result = {}
        for key, value in items.items():
            if not isinstance(key, str) or not _VARIABLE.fullmatch(key):
                raise self._wrong(items, key, f"{key!r} is no name of a variable")
            if not isinstance(value, (str, int, float)) or isinstance(value, bool):
                raise self._wrong(items, key, f"the value of {key} is no text; quote it")
            if any(c in str(value) for c in "\0\r\n"):
                raise self._wrong(items, key, f"the value of {key} has a line break")
            result[key] = str(value)
        return result

    def _wrong(self, container: Any, key: Any, why: str, hint: str | None = None) -> SpecError:
        where = str(self.path)
        try:
            marks = container.lc
            line, column = (
                (marks.line, marks.col)
                if key is None
                else marks.item(key)
                if isinstance(container, list)
                else marks.value(key)
            )
            where = f"{self.path}:{line + 1}:{column + 1}"
        except (AttributeError, KeyError, TypeError):
            pass  # an empty document has no marks
        return SpecError(why, where=where, hint=hint or "mend the file (CEP 24 describes it)")
