"""CPython for Windows as a `python` package: from an installation, or from the embeddable build."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from sealenv.tour.archive import Package, Payload
from sealenv.tour.stdlib import tree

__all__ = ["embedded_payload", "installation_payload", "windows_package"]


def windows_package(
    payload: list[Payload], *, version: str, build: str, subdir: str, summary: str
) -> Package:
    """The package, laid out as conda's python for Windows is: `python.exe` on top, `DLLs`, `Lib`."""
    return Package(
        name="python",
        version=version,
        build=build,
        subdir=subdir,
        license="PSF-2.0",
        summary=summary,
        payload=tuple(sorted(payload, key=lambda item: item.path)),
        python_site_packages_path="Lib/site-packages",
    )


def installation_payload(prefix: Path) -> Iterator[Payload]:
    """The files of an installation below its prefix; an embeddable build becomes a full layout.

    The `._pth` of an embeddable build is left out, so that the interpreter finds its prefix by landmark
    and has a site-packages; its zipped library goes to `Lib` (compiled modules without sources, as it
    has them), its extension modules to `DLLs`.
    """
    for item in sorted(prefix.iterdir()):
        if item.is_file() and not item.name.endswith("._pth"):
            yield from embedded_payload(item.name, item.read_bytes())
    for name in ("DLLs", "Lib", "include", "libs"):
        folder = prefix / name
        if folder.is_dir():
            yield from tree(folder, name)


def embedded_payload(name: str, data: bytes) -> Iterator[Payload]:
    """What a file on top of an installation or of the embeddable build becomes."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix == ".zip" and name.startswith("python"):
        with zipfile.ZipFile(io.BytesIO(data)) as library:
            for entry in library.infolist():
                if not entry.is_dir():
                    yield Payload(f"Lib/{entry.filename}", data=library.read(entry))
    elif suffix == ".pyd":
        yield Payload(f"DLLs/{name}", data=data)
    elif suffix in {".exe", ".dll", ".txt", ".cat"}:
        yield Payload(name, data=data, executable=suffix == ".exe")
