"""The rules for Windows, and how seal and `verify` treat patched files."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.prefix.patches import patch_bytes, patch_prefix
from tests.channel import Channels
from tests.machine import Machine

PREFIX = Path("/home/me/my env")
EXE = rb'@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"'
ROOT = b'@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_ROOT_PREFIX=%%~fI"'


@pytest.mark.parametrize("value", ["C:/a b/e", "", "x%y%"])
def test_mamba_bat(value: str) -> None:
    file = "condabin/mamba.bat"
    text = value.encode()
    before = (
        b'@SET "MAMBA_EXE=' + text + b'"\n@REM x\r\n@SET "MAMBA_ROOT_PREFIX=' + text + b'"\nend'
    )
    after = patch_bytes(file, before, PREFIX)
    assert after == EXE + b"\r\n@REM x\r\n" + ROOT + b"\r\nend"
    assert patch_bytes(file, after, PREFIX) == after


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"#!/home/me/my env/python.exe", b"#!python.exe"),
        (b"#!\\home\\me\\My Env\\python.exe -E", b"#!python.exe -E"),
        (b'#!"/home/me/my env/pythonw.exe"', b"#!pythonw.exe"),
        (b'#! "/home/me/my env\\python.exe" -s', b"#!python.exe -s"),
        (b"#!/home/me/other/python.exe", None),
        (b"#!python.exe", None),
    ],
)
def test_the_script_of_a_launcher(line: bytes, expected: bytes | None) -> None:
    rest = b"\nimport sys\n#!/home/me/my env/python.exe\n"
    found = patch_bytes("Scripts/x-script.py", line + rest, PREFIX)
    assert found == (line if expected is None else expected) + rest
    assert patch_bytes("Scripts/x-script.py", found, PREFIX) == found


def test_conda_hook_ps1() -> None:
    before = (
        '$Env:CONDA_EXE = "C:/e/Scripts/conda.exe"\n$Env:_CONDA_EXE = "C:\\e\\Scripts\\conda.exe"\n'
        '$Env:CONDA_PYTHON_EXE = "C:\\e\\python.exe"\n$Env:_CONDA_ROOT = "C:\\e"\n$Env:_CE_M = $null\n'
        'Import-Module "$Env:_CONDA_ROOT\\shell\\condabin\\Conda.psm1"\n'
    )
    after = patch_bytes("shell/condabin/conda-hook.ps1", before.encode(), PREFIX).decode()
    assert after == (
        '$Env:CONDA_EXE = "$PSScriptRoot\\..\\..\\Scripts\\conda.exe"\n'
        '$Env:_CONDA_EXE = "$PSScriptRoot\\..\\..\\Scripts\\conda.exe"\n'
        '$Env:CONDA_PYTHON_EXE = "$PSScriptRoot\\..\\..\\python.exe"\n'
        '$Env:_CONDA_ROOT = "$PSScriptRoot\\..\\.."\n$Env:_CE_M = $null\n'
        'Import-Module "$Env:_CONDA_ROOT\\shell\\condabin\\Conda.psm1"\n'
    )
    assert patch_bytes("shell/condabin/conda-hook.ps1", after.encode(), PREFIX) == after.encode()


@pytest.mark.skipif(os.name == "nt", reason="a link needs a right of its own there")
def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    prefix, outside = tmp_path / "e", tmp_path / "outside"
    outside.mkdir()
    prefix.mkdir()
    (outside / "mamba.bat").write_bytes(b'@SET "MAMBA_EXE=x"\n')
    (prefix / "condabin").symlink_to(outside)
    assert patch_prefix(prefix, "win-64") == []
    (prefix / "condabin").unlink()
    (prefix / "condabin").mkdir()
    (prefix / "condabin/mamba.bat").symlink_to(outside / "mamba.bat")
    assert patch_prefix(prefix, "win-64") == []
    assert (outside / "mamba.bat").read_bytes() == b'@SET "MAMBA_EXE=x"\n'


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> tuple[Machine, Path]:
    machine = Machine(tmp_path_factory.mktemp("patch"))
    if "win-64" not in {p.name for p in (channels.root / "main").iterdir()}:
        pytest.skip("no packages for Windows")
    url = (channels.root / "main").as_uri()
    answer = machine.json("create", "my env", "3.12", "-c", url, "--platform", "win-64")
    return machine, Path(answer["prefix"])


def test_create_patches_and_the_seal_says_so(created: tuple[Machine, Path]) -> None:
    machine, prefix = created
    seal = machine.json("info", str(prefix))["seal"]
    paths = {note["path"]: note for note in seal["patched"]}
    assert set(paths) == {
        *("condabin/mamba.bat", "condabin/mamba_hook.bat", "Scripts/conda-script.py"),
        "shell/condabin/conda-hook.ps1",
    }
    for path, note in paths.items():
        content = (prefix / path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == note["after"] != note["before"]
        assert os.fsencode(prefix) not in content
    record = json.loads(next((prefix / "conda-meta").glob("mamba-*.json")).read_text())
    promised = {p["_path"]: p for p in record["paths_data"]["paths"]}["condabin/mamba.bat"]
    assert promised["sha256_in_prefix"] == paths["condabin/mamba.bat"]["before"]


def kinds(prefix: Path) -> list[tuple[str, str]]:
    return [(f.kind, f.path) for f in verify(prefix).findings]


def test_verify_knows_a_patched_file_and_one_that_mamba_wrote_anew(
    created: tuple[Machine, Path],
) -> None:
    _, prefix = created
    assert kinds(prefix) == []
    file = prefix / "condabin/mamba.bat"
    patched = file.read_bytes()
    try:
        # As mamba does: other bytes than the package's, and the path in them.
        file.write_bytes(patched.replace(ROOT, b'@SET "MAMBA_ROOT_PREFIX=C:\\e"'))
        assert kinds(prefix) == [("unpatched", "condabin/mamba.bat")]
        file.write_bytes(patched + b"@REM mine\r\n")
        assert kinds(prefix) == [("altered", "condabin/mamba.bat")]
    finally:
        file.write_bytes(patched)
    assert kinds(prefix) == []
