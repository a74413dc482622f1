"""Programs of macOS that were changed are signed again, or its kernel on arm64 kills them.

conda (conda/core/portability.py) and rattler (rattler/src/install/link.rs) run the same program with the
same options after they write a prefix into a binary.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sealenv.gates.whitelist import clean_environ

__all__ = ["sign"]

_MAGICS = frozenset(
    bytes.fromhex(word)
    for word in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "cafebabf")
)


def sign(data: bytes, name: str, environ: Mapping[str, str]) -> bytes | None:
    """The bytes with a signature of their own; unchanged, if they are not a program of macOS.

    They are signed before they are in place, so that the file is always whole.

    Args:
        data: a Mach-O file.
        name: its name: it becomes part of the signature.
        environ: PATH says where `codesign` is.

    Returns:
        None if `codesign` is missing or failed.

    Raises:
        OSError: no temporary file can be written.
    """
    if data[:4] not in _MAGICS:
        return data
    program = shutil.which("codesign", path=environ.get("PATH"))
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="sealenv-") as folder:
        file = Path(folder, name)
        file.write_bytes(data)
        done = subprocess.run(
            [program, "--force", "--sign", "-", os.fspath(file)],
            env=clean_environ(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return file.read_bytes() if done.returncode == 0 else None
