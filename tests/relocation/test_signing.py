"""Changed programs of macOS are signed before they are in place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.relocation.signing import sign

pytestmark = pytest.mark.skipif(os.name == "nt", reason="macOS has a POSIX shell")

MACHO = bytes.fromhex("cffaedfe") + b"rest"


@pytest.fixture
def fake_codesign(tmp_path: Path) -> Path:
    """Appends what it was called with to the file."""
    program = tmp_path / "codesign"
    program.write_text('#!/bin/sh\nfor last; do :; done\necho "$1 $2 $3" "${last##*/}" >>"$last"\n')
    program.chmod(0o755)
    return program


def test_it_is_called_as_conda_does(fake_codesign: Path) -> None:
    signed = sign(MACHO, "libx.dylib", {"PATH": str(fake_codesign.parent)})
    assert signed == MACHO + b"--force --sign - libx.dylib\n"


def test_without_codesign_it_is_told(tmp_path: Path, fake_codesign: Path) -> None:
    assert sign(MACHO, "x", {"PATH": str(tmp_path / "nowhere")}) is None
    fake_codesign.write_text("#!/bin/sh\nexit 1\n")
    assert sign(MACHO, "x", {"PATH": str(fake_codesign.parent)}) is None
