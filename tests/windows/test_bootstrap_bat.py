"""bootstrap/Micromamba_bootstrap.bat makes environments: cmd.exe, the real curl.exe, a real server."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.windows.bootstrapping import Bare
from tests.windows.machine import Windows

pytestmark = pytest.mark.slow


def test_makes_an_environment_and_leaves_no_trace(bare: Bare, windows: Windows) -> None:
    done = bare.run("my_env", "3.12")
    prefix = bare.envs / "my_env_3_12"
    (call,) = bare.calls()
    words = call["argv"]
    assert words[0] == "install"
    assert {"--no-rc", "--override-channels", "--no-shortcuts", "--yes"} <= set(words)
    assert "--no-env" not in words  # it would make micromamba pass CONDA_PKGS_DIRS by
    assert [words[i + 1] for i, word in enumerate(words) if word == "-c"] == [bare.url]
    assert words[-3:] == ["python=3.12", "mamba", "conda"]
    temp = windows.path(bare.temp)
    for name in ("USERPROFILE", "HOME", "APPDATA"):
        assert call["environ"][name].startswith(temp)
    assert words[words.index("--root-prefix") + 1].startswith(temp)
    assert call["environ"]["CONDA_PKGS_DIRS"] == windows.path(bare.pkgs)
    assert list(bare.home.iterdir()) == []
    assert [path.name for path in bare.temp.iterdir()] == ["micromamba"]
    assert [path.name for path in bare.exe.parent.iterdir()] == [bare.exe.name]
    meta = {path.name for path in (prefix / "conda-meta").iterdir()}
    assert "sealenv.pending" not in meta
    assert {"history", "sealenv.bootstrap"} <= meta
    for name in ("mamba.bat", "mamba_hook.bat"):
        text = (prefix / "condabin" / name).read_bytes()
        assert b'@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_EXE=' in text
    if windows.wine:
        # Its cmd.exe cannot make junctions: the script has to say so and go on.
        assert "a package cache of its own" in done.stdout
    else:
        assert (prefix / "pkgs").resolve() == bare.pkgs.resolve()

    script = f'call "{windows.path(prefix)}\\condabin\\mamba.bat" activate\r\nwhere python'
    found = windows.cmd(script).stdout.splitlines()
    assert windows.path(prefix / "python.exe").lower() in [found[0].lower(), found[-1].lower()]
    for program in ("python.exe", "Scripts/conda.exe", "Library/bin/mamba.exe"):
        assert windows.run([prefix / program, "--version"]).returncode == 0

    before = bare.everything()
    assert "this exists already" in bare.run("my_env", "3.12", code=7).stderr
    assert bare.everything() == before
    assert len(bare.calls()) == 1


def test_settings_are_variables_and_places_are_odd(bare: Bare, windows: Windows) -> None:
    """Every setting; places with a space, letters beyond ASCII and characters of cmd.exe."""
    place = bare.root / "J\u00fcrgen (x) O'Neil"
    temp = bare.root / "J\u00fcrgen t"
    for folder in (place, temp):
        folder.mkdir()
    post = bare.scripts / "build.bat"
    post.write_bytes(
        b"@echo off\r\n"
        b'call "%~dp0..\\condabin\\mamba.bat" activate || exit /b 1\r\n'
        b"where python >seen.txt\r\n"
        b"exit 0\r\n"
    )
    for name in ("__home__", "__shortcut__", "__AppData__"):
        (bare.scripts / name / "in").mkdir(parents=True)
        (bare.scripts / name / "in" / "note.txt").write_text(name)
    bare.run(
        *("--post", windows.path(post), "x", "3.12"),
        ENV_PREFIX=windows.path(place / "env"),
        TEMP=windows.path(temp),
        CACHE=windows.path(bare.root / "cache"),
        CONDA_PKGS_DIRS="",
        PACKAGES=" pip  wheel>=0.1 six ",
        CHANNEL=f"{bare.url} ",
        KEEP_MICROMAMBA="1",
    )
    prefix = place / "env"
    (call,) = bare.calls()
    assert "" not in call["argv"]
    assert call["argv"][-6:] == ["python=3.12", "mamba", "conda", "pip", "wheel>=0.1", "six"]
    assert call["environ"]["CONDA_PKGS_DIRS"].endswith("cache\\Python\\pkgs")
    assert (prefix / "Scripts" / "micromamba.exe").is_file()
    for name in ("__home__", "__shortcut__", "__AppData__"):
        assert (prefix / name / "in" / "note.txt").read_text() == name
    assert b"env\\python.exe" in (prefix / "__home__" / "seen.txt").read_bytes()
    assert list(temp.iterdir()) == []


def test_unfinished_is_marked_and_replaced(bare: Bare) -> None:
    prefix = bare.envs / "my_env_3_12"
    prefix.mkdir()  # an empty folder is a valid target
    done = bare.run("my_env", "3.12", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert "exit code 3" in done.stderr
    marker = prefix / "conda-meta" / "sealenv.pending"
    assert marker.read_text().startswith("sealenv-bootstrap")
    (prefix / "half").write_text("")
    (prefix / "Lib").mkdir(exist_ok=True)
    (prefix / "__home__").mkdir()
    (prefix / "__home__" / "mine.bat").write_text("mine")
    again = bare.run("my_env", "3.12")
    assert "It will be replaced" in again.stdout
    assert not marker.exists()
    assert not (prefix / "half").exists()
    assert (prefix / "__home__" / "mine.bat").exists()


def test_the_drive_of_the_script(bare: Bare, windows: Windows) -> None:
    """CACHE and dev\\Anaconda\\envs on it, as in the original; mamba resolves a mapped drive."""
    root = bare.root / "drive"
    envs = root / "dev" / "Anaconda" / "envs"
    envs.mkdir(parents=True)
    (root / "CACHE").mkdir()
    shutil.copytree(bare.scripts, root / "s")
    if windows.prefix is not None:
        drive, link = "q:", windows.prefix / "dosdevices" / "q:"
        link.symlink_to(root)
    else:
        drive = "Q:"
        assert windows.cmd(f'subst Q: "{root}"').returncode == 0
    try:
        done = bare.line(
            f'call "{drive}\\s\\Micromamba_bootstrap.bat" x 3.12',
            PY_ENVS="",
            CONDA_PKGS_DIRS="",
            FAKE_RESOLVED_PREFIX=windows.path(envs / "x_3_12"),
        )
    finally:
        if windows.prefix is not None:
            link.unlink()
        else:
            windows.cmd("subst Q: /d")
    assert f'"{drive}\\CACHE\\Python\\pkgs"' in done.stdout
    assert (envs / "x_3_12" / "conda-meta" / "sealenv.bootstrap").exists()
    assert {path.name for path in (root / "CACHE").iterdir()} == {"Python", "micromamba"}


@pytest.mark.windows_itself("Wine's cmd.exe shares a file that it has open for writing")
def test_a_second_process(bare: Bare, windows: Windows) -> None:
    """While one run works on an environment, another one leaves it alone."""
    held = bare.root / "go on"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(
            bare.run, "x", code=6, FAKE_MICROMAMBA_WAIT=windows.path(held), FAKE_MICROMAMBA_FAIL="3"
        )
        while not bare.calls() and not first.done():
            time.sleep(0.05)
        try:
            assert "another process" in bare.run("x", code=7).stderr
        finally:
            held.touch()
        first.result()
    assert len(bare.calls()) == 1
