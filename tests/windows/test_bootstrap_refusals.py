"""bootstrap/Micromamba_bootstrap.bat refuses dirty shells, wrong texts and bytes, folders of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.gates.rules import RULES
from tests.windows.bootstrapping import Bare
from tests.windows.machine import Windows
from tests.windows.provision import compile_exe


def refused(bare: Bare, line: str, code: int = 2, **extra: str) -> str:
    """Run a line that is refused: with a message, and nothing is written."""
    before = bare.everything()
    done = bare.line(line, code=code, **extra)
    assert "[ERROR]" in done.stderr, done.stderr
    assert bare.everything() == before
    assert bare.calls() == []
    return done.stderr


def test_the_gate(bare: Bare, windows: Windows) -> None:
    dirt = {rule.name: "C:\\v & w!" for rule in RULES}
    text = refused(bare, "call BOOT x 3.12", 3, **dirt)
    assert [name for name, value in dirt.items() if f"{name}={value}" in text] == list(dirt)
    (bare.root / "env" / "conda-meta").mkdir(parents=True)
    (bare.root / "venv" / "Scripts").mkdir(parents=True)
    (bare.root / "venv" / "pyvenv.cfg").touch()
    for folder in ("env", "venv/Scripts"):
        place = windows.path(bare.root / folder)
        line = f'set "PATH={place};%PATH%"\r\ncall BOOT x --dry-run'
        assert f'PATH: "{place}"' in refused(bare, line, 3)


@pytest.mark.parametrize(
    "line",
    [
        'call BOOT "a&echo INJECTED"',
        'call BOOT "%%%%PATH%%%%"',
        'call BOOT "..\\x"',
        "call BOOT a 3.12 b",
        "call BOOT --frobnicate",
        "call BOOT a --post nowhere.bat",
    ],
)
def test_arguments(bare: Bare, line: str) -> None:
    assert "\nINJECTED" not in refused(bare, line)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MICROMAMBA_SHA256", "a;&mkdir INJECTED&rem "),
        ("MICROMAMBA_URL", "https://user:password@h/a%20b"),
        ("PACKAGES", "a&mkdir INJECTED"),
        ("CHANNEL", 'a"b'),
        ("ENV_PREFIX", "\\\\server\\share\\x"),
        ("PY_ENVS", "C:\\a|mkdir INJECTED"),
    ],
)
def test_variables(bare: Bare, name: str, value: str) -> None:
    text = refused(bare, "call BOOT x", 2, **{name: value})
    assert name in text or "not on a drive" in text
    assert "password" not in text


def test_help_and_dry_run_change_nothing(bare: Bare, windows: Windows) -> None:
    """Neither on the disk nor in the shell; what may be in a text is shown."""
    before = bare.everything()
    assert "KEEP_MICROMAMBA" in bare.run("--help").stdout
    assert 'envs\\py"' in bare.line("call BOOT --dry-run").stdout
    assert bare.everything() == before
    assert bare.releases.answers == []
    here = windows.path(bare.root)
    lines = [
        *("set >before.txt", "call BOOT x 3.12 --dry-run", "if errorlevel 1 exit /b 71"),
        *("set >after.txt", 'if not "%CD%"=="' + here + '" exit /b 72'),
        *("call BOOT a;b 3.12 2>nul", "if not errorlevel 2 exit /b 73"),
        *("set >failed.txt", "exit /b 0"),
    ]
    channel = "https://user:tok@host/x conda-forge"
    bare.env |= {"PACKAGES": "conda-forge::numpy>=1", "CHANNEL": channel}
    out = bare.line("\r\n".join(lines), CONDA_SHLVL="0", PIP_USER="no").stdout
    assert "mamba conda conda-forge::numpy>=1" in out
    assert channel in out
    shells = [(bare.root / f"{name}.txt").read_bytes() for name in ("before", "after", "failed")]
    assert len(set(shells)) == 1


def test_the_sha256_is_pinned_or_given(bare: Bare) -> None:
    pinned = bare.run("x", code=5, MICROMAMBA_SHA256="")
    assert "checksum mismatch" in pinned.stderr  # the stand-in is not micromamba 2.8.1-1
    assert list(bare.envs.iterdir()) == []
    assert list(bare.temp.iterdir()) == []
    other = {"MICROMAMBA_SHA256": "", "MICROMAMBA_VERSION": "9.9.9-0"}
    assert "needs MICROMAMBA_SHA256" in refused(bare, "call BOOT x", 2, **other)
    bare.exe.parent.mkdir()
    bare.exe.write_bytes(b"changed in the cache")
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert bare.exe.read_bytes() == bare.released.read_bytes()


def test_a_windows_that_lacks_a_file(bare: Bare, windows: Windows) -> None:
    """Without the runtime nothing is downloaded; without an answer of certutil.exe nothing is used."""
    if windows.prefix is None:
        pytest.skip("Windows' own files are not taken away")
    system = windows.prefix / "drive_c/windows/system32"
    silent = bare.root / "silent.c"
    silent.write_text("int wmain(void) { return 0; }\n")
    for name, code, said in (
        ("vcruntime140_1.dll", 6, "Visual C++ runtime is not installed"),
        ("certutil.exe", 5, "checksum mismatch"),
    ):
        (system / name).rename(system / "saved.file")
        try:
            if name == "certutil.exe":
                compile_exe(silent, system / name)
            assert said in bare.run("x", code=code).stderr
        finally:
            (system / "saved.file").replace(system / name)
        assert bool(bare.releases.answers) == (name == "certutil.exe")
    assert list(bare.envs.iterdir()) == []


# --- folders of others stay -----------------------------------------------------------------------


def test_targets_of_others_stay(bare: Bare) -> None:
    """A finished one, one that `sealenv create` left after kill -9, and no environments."""
    for path, text in (
        ("finished/conda-meta/sealenv.bootstrap", "sealenv-bootstrap 0\n"),
        ("begun/conda-meta/sealenv.pending", "0123456789abcdef\n{}\n"),
        ("used/thesis.txt", "precious"),
        ("file", ""),
    ):
        file = bare.envs / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        refused(bare, f"call BOOT {Path(path).parts[0]}", 7)


def test_names_of_folders_are_not_expanded(bare: Bare) -> None:
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    (bare.envs / "precious").mkdir()
    (bare.envs / "precious" / "thesis.txt").touch()
    for name in ("%NAME%", "a!b", "c^d", "e & f"):
        (bare.envs / "x" / name / "sub").mkdir(parents=True)
    bare.run("x", code=6, NAME="..\\precious", FAKE_MICROMAMBA_FAIL="3")
    assert (bare.envs / "precious" / "thesis.txt").exists()
    assert {path.name for path in (bare.envs / "x").glob("*")} == {"conda-meta"}


def test_places_that_cannot_be_written(bare: Bare, windows: Windows) -> None:
    (bare.root / "file").write_text("a file where a folder should be")
    file = windows.path(bare.root / "file")
    assert "package cache" in bare.run("x", code=9, CONDA_PKGS_DIRS=f"{file}\\pkgs").stderr
    assert list(bare.envs.iterdir()) == []
    assert "cannot write" in bare.run("x", code=9, PY_ENVS=file).stderr
    (bare.temp / "sealenv-77").mkdir()  # a run that started in the same second
    assert "temporary folder" in refused(bare, "call BOOT x", 9, RANDOM="7")
