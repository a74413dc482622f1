"""The checks of the registry, against a fake one (the real one: tests/windows/test_doctor.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealenv.checkup.checks.registry import ENVIRONMENTS
from sealenv.checkup.fixing import apply, undo
from sealenv.checkup.journal import Journals
from sealenv.checkup.registry import EXPAND, Key, Value
from sealenv.commands.doctor import examine, plan_fix
from sealenv.errors import ChangedSinceError, FilesystemError
from tests.checkup.computers import computer, ids, write
from tests.checkup.fake_registry import FakeRegistry

PROCESSOR = r"Software\Microsoft\Command Processor"
USER, MACHINE = ENVIRONMENTS


HOOK = r'"C:\c d\condabin\conda_hook.bat"'


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (HOOK, None),
        (f"a & {HOOK}", "a"),
        (f"{HOOK} & a & b", "a & b"),
        (f"a & if exist {HOOK} {HOOK}", "a"),
        (r"doskey x=y & C:\m\condabin\mamba_hook.bat", "doskey x=y"),
        (f'doskey ll=dir ^& echo "a&b" & {HOOK}', 'doskey ll=dir ^& echo "a&b"'),
    ],
)
def test_a_managed_hook_is_taken_out(tmp_path: Path, line: str, after: str | None) -> None:
    registry = FakeRegistry()
    registry.put(Key("HKCU", PROCESSOR), "AutoRun", line)
    (change,) = plan_fix(computer(tmp_path, system="win32", registry=registry), ["autorun"]).values
    assert change.after == after


def test_a_command_that_only_looks_like_one_is_a_warning(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(Key("HKCU", PROCESSOR), "AutoRun", r'"C:\tools\activate-license.bat" & set X=1')
    found = ids(computer(tmp_path, system="win32", registry=registry), "autorun")["autorun"]
    assert (found.severity.value, found.fixable) == ("warning", False)


@pytest.mark.parametrize("view", [64, 32])
@pytest.mark.parametrize("hive", ["HKCU", "HKLM"])
def test_autorun_in_every_place(tmp_path: Path, hive: str, view: int) -> None:
    registry = FakeRegistry()
    key = Key(hive, PROCESSOR, view)
    registry.put(key, "AutoRun", r"C:\c\condabin\conda_hook.bat & doskey x=y")
    machine = computer(tmp_path, system="win32", registry=registry)
    if (hive, view) == ("HKCU", 32):  # HKCU\Software has no 32-bit view
        assert "autorun" not in ids(machine, "autorun")
        return
    found = ids(machine, "autorun")["autorun"]
    assert found.severity.value == "error"
    plan = plan_fix(machine, ["autorun"])
    kept = Journals(tmp_path / "doctor")
    with kept.locked():
        journal = apply(plan, kept, registry)
        assert registry.value(key, "AutoRun") == Value(1, "doskey x=y")
        undo(journal, kept, registry)
    assert registry.value(key, "AutoRun") == Value(1, r"C:\c\condabin\conda_hook.bat & doskey x=y")


@pytest.mark.parametrize(
    "line",
    [
        *("activate x", "conda activate x", r"@call C:\v\Scripts\activate.bat"),
        *("(activate x)", "activate x | more", "if exist (a) call activate"),
        *(f"a && {HOOK}", f"if exist {HOOK} {HOOK} & a", f"rem & {HOOK}", f"{HOOK} > nul"),
    ],
)
def test_what_is_not_managed_is_left(tmp_path: Path, line: str) -> None:
    registry = FakeRegistry()
    registry.put(Key("HKCU", PROCESSOR), "AutoRun", line)
    found = ids(computer(tmp_path, system="win32", registry=registry), "autorun")["autorun"]
    assert (found.severity.value, found.fixable) == ("error", False)


def test_path_with_quotes_and_folders_without_a_python(tmp_path: Path) -> None:
    """`envs` in a name is not an environment; a `;` in quotes separates nothing; the rest stays."""
    registry = FakeRegistry()
    before = (
        r'C:\projects\envs\tools\bin;"C:\a;b\miniconda3\Scripts";;%UserProfile%\bin;C:\PYTHON311'
    )
    before += r";%APPS%\envs\one;C:\gone\miniconda3"
    registry.put(USER, "Path", before, EXPAND)
    for place in ("C/a;b/miniconda3/Scripts/conda.exe", "C/PYTHON311/python.exe"):
        write(tmp_path / "root" / place, "")
    write(tmp_path / "root/D/apps/envs/one/python.exe", "")
    write(tmp_path / "root/C/projects/envs/tools/bin/tool.exe", "")
    machine = computer(tmp_path, system="win32", registry=registry, Apps=r"D:\apps")
    (value,) = plan_fix(machine, ["registry-path"]).values
    kept = r"C:\projects\envs\tools\bin;;%UserProfile%\bin;C:\gone\miniconda3"
    assert (value.kind, value.after) == (EXPAND, kept)
    registry.put(USER, "Path", r'C:\PYTHON311;"C:\a', EXPAND)
    assert not ids(machine, "registry-path")["registry-path"].fixable
    machine = computer(tmp_path, system="win32", PATH=r'"C:\a;b";x;C:\c')
    assert list(machine.path_entries()) == [r'"C:\a;b"', "x", r"C:\c"]


def test_the_machines_values_need_an_administrator(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(MACHINE, "Path", r"C:\Windows;C:\miniconda3", EXPAND)
    write(tmp_path / "root/C/miniconda3/python.exe", "")
    registry.guarded.add("HKLM")
    machine = computer(tmp_path, system="win32", registry=registry)
    found = ids(machine, "registry-path")["registry-path"]
    assert not found.fixable
    assert "administrator" in found.how


def test_what_is_refused_is_said_and_stops_nothing(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.secret |= {MACHINE, Key("HKLM", PROCESSOR)}
    registry.put(USER, "PYTHONHOME", r"C:\x")
    machine = computer(tmp_path, system="win32", registry=registry)
    report = examine(machine)
    said = {f.check for f in report.findings if "cannot be read" in f.what}
    assert {"autorun", "registry-path", "registry-variable"} <= said
    assert report.sick


def test_a_write_that_is_refused_puts_the_rest_back(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(USER, "PYTHONHOME", r"C:\x")
    registry.put(MACHINE, "PYTHONPATH", r"C:\y")
    machine = computer(tmp_path, system="win32", registry=registry)
    plan = plan_fix(machine, ["registry-variable"])
    registry.guarded.add("HKLM")
    kept = Journals(tmp_path / "doctor")
    with kept.locked(), pytest.raises(FilesystemError):
        apply(plan, kept, registry)
    assert registry.value(USER, "PYTHONHOME") == Value(1, r"C:\x")
    assert kept.names() == []


def test_a_value_that_changed_since(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(USER, "PYTHONHOME", "C:\\\ud800")
    machine = computer(tmp_path, system="win32", registry=registry)
    plan = plan_fix(machine, ["registry-variable"])
    kept = Journals(tmp_path / "doctor")
    with kept.locked():
        journal = apply(plan, kept, registry)
        registry.put(USER, "PYTHONHOME", "mine")
        with pytest.raises(ChangedSinceError):
            undo(journal, kept, registry)
        registry.write(USER, "PYTHONHOME", None)
        undo(journal, kept, registry)
    assert registry.value(USER, "PYTHONHOME") == Value(1, "C:\\\ud800")


def test_half_a_pair_of_utf16_is_no_json(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(USER, "PYTHONHOME", "C:\\\ud800\udcff")
    (found,) = examine(
        computer(tmp_path, system="win32", registry=registry), ["registry-variable"]
    ).findings
    assert "C:\\" + r"\ud800\udcff" in json.dumps(found.to_json()).replace("\\\\", "\\")


def test_registered_pythons_and_long_paths(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.put(Key("HKCU", r"Software\Python\PythonCore\3.12\InstallPath"), "", r"C:\py")
    found = ids(computer(tmp_path, system="win32", registry=registry))
    assert found["python-registered"].evidence == (r"C:\py",)
    assert "long-paths" in found
    registry.put(
        Key("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem"), "LongPathsEnabled", 1, 4
    )
    assert "long-paths" not in ids(computer(tmp_path, system="win32", registry=registry))
