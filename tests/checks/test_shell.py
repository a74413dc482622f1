"""The checks of start-up files: lines, and managed blocks."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from sealenv.checks.profiles import find_blocks
from sealenv.commands.doctor import examine
from tests.checks.computers import fake_computer, ids, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows/test_doctor.py")

LINES = [
    # line, checks that report it
    ("conda activate work", ["profile-activate"]),
    (". ~/venv/bin/activate && echo ok", ["profile-activate"]),
    ("& C:\\v\\Scripts\\Activate.ps1", ["profile-activate"]),
    ("echo 'conda activate no' # conda activate no", []),
    ('eval "$(conda shell.bash hook)"', ["conda-hook"]),
    ("(& conda.exe 'shell.powershell' 'hook') | Out-String | Invoke-Expression", ["conda-hook"]),
    ("export PYTHONPATH=/x", ["profile-variable"]),
    ("set -gx PYTHONPATH /x", ["profile-variable"]),
    ("$env:PYTHONPATH = 'C:\\x'", ["profile-variable"]),
    ("SETUVAR --export PYTHONPATH:/x", ["profile-variable"]),
    ("SETUVAR PYTHONPATH:/x", []),
    ("PYTHONPATH=/x python foo", []),
    ("export CONDA_PKGS_DIRS=/x PYTHONNOUSERSITE=1 PYTHONPATH=", []),
    ("export PATH=$HOME/miniconda3/bin:$PATH", ["profile-path"]),
    ('eval "$(pyenv init -)"', ["version-manager"]),
    ("export PYTHONPATH=/x; conda activate a", ["profile-variable", "profile-activate"]),
]  # fmt: skip


@pytest.mark.parametrize(("line", "checks"), LINES, ids=[line for line, _ in LINES])
def test_a_line(tmp_path: Path, line: str, checks: list[str]) -> None:
    machine = fake_computer(tmp_path)
    write(machine.home / ".bashrc", f"{line}\n")
    assert sorted(ids(machine)) == sorted(checks)


BLOCK = "# >>> {0} initialize >>>\nx\n# <<< {0} initialize <<<\n"


def blocks(text: str) -> list[tuple[str, str, bool, bool, bool]]:
    return [(b.tool, text[b.start : b.end], b.whole, b.active, b.nested) for b in find_blocks(text)]


def test_blocks_of_each_tool() -> None:
    conda, mamba = BLOCK.format("conda"), BLOCK.format("mamba")
    assert blocks(f"a\n{conda}b\n{mamba}") == [
        ("conda", conda, True, True, False),
        ("mamba", mamba, True, True, False),
    ]
    region = "#region conda initialize\r\nx\r\n#endregion\r\n"
    assert blocks(f"\ufeff{region}") == [("conda", region, True, True, False)]
    comments = BLOCK.format("conda").replace("x", "# x")
    assert blocks(comments) == [("conda", comments, True, False, False)]


def test_a_block_without_an_end_takes_nothing_with_it() -> None:
    """Neither the lines of the user, nor those up to the end of another block."""
    begin = "# >>> conda initialize >>>\n"
    whole = BLOCK.format("conda")
    assert blocks(f"{begin}mine\n{whole}") == [
        ("conda", begin, False, True, False),
        ("conda", whole, True, True, False),
    ]
    assert blocks(f"{begin}mine") == [("conda", begin, False, True, False)]
    other = "# <<< mamba initialize <<<\n"
    assert blocks(f"{begin}mine\n{other}") == [("conda", begin, False, True, False)]


@pytest.mark.parametrize("before", ["if true; then\n", "load() {\n"])
def test_a_block_inside_of_a_command(before: str) -> None:
    ((*_, nested),) = blocks(before + BLOCK.format("conda"))
    assert nested
    ((*_, nested),) = blocks("  " + BLOCK.format("conda"))
    assert nested
    ((*_, nested),) = blocks(f"{before}x\nfi\n" + BLOCK.format("conda"))
    assert not nested


def test_a_line_is_shown_with_its_number(tmp_path: Path) -> None:
    """In UTF-16 with CRLF, as PowerShell 5 writes it. No fix changes such a line."""
    machine = fake_computer(tmp_path)
    text = "# mine\r\n$env:PYTHONPATH = '/x'\r\n\r\n  conda activate a\r\n"
    path = write(
        machine.home / ".config/powershell/profile.ps1", b"\xff\xfe" + text.encode("utf-16-le")
    )
    variable, activate = (ids(machine)[name] for name in ("profile-variable", "profile-activate"))
    assert (variable.where, variable.severity) == (f"{path}:2", "error")
    assert variable.evidence == ["$env:PYTHONPATH = '/x'"]
    assert (activate.where, activate.severity) == (f"{path}:4", "warning")
    assert not variable.fixable
    assert not activate.fixable


def test_path(tmp_path: Path) -> None:
    venv.create(tmp_path / "real venv", with_pip=False)
    machine = fake_computer(tmp_path, PATH=f"/usr/bin:{tmp_path}/real venv/bin")
    assert ids(machine)["shell"].where == f"PATH={tmp_path}/real venv/bin"


def test_the_environment_that_sealenv_runs_from(tmp_path: Path) -> None:
    """`run` and `shell` leave it out; activation scripts do not know it, and refuse."""
    programs = f"{sys.prefix}/bin"
    machine = fake_computer(tmp_path, VIRTUAL_ENV=sys.prefix, PATH=f"{programs}:/usr/bin")
    report = examine(machine, ["shell"])
    assert not report.shell.findings
    assert [(f.severity, f.where) for f in report.findings] == [
        ("warning", f"VIRTUAL_ENV={sys.prefix}"),
        ("warning", f"PATH={programs}"),
    ]
    assert all("activation scripts refuse" in f.why for f in report.findings)
