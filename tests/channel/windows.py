"""The real CPython for Windows as a win-64 package, from the embeddable build that PyPI holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

from release.embedded import VERSION, embedded_files
from sealenv.errors import DigestError, FetchError
from sealenv.tour.archive import Package
from sealenv.tour.python import windows_file, windows_package


def windows_python(folder: Path) -> Package:
    """Fetch it once into the folder, check it, and lay it out as conda's python is.

    Raises:
        FetchError: PyPI was not reached.
        DigestError: it is not the pinned one.
    """
    try:
        files = embedded_files(folder)
    except subprocess.CalledProcessError as error:
        details = str(error.stderr).splitlines()[-3:]
        raise FetchError("pip could not fetch Python for Windows.", details=details) from error
    except ValueError as error:
        raise DigestError(str(error)) from error
    return windows_package(
        [item for name, content in files for item in windows_file(name, content)],
        version=VERSION,
        subdir="win-64",
        summary="CPython for Windows, repackaged from the embeddable build for sealenv's tests",
    )
