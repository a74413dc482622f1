"""Prefixes of another tool's making, written here: records, history and files, in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def package(
    name: str, *depends: str, files: Mapping[str, str] | None = None, **said: Any
) -> dict[str, Any]:
    """A record as conda writes it, with the content of its files in `files`."""
    record = {
        "name": name, "version": "1.0", "build": "0", "build_number": 0, "subdir": "noarch",
        "depends": list(depends), "url": f"https://example.test/chan/noarch/{name}-1.0-0.conda",
        "channel": "https://example.test/chan/noarch", "fn": f"{name}-1.0-0.conda",
        "sha256": "0" * 64, "md5": "1" * 32, "license": "MIT",
    }  # fmt: skip
    return record | said | {"files": dict(files or {})}


def write_prefix(prefix: Path, packages: Sequence[dict[str, Any]], asked: Sequence[str]) -> Path:
    """A foreign prefix with these packages; `asked` is what its history says."""
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True)
    for number, described in enumerate(packages):
        content: dict[str, str] = described["files"]
        for path, text in content.items():
            target = prefix / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            if path.startswith("bin/"):
                target.chmod(0o755)
        paths = [{"_path": path, "path_type": "hardlink"} for path in content]
        record = described | {"files": list(content), "paths_data": {"paths": paths}}
        (meta / f"{number:04}.json").write_text(json.dumps(record))
    (meta / "history").write_text(
        f"==> 2026-01-01 00:00:00 <==\n# conda version: 26.1.0\n# update specs: {list(asked)!r}\n"
    )
    return prefix
