"""The checks of .condarc and pip.conf."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip reads other places there")


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[global]\n  target = /tmp/zz\n", "global.target"),
        ("[install]\n--prefix = /a\n--no_deps: 1\n", "install.prefix"),
        ("[install]\nindex-url = x\nINSTALL_LIB:/a\n; prefix = /b\n", "install.INSTALL_LIB"),
        ("[global]\n# target = /a\nretries=2\nuser = no\n", None),
    ],
)
def test_a_pip_conf(tmp_path: Path, text: str, name: str | None) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".config/pip/pip.conf", text)
    found = examine(machine, ["pip-conf"]).findings
    assert [(f.severity, f.fix) for f in found] == (
        [("error", f"pip config --user unset {name}")] if name else []
    )
