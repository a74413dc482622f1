"""The checks of .condarc and pip.conf."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, write
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip reads other places there")

CONDARCS = [
    ("# mine\nchannels:\n- a\nssl_verify: no\nenvs_dirs: [/x,\n  /y]\n", 2),
    ("\ufeffchannels:\r\n  # c\r\n  - a\r\n", 1),
    ("---\n'channels': [a]\nauto_activate: no", 1),
    ("{channels: [a], ssl_verify: no}\n", 0),
]


@pytest.mark.parametrize(("text", "lines"), CONDARCS, ids=range(len(CONDARCS)))
def test_a_condarc(tmp_path: Path, text: str, lines: int) -> None:
    """The settings are named, with the lines that begin them."""
    machine = fake_computer(tmp_path)
    path = write(machine.home / ".condarc", text)
    (found,) = examine(machine, ["condarc"]).findings
    assert (found.where, found.severity, found.fixable) == (str(path), "warning", False)
    assert "it sets channels" in found.what
    assert "ssl_verify" not in found.what
    assert len(found.evidence) == lines


def test_a_condarc_without_such_settings_is_not_reported(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".condarc", "auto_activate_base: false\n")
    assert examine(machine, ["condarc"]).findings == ()


PIP_CONFS = [
    "[global]\n  target = /tmp/zz\n",
    "[install]\n--target = /a\n--no_deps: 1\n",
    "[global]\nindex-url = x\n  target = /a\n",
    "[global]\r  target = /a\rprefix = /b\r",
    "[global] ; mine\nTARGET:/a\n; prefix = /b\n",
    "[global]\n# target = /a\nretries=2\n",
]


def list_of_pip(path: Path) -> dict[str, str]:
    """What `pip config list` shows with that file."""
    clean = {"PIP_CONFIG_FILE": str(path), "HOME": str(path.parent), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "pip", "config", "list"],
        env=clean, cwd=path.parent, capture_output=True, check=True,
    )  # fmt: skip
    pairs = (line.partition("=")[::2] for line in done.stdout.decode().splitlines())
    return {
        name: " ".join(str(ast.literal_eval(value)).split())
        for name, value in pairs
        if not name.startswith(":env:")
    }


@pytest.mark.parametrize("text", PIP_CONFS, ids=range(len(PIP_CONFS)))
def test_a_pip_conf_as_pip_reads_it(tmp_path: Path, text: str) -> None:
    machine = fake_computer(tmp_path)
    path = write(machine.home / ".config/pip/pip.conf", text)
    settings = list_of_pip(path)
    bad = {name for name in settings if name.rpartition(".")[2] in ("target", "prefix")}
    found = examine(machine, ["pip-conf"]).findings
    assert [f.severity for f in found] == ["error"] * bool(bad)
    assert all(" makes pip install to another place" in f.what for f in found)


BROKEN = [b"[global\nuser = no\n", b"[g]\na=1\na=2\n", b"[global]\nx = caf\xe9\n"]


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_a_pip_conf_that_pip_cannot_read(machine: Machine, data: bytes) -> None:
    path = write(machine.home / ".config/pip/pip.conf", data)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "list"], env=machine.env | {"PIP_CONFIG_FILE": str(path)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    (found,) = machine.json("doctor", "--only", "pip-conf")["findings"]
    assert (found["severity"], found["where"]) == ("warning", str(path))
    assert "pip fails" in found["what"]
