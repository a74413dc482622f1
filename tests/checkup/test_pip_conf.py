"""What pip's configurations say: read as the pip reads them that runs these tests."""

from __future__ import annotations

import ast
import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sealenv.checkup.ini import ini_settings, option_name
from sealenv.commands.doctor import examine, plan_fix
from tests.checkup.computers import computer, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pip there reads other places")

TEXTS = [
    "[global]\ntarget = /a\n",
    "[global]\n  target = /tmp/zz\n",
    " [global]\ntarget = /a\n",
    "[install]\n--target = /a\n--no_deps: 1\n",
    "[install]\n----target = /a\n",
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


def read(text: str) -> dict[str, str]:
    """Section.option -> value, its lines joined with a space."""
    return {f"{s.section}.{s.name}": " ".join(s.value.split()) for s in ini_settings(text)}


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
def test_settings_are_those_of_pip(
    tmp_path: Path, without_a_file: dict[str, str], text: str
) -> None:
    found = read(text)
    assert found
    assert {**without_a_file, **found} == list_of_pip(write(tmp_path / "pip.conf", text))


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "  ", "\t", "\u00a0"]),
        st.sampled_from(
            ["[a]", "[b] x", "t = /x", "--u_v: y", "w", "# c", "; d", "", "[", "=1", "x = [c]"]
        ),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    ),
    max_size=9,
)


@settings(max_examples=300, deadline=None)
@given(parts=LINES)
@example(parts=[("", "[a]", "\n"), (" ", "t = /x", "\n")])
def test_settings_are_those_of_configparser(parts: list[tuple[str, str, str]]) -> None:
    """What it refuses is a finding of its own; pip's names are compared with pip above."""
    text = "".join(map("".join, parts))
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = option_name  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text.replace("\r\n", "\n").replace("\r", "\n"))
    except configparser.Error:
        list(ini_settings(text))
        return
    real = {
        f"{section}.{name}": " ".join(value.split())
        for section in parser.sections()
        for name, value in parser.items(section)
    }
    assert read(text) == real


@pytest.mark.parametrize("text", TEXTS[:5], ids=range(5))
def test_each_form_is_found_and_fixed(tmp_path: Path, text: str) -> None:
    machine = computer(tmp_path)
    write(machine.home / ".config/pip/pip.conf", text)
    found = [f for f in examine(machine, ["pip-conf"]).findings if f.fixable]
    assert len(found) == 1
    (edit,) = plan_fix(machine, ["pip-conf"]).files
    assert edit.after is not None
    assert not {name for name in read(edit.after.decode()) if name.endswith(".target")}
