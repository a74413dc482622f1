"""The fixes of .condarc and pip.conf, which change only the settings that the finding names."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.commands.doctor import examine, plan_fix
from tests.checks.computers import fake_computer, write
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip reads other places there")

CONDARCS = [
    # text, the fixed text (None: no fix)
    (
        "# mine\nchannels:\n- a\n- b\n\n# why\nssl_verify: /ca.pem\nenvs_dirs: [/x,\n  /y]\n",
        "# mine\n# channels:\n# - a\n# - b\n\n# why\nssl_verify: /ca.pem\n# envs_dirs: [/x,\n#   /y]\n",
    ),
    ("\ufeffchannels:\r\n  # c\r\n  - a\r\n", "\ufeff# channels:\r\n  # c\r\n#   - a\r\n"),
    ("---\n'channels': [a]\nauto_activate: no", "---\n# 'channels': [a]\nauto_activate: no"),
    ("{channels: [a], ssl_verify: no}\n", None),
    ("channels: &c [a]\nx: *c\n", None),
]


@pytest.mark.parametrize(("text", "after"), CONDARCS, ids=range(len(CONDARCS)))
def test_a_condarc_keeps_its_other_settings(tmp_path: Path, text: str, after: str | None) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".condarc", text)
    plan = plan_fix(machine, ["condarc"])
    assert [edit.after.decode() for edit in plan.files] == ([after] if after else [])
    assert len(plan.left) == (after is None)


def test_a_condarc_without_such_settings_is_not_reported(tmp_path: Path) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".condarc", "auto_activate_base: false\n")
    assert examine(machine, ["condarc"]).findings == ()


PIP_CONFS = [
    # text, whether it has a fix
    ("[global]\n  target = /tmp/zz\n", True),
    ("[install]\n--target = /a\n--no_deps: 1\n", True),
    ("[global]\nindex-url = x\n  target = /a\n", False),
    ("[global]\n    target = /a\n  no-input = 1\nretries=2\n", True),
    ("[global]\r  target = /a\rprefix = /b\r", False),
    ("[global] ; mine\nTARGET:/a\n; prefix = /b\n", True),
    ("[global]\ntarget =\n  # one\n  /a\n; two\n  /b\n", True),
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


@pytest.mark.parametrize(("text", "fixable"), PIP_CONFS, ids=range(len(PIP_CONFS)))
def test_a_pip_conf_as_pip_reads_it(tmp_path: Path, text: str, fixable: bool) -> None:
    """A target or a prefix is found. The fix keeps the other settings."""
    machine = fake_computer(tmp_path)
    path = write(machine.home / ".config/pip/pip.conf", text)
    before = list_of_pip(path)
    bad = {name for name in before if name.rpartition(".")[2] in ("target", "prefix")}
    found = examine(machine, ["pip-conf"]).findings
    assert [f.severity for f in found] == ["error"] * bool(bad)
    plan = plan_fix(machine, ["pip-conf"])
    assert bool(plan.files) == fixable
    for edit in plan.files:
        path.write_bytes(edit.after)
        assert list_of_pip(path) == {name: v for name, v in before.items() if name not in bad}


BROKEN = [b"[global\nuser = no\n", b"[g]\na=1\na=2\n", b"[global]\nx = caf\xe9\n"]


@pytest.mark.parametrize("data", BROKEN, ids=range(len(BROKEN)))
def test_a_pip_conf_that_pip_cannot_read(machine: Machine, data: bytes) -> None:
    path = write(machine.home / ".config/pip/pip.conf", data)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "list"], env=machine.env | {"PIP_CONFIG_FILE": str(path)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    (found,) = machine.json("doctor", "--only", "pip-conf", code=1)["findings"]
    assert (found["severity"], found["where"]) == ("error", str(path))
    assert "pip fails" in found["what"]


def test_a_fix_of_pip_conf_is_undone_byte_for_byte(machine: Machine) -> None:
    path = machine.home / ".config/pip/pip.conf"
    text = "[global]\r\nindex-url = https://x/\r\n[install]\r\ntarget =\r\n  /a\r\nuser=no\r\n"
    write(path, text)
    machine.run("doctor", "--fix", "pip-conf", "-y")
    assert path.read_bytes().decode() == text.replace("target", "# target").replace(
        "  /a", "#   /a"
    )
    machine.run("doctor", "--undo", "-y")
    assert path.read_bytes().decode() == text
