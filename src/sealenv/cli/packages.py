"""The packages and wheels of a lock for `--json` (docs/reference/json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sealenv.locks import Lock

__all__ = ["packages_json"]


def packages_json(lock: Lock) -> dict[str, list[dict[str, Any]]]:
    """Both lists, under the keys that every command has them."""
    return {
        "packages": [
            {"name": p.name, "version": p.version, "build": p.build, "subdir": p.subdir,
             "url": p.url, "sha256": p.sha256, "size": p.size}
            for p in lock.packages
        ],
        "wheels": [
            {"name": w.name, "version": w.version, "url": w.url, "sha256": w.sha256, "size": w.size}
            for w in lock.wheels
        ],
    }  # fmt: skip
