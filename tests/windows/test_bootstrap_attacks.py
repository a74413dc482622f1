"""What an attacker, an accident or another run does to bootstrap/Micromamba_bootstrap.bat."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv.bootstrap import render
from tests.windows.bootstrapping import Bare
from tests.windows.machine import Windows

COMMAND = "&mkdir INJECTED&rem "
ODD = f'x" {COMMAND}'


def finished(prefix: Path) -> None:
    """What another run of the script leaves."""
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "sealenv.bootstrap").write_text("sealenv-bootstrap 0\n")


def sealed(prefix: Path) -> None:
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "sealenv").write_text("{}")


def used(prefix: Path) -> None:
    prefix.mkdir()
    (prefix / "thesis.txt").write_text("precious")


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("other", [finished, sealed, used])
def test_the_target_is_looked_at_again_after_the_download(
    bare: Bare, monkeypatch: pytest.MonkeyPatch, other: Callable[[Path], None]
) -> None:
    prefix = bare.envs / "x"

    def meanwhile(path: str) -> None:
        if path.endswith(".exe"):
            other(prefix)

    monkeypatch.setattr(bare.releases, "take_fault", meanwhile)
    bare.make("x", code=7)
    seen = tree(prefix)
    shutil.rmtree(prefix)
    other(prefix)
    assert seen == tree(prefix)
    assert bare.calls() == []


def test_an_empty_marker(bare: Bare) -> None:
    """Left by a run that was stopped in its first instant, or by one that lost a race."""
    for name, other in (("sealed", sealed), ("finished", finished), ("used", used)):
        prefix = bare.envs / name
        other(prefix)
        before = tree(prefix)
        marker = prefix / "conda-meta" / "sealenv.pending"
        marker.parent.mkdir(exist_ok=True)
        marker.write_text("")
        assert "put into the target" in bare.make(name, code=7).stderr
        # A finished environment is not left half made; what is in use is not emptied.
        assert marker.exists() == (name == "used")
        assert before.items() <= tree(prefix).items()
    assert bare.calls() == []
    marker = bare.envs / "stopped" / "conda-meta" / "sealenv.pending"
    marker.parent.mkdir(parents=True)
    marker.write_text("")
    bare.make("stopped", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert marker.read_text().startswith("sealenv-bootstrap")


@pytest.mark.parametrize("mark", ["&", "|", "<", ">"])
def test_an_address_is_no_command(bare: Bare, mark: str) -> None:
    url = f"http://127.0.0.1:9/a{mark}mkdir INJECTED&rem "
    before = bare.everything()
    text = bare.run("x", code=2, SEALENV_MICROMAMBA_URL=url).stderr
    assert "SEALENV_MICROMAMBA_URL" in text
    assert bare.everything() == before


@pytest.mark.parametrize("url", ["-Kconfig", "C:\\x", "ftp://h/x", "h/x"])
def test_what_is_no_address(bare: Bare, url: str) -> None:
    assert "is no address" in bare.run("x", code=2, SEALENV_MICROMAMBA_URL=url).stderr


@pytest.mark.parametrize(
    "args",
    [
        ("--sha256", f"a;{COMMAND}".ljust(64, "a")),
        ("--sha256", f";{COMMAND}".ljust(64, "a")),
        ("--micromamba", f"2;{COMMAND}"),
        ("3;&mkdir X", "3;&mkdir X"),
        ("x", f"3;{COMMAND}"),
        ("--packages", "x\\"),
        ("--channel", "C:\\x\\"),
        ("--post", "*.bat"),
    ],
)
def test_an_argument_is_no_command(bare: Bare, args: tuple[str, str]) -> None:
    before = bare.everything()
    bare.run(*args, "--channel", bare.url, code=2)
    assert bare.everything() == before


@pytest.mark.parametrize("name", ["CD", "ERRORLEVEL", "RANDOM", "SystemRoot", "PY_ENVS", "TEMP"])
def test_a_variable_is_no_command(bare: Bare, windows: Windows, name: str) -> None:
    """A quote ends a text: these are looked at before they are expanded, or not used."""
    sets = "".join(f'set "{key}={text}"\r\n' for key, text in bare.env.items() if key != name)
    sets += f"set {name}={ODD.replace('&', '^&').replace(chr(34), '^' + chr(34))}\r\n"
    done = windows.cmd(
        f'{sets}call "{windows.path(bare.script)}" x --dry-run >out.txt 2>&1', cwd=bare.root
    )
    assert (done.returncode == 0) == (name in {"CD", "ERRORLEVEL", "RANDOM"}), done
    found = [path.name for path in bare.root.rglob("*") if path.name == "INJECTED"]
    assert found == [], (bare.root / "out.txt").read_text(errors="replace")


@pytest.mark.parametrize("again", ["--remove", "--clean"])
def test_the_name_of_a_folder_is_not_expanded(bare: Bare, again: str) -> None:
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    precious = bare.envs / "precious"
    used(precious)
    for name in ("%NAME%", "a!b", "c^d", "e & f"):
        (bare.envs / "x" / name / "sub").mkdir(parents=True)
    bare.make("x", again, code=None, NAME="..\\precious", FAKE_MICROMAMBA_FAIL="3")
    assert (precious / "thesis.txt").exists()
    left = {path.name for path in (bare.envs / "x").glob("*")}
    assert left == (set() if again == "--remove" else {"conda-meta"})


def test_what_follows_empty_arguments_counts(bare: Bare) -> None:
    assert "Dry run" in bare.run(*[""] * 9, "--dry-run").stdout
    assert 'envs\\py"' in bare.run("", "", "--dry-run").stdout
    assert 'envs\\py_3_12"' in bare.run("", "3.12", "--dry-run").stdout
    assert "more than two" in bare.run(*[""] * 9, "x", "--dry-run", code=2).stderr


def test_a_kept_digest_that_is_none(bare: Bare, fake_micromamba_exe: bytes) -> None:
    bare.exe.parent.mkdir()
    bare.exe.write_bytes(fake_micromamba_exe)
    kept = bare.exe.with_name(bare.exe.name + ".sha256")
    kept.write_text("")
    done = bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert "trusted on first use" in done.stdout
    assert kept.read_text().split() == [hashlib.sha256(fake_micromamba_exe).hexdigest()]
    os.utime(kept, (10**9, 10**9))
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert kept.stat().st_mtime == 10**9  # a cache that may only be read will do
    assert len(list(bare.exe.parent.iterdir())) == 2


def test_the_package_cache_comes_before_the_mark(bare: Bare, windows: Windows) -> None:
    (bare.root / "file").write_text("")
    pkgs = windows.path(bare.root / "file") + "\\pkgs"
    assert "package cache" in bare.make("x", code=9, CONDA_PKGS_DIRS=pkgs).stderr
    assert list(bare.envs.iterdir()) == []


def test_a_temp_that_is_not_there(bare: Bare, windows: Windows) -> None:
    before = bare.everything()
    temp = windows.path(bare.root / "no" / "such")
    assert "TEMP is no folder" in bare.run("x", "--dry-run", code=9, TEMP=temp).stderr
    assert bare.everything() == before


def test_a_marker_of_another_program_is_not_removed(bare: Bare) -> None:
    meta = bare.envs / "begun" / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "sealenv.pending").write_text("0123456789abcdef\n{}\n")
    assert "sealenv remove" in bare.run("begun", "--remove", code=7).stderr
    assert (meta / "sealenv.pending").exists()
    (meta / "sealenv").write_text("{}")
    bare.run("begun", "--remove")
    assert list(bare.envs.iterdir()) == []


def test_https_stays_https() -> None:
    """Of the text alone: there is no server here whose certificate curl would take."""
    for name in ("Micromamba_bootstrap.bat", "get_sed.bat"):
        lines = render(name).decode().splitlines()
        calls = [line for line in lines if line.startswith('"%SB_CURL%"')]
        assert calls
        assert all("%SB_REDIR%" in line for line in calls)
        assert any("--proto-redir =https" in line for line in lines)


@pytest.mark.windows_itself("Wine has no forfiles.exe")
def test_what_killed_runs_left_in_the_cache(bare: Bare) -> None:
    bare.exe.parent.mkdir()
    old, new = (bare.exe.with_name(f"{bare.exe.name}.{i}.part") for i in (1, 2))
    for path in (old, new):
        path.write_text("half")
    past = time.time() - 3 * 24 * 3600
    os.utime(old, (past, past))
    bare.make("x", code=6, FAKE_MICROMAMBA_FAIL="3")
    assert not old.exists()
    assert new.exists()


@pytest.mark.slow
def test_a_sed_in_the_cache_has_to_be_vouched_for(bare: Bare, windows: Windows) -> None:
    sed = bare.temp / "sed" / "sed.exe"
    sed.parent.mkdir()
    shutil.copy(windows.tool("sed.exe"), sed)
    assert "Patching with   the environment's python" in bare.make("plain").stdout
    digest = hashlib.sha256(sed.read_bytes()).hexdigest()
    sed.with_name("sed.exe.sha256").write_text(f"{digest}\n")
    assert f'Patching with   "{windows.path(sed)}"' in bare.make("vouched").stdout
    sed.with_name("sed.exe.sha256").write_text("f" * 64)
    assert "Patching with   the environment's python" in bare.make("changed").stdout
    scripts = [(bare.envs / name / "condabin" / "mamba.bat") for name in ("plain", "vouched")]
    assert scripts[0].read_bytes() == scripts[1].read_bytes()
