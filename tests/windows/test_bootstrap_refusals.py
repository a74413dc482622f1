"""bootstrap/Micromamba_bootstrap.bat refuses dirty shells, wrong texts and bytes, folders of others."""

from __future__ import annotations

import shutil
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
    bare.line("call BOOT x --dry-run", CONDA_SHLVL="0", PIP_USER="no")


@pytest.mark.parametrize(
    ("folder", "file", "other"),
    [
        ("env", "env/conda-meta/history", True),
        ("venv/Scripts", "venv/pyvenv.cfg", True),
        ("plain/tools", "plain/pyvenv.cfg", False),
    ],
)
def test_a_folder_on_path(
    bare: Bare, windows: Windows, folder: str, file: str, other: bool
) -> None:
    for path in (bare.root / folder, (bare.root / file).parent):
        path.mkdir(parents=True, exist_ok=True)
    (bare.root / file).write_text("")
    place = windows.path(bare.root / folder)
    line = f'set "PATH={place};%PATH%"\r\ncall BOOT x --dry-run'
    if other:
        assert f'PATH: "{place}"' in refused(bare, line, 3)
    else:
        bare.line(line)


@pytest.mark.parametrize(
    "line",
    [
        'call BOOT "a&echo INJECTED"',
        "call BOOT a^^^&echo^^^ INJECTED",
        'call BOOT "%%%%PATH%%%%"',
        'call BOOT "..\\x"',
        'call BOOT ";x"',
        'call BOOT ""',
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
        ("PY_ENVS", "C:\\a%b"),
        ("CONDA_PKGS_DIRS", '"C:\\a b"'),
        ("TEMP", "C:\\a^b"),
    ],
)
def test_variables(bare: Bare, name: str, value: str) -> None:
    text = refused(bare, "call BOOT x", 2, **{name: value})
    assert name in text or "not on a drive" in text
    assert "password" not in text


def test_ordinary_values(bare: Bare) -> None:
    """A channel with a login, a package of a channel; what may be in a text is shown."""
    out = bare.line(
        "call BOOT x --dry-run",
        PACKAGES="conda-forge::numpy>=1",
        CHANNEL="https://user:tok@host/x conda-forge",
    ).stdout
    assert "mamba conda conda-forge::numpy>=1" in out
    assert "https://user:tok@host/x conda-forge" in out
    assert 'there can be: "._-:/~+=@ "' in refused(bare, "call BOOT x", CHANNEL="a;b")


def test_nothing_leaks_into_the_shell(bare: Bare, windows: Windows) -> None:
    here = windows.path(bare.root)
    lines = [
        *("set >before.txt", "call BOOT x 3.12 --dry-run >nul", "if errorlevel 1 exit /b 71"),
        *("set >after.txt", 'if not "%CD%"=="' + here + '" exit /b 72'),
        *("call BOOT a;b 3.12 2>nul", "if not errorlevel 2 exit /b 73"),
        *("set >failed.txt", "exit /b 0"),
    ]
    bare.line("\r\n".join(lines))
    before = (bare.root / "before.txt").read_bytes()
    assert before == (bare.root / "after.txt").read_bytes()
    assert before == (bare.root / "failed.txt").read_bytes()


def test_help_and_dry_run_write_nothing(bare: Bare) -> None:
    before = bare.everything()
    assert "KEEP_MICROMAMBA" in bare.run("--help").stdout
    assert "nothing was written" in bare.run("my_env", "3.12", "--dry-run").stdout
    assert 'envs\\py"' in bare.line("call BOOT --dry-run").stdout
    assert bare.everything() == before
    assert bare.releases.answers == []


def test_wrong_bytes_are_refused(bare: Bare) -> None:
    bare.releases.fail("*.exe", flip=True)
    assert "[ERROR]" in bare.run("x", "3.12", code=5).stderr
    assert list(bare.envs.iterdir()) == []
    assert list(bare.temp.iterdir()) == []


def test_the_sha256_is_pinned_given_or_published(bare: Bare) -> None:
    pinned = bare.run("x", code=5, MICROMAMBA_SHA256="")
    assert "checksum mismatch" in pinned.stderr  # the stand-in is not micromamba 2.8.1-1
    assert not any(path.endswith(".sha256") for _, path, _ in bare.releases.answers)
    other = bare.released.parent.parent / "9.9.9-0"
    shutil.copytree(bare.released.parent, other)
    (other / "micromamba-win-64.sha256").write_text("")
    done = bare.run("x", code=5, MICROMAMBA_SHA256="", MICROMAMBA_VERSION="9.9.9-0")
    assert "No sha256 is pinned for micromamba 9.9.9-0" in done.stdout
    assert list(bare.envs.iterdir()) == []
    bare.exe.parent.mkdir()
    bare.exe.write_bytes(b"changed in the cache")
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert bare.exe.read_bytes() == bare.released.read_bytes()


def test_certutil_that_says_nothing(bare: Bare, windows: Windows) -> None:
    if windows.prefix is None:
        pytest.skip("Windows' own certutil.exe cannot be replaced")
    certutil = windows.prefix / "drive_c/windows/system32/certutil.exe"
    silent = bare.root / "silent.c"
    silent.write_text("int wmain(void) { return 0; }\n")
    saved = certutil.with_name("saved.exe")
    certutil.rename(saved)
    try:
        assert "checksum mismatch" in bare.run("x", "3.12", code=5).stderr
        compile_exe(silent, certutil)
        assert "checksum mismatch" in bare.run("x", "3.12", code=5).stderr
    finally:
        saved.replace(certutil)
    assert list(bare.envs.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "code", "said"),
    [
        ("vcruntime140_1.dll", 6, "Visual C++ runtime is not installed"),
        ("curl.exe", 9, "curl.exe was not found"),
    ],
)
def test_a_windows_that_lacks_a_file(
    bare: Bare, windows: Windows, file: str, code: int, said: str
) -> None:
    """The message names the file before anything is downloaded."""
    if windows.prefix is None:
        pytest.skip("Windows' own files are not taken away")
    path = windows.prefix / "drive_c/windows/system32" / file
    saved = path.with_name("saved.file")
    path.rename(saved)
    try:
        done = bare.run("x", code=code)
    finally:
        saved.replace(path)
    assert said in done.stderr
    assert file in done.stderr
    assert bare.releases.answers == []


def test_a_micromamba_that_lacks_a_dll(bare: Bare) -> None:
    done = bare.run("x", code=6, FAKE_MICROMAMBA_FAIL=str(0xC0000135))
    assert "a DLL is missing" in done.stderr


# --- folders of others stay -----------------------------------------------------------------------


def finished(prefix: Path) -> None:
    """What another run of the script leaves."""
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "sealenv.bootstrap").write_text("sealenv-bootstrap 0\n")


def sealed(prefix: Path) -> None:
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "sealenv").write_text("{}")


def begun(prefix: Path) -> None:
    """What `sealenv create` leaves after kill -9."""
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "sealenv.pending").write_text("0123456789abcdef\n{}\n")


def used(prefix: Path) -> None:
    prefix.mkdir()
    (prefix / "thesis.txt").write_text("precious")


def test_targets_of_others_stay(bare: Bare) -> None:
    for make in (finished, sealed, begun, used):
        make(bare.envs / make.__name__)
        refused(bare, f"call BOOT {make.__name__}", 7)
    (bare.envs / "file").write_text("")
    refused(bare, "call BOOT file", 7)
    for name in ("file", "begun", "used", "missing"):
        refused(bare, f"call BOOT {name} --remove", 7)
    (bare.envs / "sealed" / "conda-meta" / "frozen").write_text("{}")
    refused(bare, "call BOOT sealed --remove", 7)


def test_the_target_is_checked_again_after_the_download(
    bare: Bare, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = bare.envs / "x"

    def meanwhile(path: str) -> None:
        if path.endswith(".exe"):
            used(prefix)

    monkeypatch.setattr(bare.releases, "take_fault", meanwhile)
    bare.run("x", code=7)
    assert [path.name for path in prefix.rglob("*")] == ["thesis.txt"]
    assert bare.calls() == []


def test_names_of_folders_are_not_expanded(bare: Bare) -> None:
    bare.run("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    used(bare.envs / "precious")
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
    missing = windows.path(bare.root / "no" / "such")
    assert "temporary folder" in refused(bare, "call BOOT x", 9, TEMP=missing)


def test_a_temporary_folder_of_another_run_is_left_alone(bare: Bare) -> None:
    """Two runs that start in one second draw the same numbers."""
    (bare.temp / "sealenv-77").mkdir()
    assert "temporary folder" in refused(bare, "call BOOT x", 9, RANDOM="7")
