"""What bootstrap/Micromamba_bootstrap.bat says: the values that it means, and no secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.bootstrap.scripts import write
from tests.windows.bootstrapping import DEFAULT, Bare
from tests.windows.machine import Windows


def test_credentials_are_not_shown(bare: Bare) -> None:
    url = "https://me:pass@w@h.example/conda/t/tok-en/main"
    local = "C:\\a@b\\main"
    done = bare.run("x", "--dry-run", "--channel", url, "--channel", local)
    assert '"https://h.example/conda/t/***/main"' in done.stdout
    assert f'"{local}"' in done.stdout
    secret = "http://me:pass@127.0.0.1:9/t/tok-en"
    shown = [done.stdout, done.stderr]
    for bad in ("&", "^"):
        wrong = bare.run("x", code=2, SEALENV_MICROMAMBA_URL=secret + bad)
        shown += [wrong.stdout, wrong.stderr]
    where = bare.releases.base.replace("//", "//me:pass@")
    (bare.releases.root / "latest").write_text("a page, and no redirection to a version")
    answer = bare.run("x", "--micromamba", "latest", code=2, SEALENV_MICROMAMBA_URL=where)
    shown += [answer.stdout, answer.stderr]
    for version in (DEFAULT, "latest"):
        failed = bare.run("x", "--micromamba", version, code=5, SEALENV_MICROMAMBA_URL=secret)
        assert '"http://127.0.0.1:9/t/***/' in failed.stderr
        shown += [failed.stdout, failed.stderr]
        for text in shown:
            assert "pass" not in text
            assert "tok-en" not in text


def test_messages_name_what_they_mean(bare: Bare) -> None:
    assert '"--frobnicate"' in bare.run("--frobnicate", code=2).stderr
    assert '"3.x"' in bare.run("ab", "3.x", code=2).stderr
    assert '"a#b"' in bare.run("a#b", code=2).stderr
    assert "too long" in bare.run("n" * 300, code=2).stderr
    assert "too long" in bare.run("--prefix", "C:\\" + "n" * 300, code=2).stderr
    assert "a^b" in bare.run("a^b", code=2).stderr
    done = bare.line("call BOOT --packages numpy,scipy --dry-run")
    assert 'WARN] "scipy" follows' in done.stdout
    done = bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="early")
    assert "exit code 0, and there is no python.exe" in done.stderr


@pytest.mark.parametrize("name", ["a&b%OS%c^d!e (f)", None])
def test_the_other_python_is_named(windows: Windows, tmp_path: Path, name: str | None) -> None:
    """The check alone, with a mamba.bat that puts another Python first; its folder has any name."""
    write(tmp_path)
    script = (tmp_path / "Micromamba_bootstrap.bat").read_bytes().decode("ascii")
    fail = script[script.index("\r\n:fail\r\n") :].split("exit /b %SB_RC%")[0]
    verify = script[script.index("\r\n:verify\r\n") :].split("\r\n:scrub_path")[0]
    condabin = tmp_path / "env" / "condabin"
    condabin.mkdir(parents=True)
    activate = "@exit /b 0\r\n"
    if name is not None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "python.exe").touch()
        folder = windows.path(tmp_path / name).replace("%", "%%")
        activate = f'@set "PATH={folder};%PATH%"\r\n'
    (condabin / "mamba.bat").write_bytes(activate.encode())
    check = tmp_path / "check.bat"
    lines = [
        "@echo off",
        f'set "SB_PREFIX={windows.path(tmp_path / "env")}"',
        'set "SB_HAS_MAMBA=1"',
        'set "SB_HAS_PYTHON=1"',
        "call :verify",
        "exit /b %ERRORLEVEL%",
        ":own_home",
        ":scrub_path",
        'set "PATH=%SystemRoot%\\System32"',
        "exit /b 0",
        f"{fail}exit /b %SB_RC%",
        verify,
    ]
    check.write_bytes("\r\n".join(lines).encode())
    done = windows.batch(check)
    said = done.stderr.splitlines()
    if name is None:
        assert said[0].strip() == "there is no python.exe in PATH"
    else:
        other = windows.path(tmp_path / name / "python.exe")
        assert said[0].strip() == f"the first python.exe in PATH: {other}"
    wanted = "[ERROR] the environment does not work: after the activation python is another one"
    assert said[1] == wanted
    assert done.returncode == 8
