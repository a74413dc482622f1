"""The checks of the registry, on a fake one (the real one: tests/windows/test_doctor.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.checks.journal import Journals
from sealenv.checks.windows import ENVIRONMENTS
from sealenv.commands.doctor import examine, plan_fix
from sealenv.errors import FilesystemError
from sealenv.system.registry import Key, Value
from tests.checks.computers import FakeRegistry, fake_computer, ids, write

PROCESSOR = Key("HKCU", r"Software\Microsoft\Command Processor")
USER, MACHINE = ENVIRONMENTS
EXPAND = 2  # REG_EXPAND_SZ
HOOK = r'"C:\c d\condabin\conda_hook.bat"'


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (HOOK, None),
        (f"{HOOK} & a & b", "a & b"),
        (f"a & if exist {HOOK} {HOOK}", "a"),
        (f'doskey ll=dir ^& echo "a&b" & {HOOK}', 'doskey ll=dir ^& echo "a&b"'),
    ],
)
def test_a_managed_hook_is_removed_from_autorun(
    tmp_path: Path, line: str, after: str | None
) -> None:
    registry = FakeRegistry()
    registry.put(PROCESSOR, "AutoRun", line)
    machine = fake_computer(tmp_path, system="win32", registry=registry)
    (change,) = plan_fix(machine, ["autorun"])[0].values
    assert change.after == after


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        *((line, "error") for line in ("activate x", r"@call C:\v\Scripts\activate.bat")),
        *((line, "error") for line in (f"a && {HOOK}", f"if exist {HOOK} {HOOK} & a")),
        *((line, "error") for line in (f"rem & {HOOK}", f"{HOOK} > nul", "activate x | more")),
        (r'"C:\tools\activate-license.bat" & set X=1', "warning"),
    ],
)
def test_other_commands_in_autorun_have_no_fix(tmp_path: Path, line: str, severity: str) -> None:
    registry = FakeRegistry()
    registry.put(Key("HKLM", PROCESSOR.path, 32), "AutoRun", line)
    machine = fake_computer(tmp_path, system="win32", registry=registry)
    found = ids(machine, "autorun")["autorun"]
    assert (found.severity, found.fixable) == (severity, False)


def test_path_with_quotes_and_folders_without_a_python(tmp_path: Path) -> None:
    """A `;` in quotes does not separate entries. Other entries stay as they are."""
    registry = FakeRegistry()
    before = (
        r'C:\projects\envs\tools\bin;"C:\a;b\miniconda3\Scripts";;%UserProfile%\bin;C:\PYTHON311'
        r";%APPS%\envs\one;C:\gone\miniconda3"
    )
    registry.put(USER, "Path", before, EXPAND)
    for place in ("C/a;b/miniconda3/Scripts/conda.exe", "C/PYTHON311/python.exe"):
        write(tmp_path / "root" / place, "")
    write(tmp_path / "root/D/apps/envs/one/python.exe", "")
    write(tmp_path / "root/C/projects/envs/tools/bin/tool.exe", "")
    machine = fake_computer(tmp_path, system="win32", registry=registry, Apps=r"D:\apps")
    (value,) = plan_fix(machine, ["registry-path"])[0].values
    kept = r"C:\projects\envs\tools\bin;;%UserProfile%\bin;C:\gone\miniconda3"
    assert (value.kind, value.after) == (EXPAND, kept)
    registry.put(USER, "Path", r'C:\PYTHON311;"C:\a', EXPAND)
    assert not ids(machine, "registry-path")["registry-path"].fixable


def test_a_key_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.secret.add(MACHINE)
    registry.put(USER, "PYTHONHOME", "C:\\\ud800\udcff")
    machine = fake_computer(tmp_path, system="win32", registry=registry)
    found = examine(machine, ["registry-variable", "long-paths"]).findings
    assert [(f.id, f.severity) for f in found] == [
        ("registry-variable", "error"),
        ("registry-variable", "warning"),
        ("long-paths", "note"),
    ]
    assert "cannot be read" in found[1].what
    assert r"\ud800\udcff" in found[0].what


def test_a_write_that_is_refused_reverts_the_others(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(USER, "PYTHONHOME", r"C:\x")
    registry.put(MACHINE, "PYTHONPATH", r"C:\y")
    machine = fake_computer(tmp_path, system="win32", registry=registry)
    fix, _ = plan_fix(machine, ["registry-variable"])
    registry.guarded.add("HKLM")
    kept = Journals(registry, tmp_path / "doctor")
    with pytest.raises(FilesystemError):
        kept.apply(fix)
    assert registry.value(USER, "PYTHONHOME") == Value(1, r"C:\x")
    assert kept.names() == []
