"""The comment lines at the head of a lock: what rattler-lock has no place for.

Each is `# KEY: JSON` between the line `# sealenv lock 1` and the first line that is no comment. Other
tools read past them; when one rewrites the file they are gone, and the lock still works.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from sealenv.errors import SpecError
from sealenv.locks.fields import check_said
from sealenv.locks.model import LockFile
from sealenv.spec.yaml_nodes import lines_of

__all__ = ["MARK", "Head", "read_head", "write_head"]

MARK = "# sealenv lock 1"
_T = TypeVar("_T")


class Head(msgspec.Struct, rename="kebab", forbid_unknown_fields=False):
    """What the head may say. A list holds for every platform, a mapping for each by its name."""

    name: str | None = None
    specs: list[str] | dict[str, list[str]] = []
    requirements: list[str] | dict[str, list[str]] = []
    exclude_newer: str | dict[str, str] | None = None
    channels: dict[str, list[str]] = {}
    """Where they are not the same for every platform; the format has one list."""
    variables: dict[str, str] = {}

    def specs_of(self, platform: str) -> tuple[str, ...]:
        """The MatchSpecs asked for on a platform."""
        return tuple(_of(self.specs, platform) or ())

    def requirements_of(self, platform: str) -> tuple[str, ...]:
        """The requirements of pip's asked for on a platform."""
        return tuple(_of(self.requirements, platform) or ())

    def channels_of(self, platform: str, all_of_them: Sequence[str]) -> tuple[str, ...]:
        """The channels of a platform, in order: all, where the head does not say, or knows others."""
        own = self.channels.get(platform)
        return tuple(own if own and set(own) <= set(all_of_them) else all_of_them)

    def cut_off(self, platform: str) -> str | None:
        """The time after which packages were ignored."""
        return _of(self.exclude_newer, platform)


def _of(value: _T | dict[str, _T] | None, platform: str) -> _T | None:
    return value.get(platform) if isinstance(value, dict) else value


def write_head(file: LockFile) -> list[str]:
    """The comment lines for a lock file."""
    facts: dict[str, Any] = {
        "name": file.name,
        "specs": _joined({k.platform: list(k.specs) for k in file.locks}),
        "requirements": _joined({k.platform: list(k.requirements) for k in file.locks}),
        "exclude-newer": _joined({k.platform: k.exclude_newer for k in file.locks}),
        "channels": file.channels_apart,
        "variables": dict(sorted(file.variables.items())),
    }
    return [
        MARK,
        "# What pixi and conda's tools need is below; sealenv keeps the rest in these comments.",
        *(f"# {key}: {_json(value)}" for key, value in facts.items() if value),
    ]


def _json(value: Any) -> str:
    import json

    # ASCII: no character of a spec or a variable ends the line, or the comment.
    return json.dumps(value)


def _joined(by_platform: dict[str, Any]) -> Any:
    """One value where all platforms have the same, else each by its platform."""
    values = list(by_platform.values())
    if all(value == values[0] for value in values):
        return values[0] if values else None
    return {platform: value for platform, value in by_platform.items() if value}


def read_head(text: str, source: str) -> Head:
    """What the head says; nothing where there is none.

    Raises:
        SpecError: a line of it is not what it should be, with its number.
    """
    raw: dict[str, Any] = {}
    found = False
    for number, line in enumerate(lines_of(text), 1):
        if not line.startswith("#"):
            break
        if line.strip() == MARK:
            found = True
            continue
        key, colon, value = line[1:].strip().partition(": ")
        if not (found and colon and key in _KEYS):
            continue
        try:
            raw[key] = msgspec.json.decode(value)
            msgspec.convert({key: raw[key]}, Head)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise SpecError(
                f"the comment {key!r} at the head is not what sealenv writes: {error}",
                where=f"{source}:{number}:1",
                hint="take the line out, or make the lock anew",
            ) from error
        if fault := check_said(key.replace("-", "_"), raw[key]):
            raise SpecError(fault, where=f"{source}:{number}:1", hint="take it out of the line")
    return msgspec.convert(raw, Head)


_KEYS = frozenset(field.encode_name for field in msgspec.structs.fields(Head))
