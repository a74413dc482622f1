"""What conda-lock.yml has no place for, as JSON in its `custom_metadata`."""

from __future__ import annotations

from typing import Any

import msgspec

from sealenv.locks.asked import check_said
from sealenv.locks.model import LockFile
from sealenv.spec.yaml_nodes import Node

__all__ = ["CUSTOM_KEY", "Custom", "Needs", "custom_of", "read_custom"]

CUSTOM_KEY = "sealenv"


class Needs(msgspec.Struct, omit_defaults=True):
    """What a wheel says of itself."""

    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None


class Custom(msgspec.Struct, omit_defaults=True):
    """What we keep there, by platform where it may differ."""

    name: str | None = None
    specs: dict[str, list[str]] = {}
    requirements: dict[str, list[str]] = {}
    virtual_packages: dict[str, list[str]] = {}
    exclude_newer: dict[str, str] = {}
    channels: dict[str, list[str]] = {}
    """Where they are not the same for every platform."""
    indexes: dict[str, list[str]] = {}
    find_links: dict[str, list[str]] = {}
    wheels: dict[str, Needs] = {}
    """By address."""
    variables: dict[str, str] = {}


def custom_of(file: LockFile) -> Custom:
    """What of a lock goes there."""

    def by_platform(what: str) -> dict[str, Any]:
        values = {k.platform: getattr(k, what) for k in file.locks}
        return {p: list(v) if isinstance(v, tuple) else v for p, v in values.items() if v}

    return Custom(
        name=file.name,
        specs=by_platform("specs"),
        requirements=by_platform("requirements"),
        virtual_packages=by_platform("virtual_packages"),
        exclude_newer=by_platform("exclude_newer"),
        channels=file.channels_apart,
        indexes=by_platform("indexes"),
        find_links=by_platform("find_links"),
        wheels={
            w.url: Needs(w.requires_dist, w.requires_python)
            for k in file.locks
            for w in k.wheels
            if w.requires_dist or w.requires_python
        },
        variables=dict(file.variables),
    )


def read_custom(metadata: Node) -> Custom:
    """What stands there; nothing in a file of others.

    Raises:
        SpecError: it is not what sealenv writes.
    """
    custom = metadata.get("custom_metadata")
    node = custom.get(CUSTOM_KEY) if custom else None
    if node is None:
        return Custom()
    try:
        found = msgspec.json.decode(node.text(f"{CUSTOM_KEY!r}"), type=Custom)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise node.wrong(f"it is not what sealenv writes: {error}") from error
    for key in ("name", "specs", "requirements", "exclude_newer", "variables"):
        if fault := check_said(key, getattr(found, key)):
            raise node.wrong(fault)
    return found
