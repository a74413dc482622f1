"""First lines: as pip and conda write them, whether the place is long or short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.portability.rewriting.change import Change, Hints, Rewriting
from sealenv.portability.rewriting.shebang import longest_shebang
from sealenv.portability.rewriting.whole import rewrite

SHORT = "/envs/e"
LONG = "/" + "/".join(["long"] * 30)
SPACE = "/envs/my e"
REST = b"import sys\nprint('/nothing')\n"


def moved(
    content: bytes, old: str, new: str, platform: str = "linux-64", hints: Hints | None = None
) -> Rewriting:
    result = rewrite("bin/x", content, Change.between(old, new, platform), hints or Hints())
    assert isinstance(result, Rewriting)
    return result


def polyglot(program: str, options: str = "") -> bytes:
    return f"#!/bin/sh\n'''exec' {program}{options} \"$0\" \"$@\"\n' '''\n".encode()


@pytest.mark.parametrize(
    ("new", "line"),
    [
        ("/f", b"#!/f/bin/python3.11 -Es\n"),
        (LONG, polyglot(LONG + "/bin/python3.11", " -Es")),
        (SPACE, polyglot(f'"{SPACE}/bin/python3.11"', " -Es")),
    ],
)
def test_python(new: str, line: bytes) -> None:
    before = b"#!/envs/e/bin/python3.11 -Es\n" + REST
    there = moved(before, SHORT, new).apply(before)
    assert there == line + REST
    assert moved(there, new, SHORT).apply(there) == before


def test_between_long_places() -> None:
    before = polyglot(LONG + "/bin/python") + REST
    other = LONG.replace("long", "LONG")
    there = moved(before, LONG, other).apply(before)
    assert there == polyglot(other + "/bin/python") + REST


def test_the_limit() -> None:
    for platform in ("linux-64", "osx-arm64"):
        limit = longest_shebang(platform)
        for length, begins in ((limit, b"#!/x"), (limit + 1, b"#!/bin/sh\n'''exec'")):
            new = "/" + "x" * (length - len("#!//bin/python"))
            before = b"#!/envs/e/bin/python\n"
            assert moved(before, SHORT, new, platform).apply(before).startswith(begins)


def test_what_is_no_python() -> None:
    before = b"#!/envs/e/bin/perl -w\nprint 1;\n"
    assert moved(before, SHORT, "/f").apply(before) == b"#!/f/bin/perl -w\nprint 1;\n"
    result = moved(before, SHORT, SPACE)
    assert result.lossy
    assert result.apply(before) == b"#!/usr/bin/env perl -w\nprint 1;\n"


def test_what_rattler_writes() -> None:
    """In a package's file it becomes one line again; in others it stays, so that there is a way back."""
    before = f"#!/bin/sh\n'''exec' \"{LONG}/bin/python\" \"$0\" \"$@\" #'''\n".encode() + REST
    there = moved(before, LONG, SHORT).apply(before)
    assert there == before.replace(LONG.encode(), SHORT.encode())
    assert moved(there, SHORT, LONG).apply(there) == before
    linked = Hints(linked=True)
    there = moved(before, LONG, SHORT, hints=linked).apply(before)
    assert there == b"#!/envs/e/bin/python\n" + REST
    assert moved(there, SHORT, LONG, hints=linked).apply(there) == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"#!C:\\e\\python.exe\r\n", b'#!"D:\\my e\\python.exe"\r\n'),
        (b"#!C:\\e\\pythonw.exe -E\r\n", b'#!"D:\\my e\\pythonw.exe" -E\r\n'),
        (b'#!"C:\\e\\python.exe"\n', b'#!"D:\\my e\\python.exe"\n'),
        (b"#!python.exe\n", b"#!python.exe\n"),
    ],
)
def test_on_windows(before: bytes, after: bytes) -> None:
    assert moved(before + REST, "C:\\e", "D:\\my e", "win-64").apply(before + REST) == after + REST
    if b'"' not in before:
        assert moved(after, "D:\\my e", "C:\\e", "win-64").apply(after) == before


@pytest.mark.skipif(os.name == "nt", reason="a kernel that knows no first lines")
@pytest.mark.parametrize("name", ["a place", "x" * 150])
def test_it_runs(tmp_path: Path, name: str) -> None:
    old, new = tmp_path / "e", tmp_path / name
    (new / "bin").mkdir(parents=True)
    (new / "bin" / "python").symlink_to(sys.executable)
    before = f"#!{old}/bin/python\nimport sys\nprint(sys.argv[1:])\n".encode()
    script = new / "bin" / "tool"
    script.write_bytes(moved(before, str(old), str(new)).apply(before))
    script.chmod(0o755)
    done = subprocess.run([script, "a b"], capture_output=True, text=True, check=True)
    assert done.stdout == "['a b']\n"
