"""Texts: each form stays that form, first lines are as pip writes them, and there is a way back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from sealenv.relocation.rewrite import Change, longest_shebang
from tests.relocation.places import rewritten

OLD, NEW = "/envs/e", "/mnt/data/my envs/é"
LINUX = Change.between(OLD, NEW, "linux-64")
C, D = "C:\\envs\\e", "D:\\my envs\\é"
WINDOWS = Change.between(C, D, "win-64")


def after(text: str, change: Change = LINUX, path: str = "share/x.txt") -> str:
    return rewritten(path, text.encode(), change).decode()


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("prefix=/envs/e", "prefix=/mnt/data/my envs/é"),
        ("-I/envs/e/include -L/envs/e2", "-I/mnt/data/my envs/é/include -L/envs/e2"),
        ("a:/envs/e/bin:/envs/e", "a:/mnt/data/my envs/é/bin:/mnt/data/my envs/é"),
        (PurePosixPath("/envs/e/x").as_uri(), PurePosixPath("/mnt/data/my envs/é/x").as_uri()),
        ("nothing", "nothing"),
    ],
)
def test_forms_on_linux(before: str, wanted: str) -> None:
    assert after(before) == wanted
    assert after(wanted) == wanted


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("x=C:\\envs\\e\\bin", "x=D:\\my envs\\é\\bin"),
        ("x=c:\\ENVS\\e\\bin", "x=D:\\my envs\\é\\bin"),
        ("x=C:/envs/e/bin", "x=D:/my envs/é/bin"),
        (repr("C:\\envs\\e"), repr("D:\\my envs\\é")),
        (PureWindowsPath("C:/envs/e/x").as_uri(), PureWindowsPath("D:/my envs/é/x").as_uri()),
        (r"\\?\C:\envs\e", r"\\?\D:\my envs\é"),
    ],
)
def test_forms_on_windows(before: str, wanted: str) -> None:
    assert after(before, WINDOWS) == wanted
    assert after(wanted, WINDOWS) == wanted


@pytest.mark.parametrize("longer", ["env.bak", "env two", "env-2", "env (copy)", "env's"])
def test_one_path_is_the_beginning_of_the_other(longer: str) -> None:
    """There and back; and a second time changes nothing, as after a kill."""
    short, long = "/envs/env", f"/envs/{longer}"
    text = "x=OLD\nPATH=OLD/bin:/usr/bin\n'OLD/lib' (OLD)\n"
    there, here = (Change.between(*pair, "linux-64") for pair in ((short, long), (long, short)))
    moved = after(text.replace("OLD", short), there)
    assert moved == text.replace("OLD", long)
    assert after(moved, there) == moved
    again = after(moved, here)
    assert again == text.replace("OLD", short)
    assert after(again, here) == again


SHORT = "/envs/e"
LONG = "/" + "/".join(["long"] * 30)
SPACE = "/envs/my e"
REST = b"import sys\nprint('/nothing')\n"


def moved(content: bytes, old: str, new: str, platform: str = "linux-64") -> bytes:
    return rewritten("bin/x", content, Change.between(old, new, platform))


def two_lines(program: str, options: str = "") -> bytes:
    return f"#!/bin/sh\n'''exec' {program}{options} \"$0\" \"$@\"\n' '''\n".encode()


@pytest.mark.parametrize(
    ("new", "line"),
    [
        ("/f", b"#!/f/bin/python3.11 -Es\n"),
        (LONG, two_lines(LONG + "/bin/python3.11", " -Es")),
        (SPACE, two_lines(f'"{SPACE}/bin/python3.11"', " -Es")),
    ],
)
def test_the_first_line_of_python(new: str, line: bytes) -> None:
    before = b"#!/envs/e/bin/python3.11 -Es\n" + REST
    there = moved(before, SHORT, new)
    assert there == line + REST
    assert moved(there, new, SHORT) == before


def test_the_limit() -> None:
    for platform in ("linux-64", "osx-arm64"):
        limit = longest_shebang(platform)
        for length, begins in ((limit, b"#!/x"), (limit + 1, b"#!/bin/sh\n'''exec'")):
            new = "/" + "x" * (length - len("#!//bin/python"))
            assert moved(b"#!/envs/e/bin/python\n", SHORT, new, platform).startswith(begins)


def test_another_interpreter() -> None:
    before = b"#!/envs/e/bin/perl -w\nprint 1;\n"
    assert moved(before, SHORT, "/f") == b"#!/f/bin/perl -w\nprint 1;\n"
    assert moved(before, SHORT, SPACE) == b"#!/usr/bin/env perl -w\nprint 1;\n"


def test_what_rattler_writes() -> None:
    before = f"#!/bin/sh\n'''exec' \"{LONG}/bin/python\" \"$0\" \"$@\" #'''\n".encode() + REST
    there = moved(before, LONG, SHORT)
    assert there == before.replace(LONG.encode(), SHORT.encode())
    assert moved(there, SHORT, LONG) == before


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (b"#!C:\\e\\python.exe\r\n", b'#!"D:\\my e\\python.exe"\r\n'),
        (b"#!C:\\e\\pythonw.exe -E\r\n", b'#!"D:\\my e\\pythonw.exe" -E\r\n'),
        (b'#!"C:\\e\\python.exe"\n', b'#!"D:\\my e\\python.exe"\n'),
        (b"#!python.exe\n", b"#!python.exe\n"),
    ],
)
def test_on_windows(before: bytes, wanted: bytes) -> None:
    assert moved(before + REST, "C:\\e", "D:\\my e", "win-64") == wanted + REST
    if b'"' not in before:
        assert moved(wanted, "D:\\my e", "C:\\e", "win-64") == before


@pytest.mark.skipif(os.name == "nt", reason="a kernel that knows no first lines")
@pytest.mark.parametrize("name", ["a place", "x" * 150])
def test_it_runs(tmp_path: Path, name: str) -> None:
    old, new = tmp_path / "e", tmp_path / name
    (new / "bin").mkdir(parents=True)
    (new / "bin" / "python").symlink_to(sys.executable)
    before = f"#!{old}/bin/python\nimport sys\nprint(sys.argv[1:])\n".encode()
    script = new / "bin" / "tool"
    script.write_bytes(moved(before, str(old), str(new)))
    script.chmod(0o755)
    done = subprocess.run([script, "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b']\n"
