"""bootstrap/Micromamba_bootstrap.bat refuses dirty shells, hostile texts, bad bytes, strange folders."""

from __future__ import annotations

import string

import pytest

from sealenv.errors import UsageError
from sealenv.naming import check_name
from tests.windows.bootstrapping import DEFAULT, Bare
from tests.windows.machine import Windows
from tests.windows.provision import compile_exe

DIRT = {
    "CONDA_PREFIX": "C:\\p",
    "CONDA_SHLVL": "1",
    "VIRTUAL_ENV": "C:\\v & w",
    "PYTHONHOME": "C:\\h!",
    "PYTHONPATH": "C:\\x",
}


def refused(bare: Bare, line: str, code: int = 2, **extra: str) -> str:
    """Run a line that has to be refused: with a message, and nothing touched."""
    before = bare.everything()
    done = bare.line(line, code=code, **extra)
    assert "[ERROR]" in done.stderr, done.stderr
    assert bare.everything() == before
    assert bare.calls() == []
    return done.stderr


def test_the_gate_lists_all_that_is_dirty(bare: Bare) -> None:
    text = refused(bare, "call BOOT x 3.12", 3, **DIRT)
    assert [name for name, value in DIRT.items() if f"{name}={value}" in text] == list(DIRT)
    for name, value in DIRT.items():
        alone = refused(bare, "call BOOT x 3.12", 3, **{name: value})
        assert f"{name}={value}" in alone
        assert "--clean" in alone
    bare.line("call BOOT x 3.12 --dry-run", CONDA_SHLVL="0")
    bare.line("call BOOT x 3.12 --dry-run --clean", code=0, **DIRT)


@pytest.mark.parametrize(
    "line",
    [
        'call BOOT "a&echo INJECTED"',
        "call BOOT a^^^&echo^^^ INJECTED",
        'call BOOT "%%%%PATH%%%%"',
        'call BOOT "a!b"',
        'call BOOT "a^b"',
        f'call BOOT "{"n" * 300}"',
        'call BOOT "..\\x"',
        'call BOOT "C:evil"',
        'call BOOT "con"',
        'call BOOT "nul.txt"',
        'call BOOT "LPT1"',
        'call BOOT "dot."',
        'call BOOT "space "',
        'call BOOT " space"',
        'call BOOT "~x"',
        'call BOOT "base"',
        'call BOOT "a;b"',
        'call BOOT --prefix "C:evil"',
        'call BOOT --prefix "C:\\x\\con"',
        'call BOOT --prefix "C:\\"',
        'call BOOT --prefix "\\\\server\\share\\x"',
        'call BOOT --prefix "C:\\x."',
        'call BOOT --prefix "C:\\a^b"',
        'call BOOT --prefix "C:\\a!b"',
        'call BOOT --prefix "C:\\a;b"',
        'call BOOT --prefix "%SystemRoot%\\x"',
        'call BOOT --prefix "C:\\base"',
        'call BOOT --prefix "C:\\x" name 3.12',
        "call BOOT --prefix",
        'call BOOT --prefix "--clean"',
        "call BOOT a 3.12 b",
        "call BOOT a 3.x",
        "call BOOT a 3..12",
        "call BOOT a .12",
        'call BOOT a "3.12&calc"',
        "call BOOT --frobnicate",
        "call BOOT a --sha256 abc",
        "call BOOT a --micromamba -1",
        "call BOOT a --micromamba 2.6.0",
        "call BOOT a --micromamba 2.6.3-1",
        'call BOOT a --micromamba "2.8.1-1/../x"',
        'call BOOT a --packages "--root-prefix"',
        'call BOOT a --packages "x --root-prefix"',
        'call BOOT a --packages "a&b"',
        'call BOOT a --channel "x&y"',
        'call BOOT a --channel " "',
        "call BOOT a --post nowhere.bat",
    ],
)
def test_hostile_and_useless_arguments(bare: Bare, line: str) -> None:
    text = refused(bare, line)
    assert "\nINJECTED" not in text


@pytest.mark.windows_itself("Wine's cmd.exe does not echo REM: the script has nothing to look at")
def test_a_quote_in_an_argument(bare: Bare) -> None:
    """Windows' cmd.exe shows the script the argument before it is used."""
    done = bare.line('call BOOT x" & echo IN^JECTED"', code=None)
    assert done.returncode == 2
    assert "INJECTED" not in done.stdout


@pytest.mark.parametrize("name", ["PY_ENVS", "CONDA_PKGS_DIRS", "TEMP", "SEALENV_MICROMAMBA_URL"])
@pytest.mark.parametrize("value", ["C:\\a%b", "C:\\a!b", "C:\\a^b"])
def test_hostile_variables(bare: Bare, name: str, value: str) -> None:
    text = refused(bare, "call BOOT x 3.12", 2, **{name: value})
    assert name in text


def test_names_are_those_of_sealenv(bare: Bare) -> None:
    """Each ASCII character that stands in a name between quotes: refused or taken by both."""
    marks = [c for c in string.punctuation if c not in '"%']
    lines = [
        f'call BOOT "a{c}b" 3.12 --dry-run >nul 2>nul\r\necho {i} %ERRORLEVEL%'
        for i, c in enumerate(marks)
    ]
    done = bare.line("\r\n".join([*lines, "ver >nul"]))
    codes = dict(line.split()[:2] for line in done.stdout.splitlines() if line[:1].isdigit())
    for i, mark in enumerate(marks):
        try:
            check_name(f"a{mark}b")
            expected = "0"
        except UsageError:
            expected = "2"
        assert codes[str(i)] == expected, mark


def test_nothing_leaks_into_the_shell(bare: Bare, windows: Windows) -> None:
    here = windows.path(bare.root)
    lines = [
        *("set >before.txt", "call BOOT x 3.12 --dry-run >nul", "if errorlevel 1 exit /b 71"),
        *("set >after.txt", 'if not "%CD%"=="' + here + '" exit /b 72'),
        *("call BOOT a;b 3.12 --micromamba 2.6.0 2>nul", "if not errorlevel 2 exit /b 73"),
        *("set >failed.txt", "chcp >page.txt", "exit /b 0"),
    ]
    bare.line("\r\n".join(lines))
    before = (bare.root / "before.txt").read_bytes()
    assert before == (bare.root / "after.txt").read_bytes()
    assert before == (bare.root / "failed.txt").read_bytes()


def test_a_caller_with_delayed_expansion(bare: Bare, windows: Windows) -> None:
    line = f'cmd /d /v:on /c call "{windows.path(bare.script)}" x 3.12 --dry-run'
    assert "x_3_12" in bare.line(line).stdout
    inner = "setlocal EnableDelayedExpansion\r\ncall BOOT x 3.12 --dry-run"
    assert "x_3_12" in bare.line(inner).stdout


def test_help_and_dry_run_write_nothing(bare: Bare) -> None:
    before = bare.everything()
    assert "--keep-micromamba" in bare.run("--help").stdout
    assert "nothing was written" in bare.run("my_env", "3.12", "--dry-run").stdout
    assert 'envs\\py"' in bare.line("call BOOT --dry-run").stdout
    assert bare.everything() == before
    assert bare.releases.answers == []


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ({"status": 404}, "*.sha256"),
        ({"status": 404}, "*.exe"),
        ({"truncate": 1000}, "*.exe"),
        ({"flip": True}, "*.exe"),
        ({"truncate": 0, "honest": True}, "*.sha256"),
    ],
    ids=["no digest", "no executable", "truncated", "wrong digest", "empty digest"],
)
def test_bad_downloads(bare: Bare, fault: dict[str, int | bool], pattern: str) -> None:
    bare.releases.fail(pattern, **fault)
    done = bare.make("x", "3.12", code=5)
    assert "[ERROR]" in done.stderr
    assert list(bare.exe.parent.iterdir()) == []
    assert list(bare.envs.iterdir()) == []
    assert [path.name for path in bare.temp.iterdir()] == ["micromamba"]


def test_no_network(bare: Bare) -> None:
    done = bare.make("x", "3.12", code=5, SEALENV_MICROMAMBA_URL="http://127.0.0.1:9")
    assert "a download failed" in done.stderr
    assert list(bare.envs.iterdir()) == []


def test_pinned_and_kept_digests(bare: Bare, fake_micromamba_exe: bytes) -> None:
    done = bare.make("x", "3.12", "--sha256", "0" * 64, code=5)
    assert "said by --sha256" in done.stderr
    assert not any(path.endswith(".sha256") for _, path, _ in bare.releases.answers)
    bare.exe.write_bytes(fake_micromamba_exe + b"changed")
    kept = bare.exe.with_name(bare.exe.name + ".sha256")
    kept.write_bytes(b"f" * 64 + b"\r\n")
    done = bare.make("x", "3.12", code=5)
    assert "the digest that an earlier run kept" in done.stderr
    assert "not the one that was promised" in done.stderr
    assert bare.exe.exists()
    assert list(bare.envs.iterdir()) == []
    # A file that nobody vouches for is compared with what the release says.
    kept.unlink()
    assert "trusted on first use" in bare.make("x", "3.12", code=5).stderr


def test_latest(bare: Bare) -> None:
    (bare.releases.root / "tag").mkdir()
    for version in (DEFAULT, "2.6.0-1"):
        (bare.releases.root / "tag" / version).write_text("a page")
    bare.releases.fail("latest", redirect=f"/tag/{DEFAULT}")
    done = bare.make("x", "3.12", "--micromamba", "latest", "--sha256", "0" * 64, code=5)
    assert f'latest is       "{DEFAULT}"' in done.stdout
    assert "said by --sha256" in done.stderr
    bare.releases.heal()
    bare.releases.fail("latest", redirect="/tag/2.6.0-1")
    assert "known to be bad" in bare.make("x", "3.12", "--micromamba", "latest", code=2).stderr


def test_certutil_that_says_nothing(bare: Bare, windows: Windows) -> None:
    if windows.prefix is None:
        pytest.skip("Windows' own certutil.exe cannot be taken away")
    certutil = windows.prefix / "drive_c/windows/system32/certutil.exe"
    silent = bare.root / "silent.c"
    silent.write_text("int wmain(void) { return 0; }\n")
    saved = certutil.with_name("saved.exe")
    certutil.rename(saved)
    try:
        assert "no certutil.exe" in bare.make("x", "3.12", code=9).stderr
        compile_exe(silent, certutil)
        assert "gave no digest" in bare.make("x", "3.12", code=5).stderr
    finally:
        saved.replace(certutil)
    assert list(bare.exe.parent.iterdir()) == []
    assert list(bare.envs.iterdir()) == []


def test_a_curl_on_path_or_here_is_not_used(bare: Bare, windows: Windows) -> None:
    other = bare.root / "other"
    other.mkdir()
    for folder in (other, bare.root):
        for name in ("curl", "certutil"):
            (folder / f"{name}.bat").write_bytes(b"@echo HIJACKED& exit 99\r\n")
    line = f'set "PATH={windows.path(other)};%PATH%"\r\ncall BOOT x 3.12 --sha256 {"0" * 64}'
    done = bare.line(line, code=5)
    assert "HIJACKED" not in done.stdout
    assert "expected 000" in done.stderr


def test_targets_that_are_not_ours_stay(bare: Bare) -> None:
    full = bare.envs / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    for name, file in (
        ("existing", "history"),
        ("sealed", "sealenv"),
        ("begun", "sealenv.pending"),
    ):
        meta = bare.envs / name / "conda-meta"
        meta.mkdir(parents=True)
        (meta / file).write_text("0123456789abcdef\n{}\n")
    (bare.envs / "file").write_text("")
    python = bare.envs / "python"
    python.mkdir()
    (python / "python.exe").write_text("")
    for name in ("full", "existing", "sealed", "begun", "file", "python"):
        refused(bare, f"call BOOT {name}", 7)
    for name in ("full", "existing", "file", "python"):
        refused(bare, f"call BOOT {name} --remove", 7)
    (bare.envs / "sealed" / "conda-meta" / "frozen").write_text("{}")
    refused(bare, "call BOOT sealed --remove", 7)


def test_a_target_that_cannot_be_made(bare: Bare, windows: Windows) -> None:
    blocked = bare.root / "blocked"
    blocked.write_text("a file where a folder should be")
    done = bare.make("x", "3.12", code=9, PY_ENVS=windows.path(blocked))
    assert "cannot be made" in done.stderr
