"""The rules of `audit --fix` for POSIX, run by real shells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sealenv.prefix.patches import patch_bytes

PREFIX = Path("/opt/my envs/e")
CODE = b"import sys\nfrom tool.cli import app\n\nif __name__ == '__main__':\n    sys.exit(app.main())\n"
LONGS = [
    b"#!/bin/sh\n'''exec' \"/opt/my envs/e/bin/python3.12\"OPTIONS \"$0\" \"$@\"\n' '''\n",
    b"#!/bin/sh\n'''exec' \"/opt/my envs/e/bin/python3.12\"OPTIONS \"$0\" \"$@\" #'''\n",
    b"#!/bin/sh\n'''exec' '/opt/my envs/e/bin/python3.12'OPTIONS \"$0\" \"$@\"\n' '''\n",
]
"""As pip, rattler and uv write it."""


def made(content: bytes, path: str = "bin/tool", prefix: Path = PREFIX) -> bytes:
    after = patch_bytes(path, content, prefix, platform="linux-64")
    assert patch_bytes(path, after, prefix, platform="linux-64") == after
    return after


@pytest.mark.parametrize("options", [b"", b" -s", b" -I -X=utf8"])
def test_entry_points(options: bytes) -> None:
    short = b"#!/opt/my envs/e/bin/python3.12" + options + b"\n" + CODE
    after = made(short)
    assert b'exec "${s%/*}/python3.12"' + options + b' "$0" "$@"\n' in after
    assert after.endswith(b"\n' '''\n" + CODE)
    for long in LONGS:
        assert made(long.replace(b"OPTIONS", options) + CODE) == after


@pytest.mark.parametrize(
    "content",
    [
        b"#!/opt/my envs/e2/bin/python\n" + CODE,
        b"#!/usr/bin/env python\n" + CODE,
        b"#!/opt/my envs/e/bin/perl\n" + CODE,
        b"#!/opt/my envs/e/bin/python\nprint('a program of its own')\n",
        b"#!/opt/my envs/e/bin/python\n" + CODE + b"# " + b"x" * 9000,
    ],
)
def test_anything_else_is_left(content: bytes) -> None:
    assert made(content) == content


SHELLS = [shell for shell in ("dash", "bash", "zsh", "ksh", "busybox") if shutil.which(shell)]


def beside(folder: Path) -> Path:
    """An entry point with an interpreter beside it that says what it was given."""
    folder.mkdir(parents=True)
    interpreter = folder / "python"
    interpreter.write_text('#!/bin/sh\necho "$@"\n')
    interpreter.chmod(0o755)
    script = folder / "tool"
    script.write_bytes(made(b"#!/opt/my envs/e/bin/python -s\n" + CODE))
    script.chmod(0o755)
    compile(script.read_bytes(), "tool", "exec")
    return script


def test_a_script_starts_what_lies_beside_it(tmp_path: Path) -> None:
    script = beside(tmp_path / "a $(b) 'c' \"d\"" / "bin")
    links = tmp_path / "links"
    links.mkdir()
    (links / "tool").symlink_to(script)
    (links / "again").symlink_to("tool")
    for name in (script, links / "tool", links / "again"):
        done = subprocess.run([name, "a b", "$x"], capture_output=True, text=True, check=True)
        assert done.stdout == f"-s {name} a b $x\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_by_any_shell_and_name(tmp_path: Path, shell: str) -> None:
    script = beside(tmp_path / "e/bin")
    link = tmp_path / "tool"
    link.symlink_to(script)
    program = [shutil.which(shell) or "", *(["sh"] if shell == "busybox" else [])]
    for name, cwd in (
        (script, tmp_path), ("e/bin/tool", tmp_path), ("./tool", script.parent), ("tool", script.parent),
        ("tool", tmp_path), (link, tmp_path),
    ):  # fmt: skip
        done = subprocess.run(
            [*program, name, "x"], cwd=cwd, capture_output=True, text=True, check=True
        )
        assert done.stdout == f"-s {name} x\n"
