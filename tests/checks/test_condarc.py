"""The check of .condarc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="conda reads other places there")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# mine\nchannels:\n- a\nssl_verify: no\nenvs_dirs: [/x,\n  /y]\n", 2),
        ("\ufeffchannels:\r\n  # c\r\n  - a\r\n", 1),
        ("---\n'channels': [a]\nauto_activate: no", 1),
        ("auto_activate_base: false\n", 0),
    ],
)
def test_a_condarc(tmp_path: Path, text: str, lines: int) -> None:
    """The settings are named, with the lines that begin them."""
    machine = fake_computer(tmp_path)
    path = write(machine.home / ".condarc", text)
    for found in examine(machine, ["condarc"]).findings:
        assert (found.where, found.severity, found.fixable) == (str(path), "warning", False)
        assert "it sets channels" in found.what
        assert "ssl_verify" not in found.what
        assert found.fix.startswith(f"conda config --file {path} --remove-key channels")
        assert len(found.evidence) == lines
    assert len(examine(machine, ["condarc"]).findings) == (lines > 0)
