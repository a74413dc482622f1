r"""doctor on Windows: a real registry with AutoRun, PATH and variables; found, fixed, undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sealenv.checks import checks_for
from tests.windows.user import User

PROCESSOR = r"HKCU\Software\Microsoft\Command Processor"
HOOK = r'if exist "C:\mini conda3\condabin\conda_hook.bat" "C:\mini conda3\condabin\conda_hook.bat"'
PATH = r"C:\mine;C:\miniconda3\condabin;%USERPROFILE%\bin;C:\Python399\Scripts"


@pytest.fixture
def doctor(newcomer: User) -> Iterator[User]:
    """A user whose registry is cleaned afterwards, because the tests of a worker share it."""
    yield newcomer
    for key, name in ((PROCESSOR, "AutoRun"), (r"HKCU\Environment", "PATH")):
        newcomer.windows.cmd(f'reg delete "{key}" /v {name} /f')
    newcomer.windows.cmd(r"reg delete HKCU\Environment /v PYTHONPATH /f")
    newcomer.windows.cmd(r"rmdir /s /q C:\miniconda3 C:\Python399")


def put(user: User, key: str, name: str, text: str, kind: str = "REG_SZ") -> None:
    source = (
        "import sys, winreg; k = winreg.CreateKey(winreg.HKEY_CURRENT_USER, sys.argv[1]); "
        "winreg.SetValueEx(k, sys.argv[2], 0, getattr(winreg, sys.argv[4]), sys.argv[3])"
    )
    user.python(source, key.removeprefix("HKCU\\"), name, text, kind)


def get(user: User, key: str, name: str) -> list[Any]:
    source = (
        "import json, sys, winreg\n"
        "try:\n"
        "    k = winreg.OpenKey(winreg.HKEY_CURRENT_USER, sys.argv[1])\n"
        "    print(json.dumps(winreg.QueryValueEx(k, sys.argv[2])))\n"
        "except FileNotFoundError:\n"
        "    print('[]')\n"
    )
    found: list[Any] = json.loads(user.python(source, key.removeprefix("HKCU\\"), name).stdout)
    return found


def place(user: User, path: str, data: bytes) -> None:
    """Write a file in a folder of the user as Windows expands it, which differs under Wine."""
    source = (
        "import os, sys; path = os.path.expandvars(sys.argv[1]); "
        "os.makedirs(os.path.dirname(path), exist_ok=True); "
        "open(path, 'wb').write(bytes.fromhex(sys.argv[2]))"
    )
    user.python(source, path, data.hex())


def content(user: User, path: str) -> bytes:
    source = "import os, sys; print(open(os.path.expandvars(sys.argv[1]), 'rb').read().hex())"
    return bytes.fromhex(user.python(source, path).stdout.strip())


def take_away(user: User, path: str) -> None:
    user.python("import os, sys; os.unlink(os.path.expandvars(sys.argv[1]))", path)


def findings(user: User, check: str) -> list[dict[str, Any]]:
    return list(user.json("doctor", "--only", check, code=None)["findings"])


def test_autorun(doctor: User) -> None:
    put(doctor, PROCESSOR, "AutoRun", f'doskey ll=dir ^& echo "a & b" & {HOOK}')
    (found,) = findings(doctor, "autorun")
    assert (found["severity"], found["fixable"]) == ("error", True)
    assert found["where"].endswith(r"Command Processor AutoRun")
    shown = doctor.run("doctor", "--fix", "autorun", "-y").stdout
    assert "conda_hook.bat" in shown
    assert get(doctor, PROCESSOR, "AutoRun") == ['doskey ll=dir ^& echo "a & b"', 1]
    assert [f["severity"] for f in findings(doctor, "autorun")] == ["warning"]
    doctor.run("doctor", "--undo", "-y")
    assert get(doctor, PROCESSOR, "AutoRun") == [f'doskey ll=dir ^& echo "a & b" & {HOOK}', 1]


def test_path_and_variables(doctor: User) -> None:
    put(doctor, r"HKCU\Environment", "PATH", PATH, "REG_EXPAND_SZ")
    put(doctor, r"HKCU\Environment", "PYTHONPATH", r"C:\ü x")
    for program in (r"C:\miniconda3\condabin\conda.bat", r"C:\Python399\Scripts\pip.exe"):
        place(doctor, program, b"")
    (path,) = [f for f in findings(doctor, "registry-path") if "HKCU" in f["where"]]
    assert path["evidence"] == [r"C:\miniconda3\condabin", r"C:\Python399\Scripts"]
    (variable,) = findings(doctor, "registry-variable")
    assert variable["severity"] == "error"
    answer = doctor.json("doctor", "--fix", "registry-path", "--fix", "registry-variable", "-y")
    assert {value["name"] for value in answer["values"]} == {"PATH", "PYTHONPATH"}
    assert get(doctor, r"HKCU\Environment", "PATH") == [r"C:\mine;%USERPROFILE%\bin", 2]
    assert get(doctor, r"HKCU\Environment", "PYTHONPATH") == []
    put(doctor, r"HKCU\Environment", "PATH", r"C:\mine;C:\new", "REG_EXPAND_SZ")
    refused = doctor.json("doctor", "--undo", "-y", code=9)
    assert refused["error"] == "changed-since"
    assert get(doctor, r"HKCU\Environment", "PYTHONPATH") == []
    put(doctor, r"HKCU\Environment", "PATH", r"C:\mine;%USERPROFILE%\bin", "REG_EXPAND_SZ")
    doctor.run("doctor", "--undo", "-y")
    assert get(doctor, r"HKCU\Environment", "PATH") == [PATH, 2]
    assert get(doctor, r"HKCU\Environment", "PYTHONPATH") == [r"C:\ü x", 1]


def test_a_powershell_profile(doctor: User) -> None:
    """UTF-16 with CRLF, as PowerShell 5 writes it."""
    text = '\ufeff#region conda initialize\r\nIf (Test-Path "C:\\c\\conda.exe") {\r\n    '
    text += '(& "C:\\c\\conda.exe" "shell.powershell" "hook") | Out-String | ?{$_} | '
    text += 'Invoke-Expression\r\n}\r\n#endregion\r\n$env:PYTHONHOME = "C:\\ü"\r\n'
    before = text.encode("utf-16-le")
    profile = r"%USERPROFILE%\Documents\WindowsPowerShell\profile.ps1"
    place(doctor, profile, before)
    try:
        (line,) = findings(doctor, "profile-variable")
        assert (line["evidence"], line["fixable"]) == (['$env:PYTHONHOME = "C:\\ü"'], False)
        doctor.run("doctor", "--fix", "conda-init", "-y")
        after = content(doctor, profile).decode("utf-16")
        assert after == '$env:PYTHONHOME = "C:\\ü"\r\n'
        doctor.run("doctor", "--undo", "-y")
        assert content(doctor, profile) == before
    finally:
        take_away(doctor, profile)


def test_every_check_runs(doctor: User) -> None:
    report = doctor.json("doctor", code=None)
    assert report["checks"] == len(checks_for(windows=True))
    assert [f for f in report["findings"] if "cannot be read" in f["what"]] == []
