"""Where the real shells are, for tests.

A missing shell is a skip on a developer's machine, and a failure where SEALENV_TEST_REQUIRE (a
comma-separated list) holds `shells`. Looked for in this order: SEALENV_TEST_<NAME> (a path), PATH,
beside the running interpreter, and for nushell the node_modules of SEALENV_TEST_CACHE, where
`npm install --prefix DIR nushell` puts it.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest


def required(what: str) -> bool:
    """Is a missing `what` a failure here?"""
    return what in os.environ.get("SEALENV_TEST_REQUIRE", "").replace(" ", "").split(",")


def find_shell(name: str) -> str | None:
    """The path of a shell's executable, or None."""
    given = os.environ.get(f"SEALENV_TEST_{name.upper()}")
    if given:
        return given
    found = shutil.which(name)
    if found:
        return found
    beside = Path(sys.executable).with_name(name)
    if beside.is_file():
        return str(beside)
    cache = os.environ.get("SEALENV_TEST_CACHE")
    if cache and name == "nu":
        # The package `nushell` is a launcher in JavaScript; the executable is in its platform part.
        for path in sorted(Path(cache).glob("**/node_modules/@nushell/*/bin/nu")):
            return str(path)
    return None


def require_shell(name: str) -> str:
    """The path of a shell's executable; without one skip, or fail where shells are required."""
    found = find_shell(name)
    if found is None:
        message = f"no {name} on this machine (SEALENV_TEST_{name.upper()} can name one)"
        if required("shells"):
            pytest.fail(message)
        pytest.skip(message)
    return found
