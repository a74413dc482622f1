"""The pip that sealenv depends on, as a package, without a download."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
from pathlib import Path, PurePosixPath

from sealenv.errors import UsageError
from sealenv.tour.archive import Package, Payload

__all__ = ["pip_package"]

_PERSONAL = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
"""Files that say how this very pip was installed."""


def pip_package() -> Package:
    """Return the installed pip as a noarch package.

    Raises:
        UsageError: no pip is installed beside sealenv.
    """
    try:
        found = importlib.metadata.distribution("pip")
    except importlib.metadata.PackageNotFoundError as error:
        raise UsageError(
            "No pip was found on this machine to put into the demo channel.",
            hint="Install pip in the environment of sealenv.",
        ) from error
    files: dict[str, bytes] = {}
    for entry in found.files or ():
        path = PurePosixPath(entry.as_posix())
        if {"..", "__pycache__"} & {*path.parts} or path.name in _PERSONAL:
            continue
        files[str(path)] = Path(str(entry.locate())).read_bytes()
    info = next(name.partition("/")[0] for name in files if name.endswith(".dist-info/METADATA"))
    files[f"{info}/INSTALLER"] = b"conda\n"
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    points = found.entry_points.select(group="console_scripts")
    wanted = re.sub(r"\s+", "", str(found.metadata["Requires-Python"] or ""))
    return Package(
        name="pip",
        version=found.version,
        build="pyhsealenv_0",
        noarch="python",
        depends=(f"python {wanted}".strip(),),
        entry_points=tuple(sorted(f"{point.name} = {point.value}" for point in points)),
        payload=tuple(Payload(f"site-packages/{path}", data=files[path]) for path in sorted(files)),
        summary=str(found.metadata["Summary"] or ""),
    )


def _record(files: dict[str, bytes], own: str) -> bytes:
    """Write RECORD for these files, as the wheel format has it."""
    lines = []
    for name, data in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{own},,\n"]).encode()
