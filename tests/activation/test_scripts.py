"""The files: what is written, how, and when it is old; and the variables they are made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sealenv.activation.scripts import activation_files, write_scripts
from sealenv.activation.variables import read_variables
from sealenv.errors import FilesystemError
from sealenv.gates.rules import RULES
from sealenv.layout import SHELLS

LINUX = "linux-64"


def test_the_files(fake_prefix: Path) -> None:
    files = activation_files(fake_prefix, platform=LINUX)
    expected = {f"activate.{s}" for s in SHELLS} | {f"etc/sealenv/env.{s}" for s in SHELLS}
    assert set(files) == expected | {"etc/sealenv/deactivate.csh", "etc/sealenv/scripts.nu"}
    for name, content in files.items():
        assert (fake_prefix / name).read_bytes() == content
        assert b"\r" not in content
        assert content.endswith(b"\n")
        assert b"__SEALENV" not in content
    hidden = [p.name for p in fake_prefix.rglob(".*")]
    assert hidden == [".condarc"]


def test_the_files_of_a_windows_prefix(fake_prefix: Path) -> None:
    files = activation_files(fake_prefix, platform="win-64")
    names = {
        "activate.bat",
        "activate.ps1",
        "deactivate.bat",
        *(f"etc/sealenv/env.{s}" for s in ("bat", "ps1")),
    }
    names |= {f"etc/sealenv/{name}" for name in ("prefix.txt", "scripts.bat", "leave.bat")}
    assert set(files) == names
    assert write_scripts(fake_prefix, platform="win-64").paths == sorted(files)
    for name in ("activate.bat", "activate.ps1"):
        for variable in RULES:
            assert variable.name.encode() in files[name]
            assert variable.what.encode() in files[name]


def test_nothing_is_written_through_a_link(fake_prefix: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    script = fake_prefix / "activate.sh"
    script.unlink()
    script.symlink_to(outside)
    write_scripts(fake_prefix, platform=LINUX)
    assert outside.read_text() == "mine"
    assert not script.is_symlink()
    folder = fake_prefix / "etc/sealenv"
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    with pytest.raises(FilesystemError):
        write_scripts(fake_prefix, platform=LINUX)
    assert list(elsewhere.iterdir()) == []


def test_broken_and_forbidden_variables(fake_prefix: Path) -> None:
    folder = fake_prefix / "etc/conda/env_vars.d"
    (folder / "0.json").write_text("{broken")
    (folder / "1.json").write_text("[1]")
    (folder / "2.json").write_bytes(b"\xff\xfe")
    (folder / "3.json").mkdir()
    (folder / "4.json").write_text("[" * 100_000)
    (folder / ".hidden.json").write_text('{"HIDDEN": "x"}')
    names = {"a-b": "x", "1A": "x", "A;id": "x", "": "x", "É": "x", "A\n": "x", "A B": "x"}
    reserved = {"PATH": "x", "IFS": "x", "PS1": "x", "_sealenv_kept": "x", "BASH_ENV": "x"}
    values = {"NUM": 1, "NUL": "a\0b", "LONE": "\ud800", "LIST": ["x"], "NONE": None}
    (folder / "c.json").write_text(json.dumps({**names, **reserved, **values, "GOOD": "yes"}))
    (fake_prefix / "conda-meta/state").write_text('{"env_vars": ["x"]}')
    found, problems = read_variables(fake_prefix)
    expected = {"FROM_PACKAGE", "BOTH", "GONE", "UPPER_FIRST", "HARD", "GOOD"}
    assert set(found) == expected
    assert len(problems) == 5 + len(names) + len(reserved) + len(values) + 1
    assert write_scripts(fake_prefix, platform=LINUX).problems == problems
