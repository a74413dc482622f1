"""Changed programs of macOS are signed before they are in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.relocation.files import sign

pytestmark = pytest.mark.skipif(os.name == "nt", reason="macOS has a POSIX shell")

MACHO = bytes.fromhex("cffaedfe") + b"rest"


@pytest.fixture
def fake_codesign(tmp_path: Path) -> Path:
    """Appends what it was called with to the file."""
    program = tmp_path / "codesign"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$1 $2 $3" "${last##*/}" >>"$last"\n')
    program.chmod(0o755)
    return program


def test_it_is_called_as_conda_does(fake_codesign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(fake_codesign.parent))
    signed = sign(MACHO, "libx.dylib")
    assert signed == MACHO + b"--force --sign - libx.dylib\n"
