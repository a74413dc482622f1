"""What pip's configurations say: read as the pip reads them that runs these tests."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.checkup.finding import Severity
from sealenv.commands.doctor import examine, plan_fix
from tests.checkup.computers import computer, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip there reads other places")

TEXTS = [
    "[global]\ntarget = /a\n",
    "[global]\n  target = /tmp/zz\n",
    " [global]\ntarget = /a\n",
    "[install]\n--target = /a\n--no_deps: 1\n",
    "[global]\n    target = /a\n  no-input = 1\nretries=2\n",
    "[global]\nindex-url = x\n  target = /a\n",
    "[global]\nindex-url = x\n\n  # why\n  target = /a\n",
    "[global]\n  index-url = x\n  target = /a\n",
    "[global]\na = 1\n  [install]\ntarget = /a\n",
    "[global]\n  [install]\n target = /a\n",
    "[global]\r  target = /a\rprefix = /b\r",
    "[global]\r\n\ttarget = /a\r\n",
    "[global]\n\u00a0target = /a\n",
    "[global]\ntarget = /a\n\u3000/b\n",
    "[global] ; mine\nTARGET:/a\n; prefix = /b\n",
    "[a]b]\ntarget = /a = b : c\n",
    "[global]\ntarget =\n  # one\n  /a\n; two\n  /b\n",
]


def list_of_pip(path: Path) -> dict[str, str]:
    """What `pip config list` shows with that file, in the same form."""
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


@pytest.fixture(scope="module")
def without_a_file(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the machine's own configurations say."""
    return list_of_pip(write(tmp_path_factory.mktemp("none") / "pip.conf", ""))


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_what_pip_reads_is_found_and_fixed(
    tmp_path: Path, without_a_file: dict[str, str], text: str
) -> None:
    """As pip reads the file: before the fix a target or a prefix, afterwards the other settings."""
    machine = computer(tmp_path)
    path = write(machine.home / ".config/pip/pip.conf", text)
    before = list_of_pip(path)
    bad = {name for name in before if name.rpartition(".")[2] in ("target", "prefix")}
    found = [f for f in examine(machine, ["pip-conf"]).findings if f.severity is Severity.ERROR]
    assert len(found) == bool(bad)
    plan = plan_fix(machine, ["pip-conf"])
    for edit in plan.files:
        path.write_bytes(edit.after)
        assert list_of_pip(path) == {name: v for name, v in before.items() if name not in bad}
    assert bool(plan.files) == bool(bad and "\r " not in text)
